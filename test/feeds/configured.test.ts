import { describe, expect, test } from 'vitest';
import { parseInput } from '../../src/core/model/errors.ts';
import { fleetSchema, publicFleet, publicFleetSchema } from '../../src/core/model/fleet.ts';
import { attributionsOf } from '../../src/feeds/attribution.ts';
import { configuredFeeds } from '../../src/feeds/configured.ts';
import { embeddedFleet } from '../core/support/fleets.ts';

const whole = embeddedFleet();
const withFeeds = (feeds: object, bySite: Record<string, object> = {}) => ({
  ...whole,
  feeds,
  sites: whole.sites.map((s) => (bySite[s.id] ? { ...s, ...bySite[s.id] } : s)),
});
const spot = { kind: 'spot', fallbackAudPerKwh: 0.15 };
const onSpot = (id: string) => ({
  cost: { ...whole.sites.find((s) => s.id === id)!.cost, tariff: spot },
});

/** What routers know of a registry, and the feeds they make of it. */
function feedsOf(registry: object) {
  const fleet = parseInput(fleetSchema, registry, 'fleet');
  const open = parseInput(
    publicFleetSchema,
    JSON.parse(JSON.stringify(publicFleet(fleet))),
    'public',
  );
  return configuredFeeds(open).map(({ feed, sites }) => [
    feed.id,
    feed.group,
    sites.map((s) => s.id).join(),
  ]);
}

describe('feeds of a registry', () => {
  test('none are on that it does not name', () => {
    expect(feedsOf(whole)).toEqual([]);
  });

  test('prices only where the wholesale price is paid', () => {
    const registry = withFeeds({ price: { kind: 'aemo' } }, { hobart: onSpot('hobart') });
    expect(feedsOf(registry)).toEqual([['aemo', 'price', 'hobart']]);
  });

  test('a site’s own in place of the fleet’s; regions of one source are fetched once each', () => {
    const registry = withFeeds(
      { carbon: { kind: 'electricity-maps' } },
      {
        darwin: { feeds: { carbon: 'off' } },
        perth: { feeds: { carbon: { kind: 'open-electricity' } } },
        hobart: { feeds: { carbon: { kind: 'watttime' } } },
        adelaide: { feeds: { carbon: { kind: 'electricity-maps', emissionFactors: 'direct' } } },
      },
    );
    expect(feedsOf(registry)).toEqual([
      ['electricity-maps lifecycle AU-NSW', 'carbon', 'sydney,newcastle,canberra,wollongong'],
      ['electricity-maps lifecycle AU-VIC', 'carbon', 'melbourne'],
      ['electricity-maps lifecycle AU-QLD', 'carbon', 'brisbane,gold-coast,townsville,cairns'],
      ['open-electricity carbon WEM', 'carbon', 'perth'],
      ['electricity-maps direct AU-SA', 'carbon', 'adelaide'],
      ['watttime NEM_TAS', 'carbon', 'hobart'],
      ['electricity-maps lifecycle AU-TAS', 'carbon', 'launceston'],
    ]);
  });

  test.each([
    ['an unknown kind', { weather: { kind: 'bom' } }, /feeds\.weather\.kind/],
    ['a feed of another group', { price: { kind: 'open-meteo' } }, /feeds\.price/],
    ['plain HTTP', { weather: { kind: 'open-meteo', baseUrl: 'http://x.example' } }, /https/],
    ['a key in the registry', { carbon: { kind: 'watttime', password: 'x' } }, /feeds\.carbon/],
  ])('%s is refused by its path', (_, feeds, fault) => {
    expect(() => feedsOf(withFeeds(feeds))).toThrow(fault);
  });
});

test('every source has an attribution, whose licence is said', () => {
  const registry = parseInput(
    fleetSchema,
    withFeeds(
      {
        weather: { kind: 'open-meteo' },
        price: { kind: 'aemo' },
        carbon: { kind: 'open-electricity' },
      },
      {
        hobart: { ...onSpot('hobart'), feeds: { carbon: { kind: 'watttime' } } },
        perth: { ...onSpot('perth'), feeds: { price: { kind: 'open-electricity' } } },
        darwin: { feeds: { carbon: { kind: 'electricity-maps' } } },
      },
    ),
    'fleet',
  );
  const feeds = configuredFeeds(publicFleet(registry));
  expect(new Set(feeds.map(({ feed }) => feed.group)).size).toBe(3);
  for (const { feed } of feeds) {
    const [attribution, ...others] = attributionsOf([feed.source]);
    expect(attribution?.licence, feed.source).toBeTruthy();
    expect(others).toEqual([]);
  }
});
