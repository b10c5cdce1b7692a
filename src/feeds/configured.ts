import { type FeedConfig, type FeedGroup, feedGroups } from '../core/model/feeds.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import { aemo } from './aemo.ts';
import type { Feed } from './feed.ts';
import { openMeteo } from './open-meteo.ts';

/** A feed of the registry with the sites it is to serve. */
export interface ConfiguredFeed {
  feed: Feed;
  sites: PublicSite[];
}

/** The feeds of a registry, each once; none where it names none. */
export function configuredFeeds(fleet: PublicFleet): ConfiguredFeed[] {
  const byId = new Map<string, ConfiguredFeed>();
  for (const site of fleet.sites) {
    for (const group of feedGroups) {
      const feed = feedFor(fleet, site, group);
      if (feed === undefined) continue;
      const key = `${group} ${feed.id}`;
      const known = byId.get(key) ?? { feed, sites: [] };
      known.sites.push(site);
      byId.set(key, known);
    }
  }
  return [...byId.values()];
}

/** What brings a group to a site; undefined where nothing does. */
export function feedFor(fleet: PublicFleet, site: PublicSite, group: FeedGroup): Feed | undefined {
  // A wholesale price counts only where it is paid.
  if (group === 'price' && !site.paysSpot) return undefined;
  if (group === 'carbon') return undefined;
  const config = site.feeds?.[group] ?? fleet.feeds?.[group];
  return config === undefined || config === 'off' ? undefined : feedOf(config);
}

function feedOf(config: FeedConfig): Feed {
  switch (config.kind) {
    case 'open-meteo':
      return openMeteo(config);
    case 'aemo':
      return aemo();
  }
}
