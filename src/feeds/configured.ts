import { type FeedConfig, type FeedGroup, feedGroups } from '../core/model/feeds.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import { aemo } from './aemo.ts';
import { electricityMaps } from './electricity-maps.ts';
import type { Feed } from './feed.ts';
import { openElectricity } from './open-electricity.ts';
import { openMeteo } from './open-meteo.ts';
import { wattTime } from './watttime.ts';

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
  const config = site.feeds?.[group] ?? fleet.feeds?.[group];
  return config === undefined || config === 'off' ? undefined : feedOf(config, group, site);
}

function feedOf(config: FeedConfig, group: FeedGroup, site: PublicSite): Feed | undefined {
  switch (config.kind) {
    case 'open-meteo':
      return openMeteo(config);
    case 'aemo':
      return aemo();
    case 'open-electricity':
      return group === 'weather' ? undefined : openElectricity(group, site);
    case 'electricity-maps':
      return electricityMaps(config, site);
    case 'watttime':
      return wattTime(config, site);
  }
}
