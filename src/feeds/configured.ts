import { type FeedGroup, feedGroups } from '../core/model/feeds.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
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
  if (group !== 'weather') return undefined;
  const config = site.feeds?.weather ?? fleet.feeds?.weather;
  return config === undefined || config === 'off' ? undefined : openMeteo(config);
}
