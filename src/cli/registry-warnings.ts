import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { configuredFeeds } from '../feeds/configured.ts';
import { PRICES } from './init/registry.ts';
import { placeWarnings, seasonWarning } from './place-warnings.ts';
import type { Issue } from './sites.ts';

/** What is valid and yet seldom meant. */
export function registryWarnings(fleet: Fleet): Issue[] {
  return [
    ...placeWarnings(fleet),
    ...seasons(fleet),
    ...insecure(fleet),
    ...oneServer(fleet),
    ...australianPrices(fleet),
    ...mixedCarbon(fleet),
  ];
}

function seasons({ sites }: Fleet): Issue[] {
  return sites.flatMap((site, j) => {
    const message = site.climate && seasonWarning(site, site.climate);
    return message === undefined ? [] : [{ path: `sites[${j}].climate`, message }];
  });
}

/** Sites a router as deployed would not ask. */
function insecure(fleet: Fleet): Issue[] {
  return fleet.sites.flatMap(({ upstream }, j) => {
    if (new URL(upstream.baseUrl).protocol === 'https:') return [];
    const path = `sites[${j}].upstream.baseUrl`;
    const message =
      'plain HTTP, which the router refuses unless ALLOW_INSECURE_UPSTREAMS is "true"';
    return [{ path, message }];
  });
}

/** Two sites of one server: it would get the load of both. */
function oneServer({ sites }: Fleet): Issue[] {
  const roots = sites.map(({ upstream }) => new URL(upstream.baseUrl).href.replace(/\/+$/, ''));
  return roots.flatMap((root, j) => {
    const first = roots.indexOf(root);
    if (first === j) return [];
    const message = `is that of "${sites[first]?.id}", too: one server would get the load planned for both`;
    return [{ path: `sites[${j}].upstream.baseUrl`, message }];
  });
}

/** The mainland and Tasmania. */
function isAustralian({ latDeg, lonDeg }: { latDeg: number; lonDeg: number }): boolean {
  return latDeg > -44 && latDeg < -10 && lonDeg > 112 && lonDeg < 154;
}

/** Sites elsewhere, whose tariffs are hardly in AUD, at the prices of the Australian registry. */
function australianPrices({ prices, sites }: Fleet): Issue[] {
  const own = Object.entries(PRICES);
  const areAll = own.every(([name, value]) => prices[name as keyof typeof PRICES] === value);
  if (!areAll || sites.some(isAustralian)) return [];
  const figures = own.map(([name, value]) => `${name} ${value}`).join(', ');
  const message = `${figures} are those of the Australian registry, in AUD, and no site is in Australia: replace them by yours, in the currency of your tariffs ("Aud" in names is only a label)`;
  return [{ path: 'prices', message }];
}

/** Carbon feeds that do not count the same: what they bring cannot be compared between sites. */
function mixedCarbon(fleet: Fleet): Issue[] {
  const counted = configuredFeeds(publicFleet(fleet))
    .filter(({ feed }) => feed.group === 'carbon')
    .map(({ feed }) => /(average|marginal) (life-cycle|direct)/.exec(feed.source)?.[0]);
  const kinds = [...new Set(counted)];
  if (kinds.length < 2) return [];
  const message = `carbon is ${kinds.join(' at some sites, ')} at others, which cannot be compared`;
  return [{ path: 'feeds.carbon', message }];
}
