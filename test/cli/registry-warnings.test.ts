import { describe, expect, test } from 'vitest';
import { placeWarnings, seasonWarning } from '../../src/cli/place-warnings.ts';
import { registryWarnings } from '../../src/cli/registry-warnings.ts';
import { embeddedFleet } from '../core/support/fleets.ts';

type Place = [id: string, latDeg: number, lonDeg: number, timeZone: string];

const of = (places: readonly Place[]) =>
  places.map(([id, latDeg, lonDeg, timeZone]) => ({ id, latDeg, lonDeg, timeZone }));
const told = (sites: readonly Place[], zones: readonly Place[] = []) =>
  placeWarnings({ sites: of(sites), zones: of(zones) }).map((w) => `${w.path}: ${w.message}`);

const turned = ([id, lat, lon, zone]: Place): Place => [id, lon, lat, zone];

const BERLIN: Place = ['berlin', 52.52, 13.4, 'Europe/Berlin'];
const FRANKFURT: Place = ['frankfurt', 50.11, 8.68, 'Europe/Berlin'];
const MUNICH: Place = ['munich', 48.14, 11.58, 'Europe/Berlin'];
const VIGO: Place = ['vigo', 42.24, -8.72, 'Europe/Madrid'];

/** Whose clocks are as far from the sun as clocks are. */
const ODD: Place[] = [
  ['kashgar', 39.47, 75.99, 'Asia/Shanghai'],
  ['urumqi', 43.83, 87.62, 'Asia/Shanghai'],
  VIGO,
  ['adak', 51.88, -176.66, 'America/Adak'],
  ['kiritimati', 1.87, -157.4, 'Pacific/Kiritimati'],
  ['reykjavik', 64.15, -21.94, 'Atlantic/Reykjavik'],
  ['ushuaia', -54.8, -68.3, 'America/Argentina/Ushuaia'],
  ['nome', 64.5, -165.41, 'America/Nome'],
  ['kathmandu', 27.72, 85.32, 'Asia/Kathmandu'],
  ['dublin', 53.35, -6.26, 'Europe/Dublin'],
  ['oslo', 59.91, 10.75, 'Europe/Oslo'],
];

describe('coordinates', () => {
  test('are left alone where they are right, however odd the clock, near or far from others', () => {
    expect(told(ODD)).toEqual([]);
    for (const one of ODD) expect(told([one])).toEqual([]);
    for (const one of ODD) expect(told([one, BERLIN, FRANKFURT, MUNICH])).toEqual([]);
  });

  test('swapped at one of several sites are told by the others', () => {
    const [only, ...rest] = told([BERLIN, FRANKFURT, turned(MUNICH)]);
    expect(only).toMatch(
      /^sites\[2\]: latDeg 11\.58 and lonDeg 48\.14 look swapped: .*Europe\/Berlin fits the longitude 11\.58, not 48\.14$/,
    );
    expect(rest).toEqual([]);
    // Where the clock does not tell: Vigo's is as far from the sun one way as the other.
    expect(told([turned(VIGO), BERLIN, ['lisbon', 38.72, -9.14, 'Europe/Lisbon']])).toEqual([
      expect.stringMatching(
        /^sites\[0\]: latDeg -8\.72 and lonDeg 42\.24 look swapped: it is [\d,]+ km from the nearest other site, and the other way round \d+ km from "lisbon"$/,
      ),
    ]);
  });

  test('swapped at all of them are told by their clocks', () => {
    expect(told([BERLIN, FRANKFURT, MUNICH].map(turned))).toHaveLength(3);
    expect(told([turned(ODD.at(-1) as Place)])).toHaveLength(1);
  });

  test('without their minus, or of another zone, are told with both clocks', () => {
    const message = 'is it another zone, or lonDeg without its minus?';
    expect(told([['new-york', 40.71, 74.01, 'America/New_York']])).toEqual([
      `sites[0].timeZone: America/New_York keeps UTC-5, but the sun over longitude 74.01 UTC+4.9: ${message}`,
    ]);
    expect(told([['sydney', -33.87, 151.21, 'Europe/London']])).toEqual([
      `sites[0].timeZone: Europe/London keeps UTC, but the sun over longitude 151.21 UTC+10.1: ${message}`,
    ]);
  });

  test('of zones are looked at, too, but for those of a site, told once', () => {
    expect(told([BERLIN], [BERLIN, turned(MUNICH)])).toEqual([
      expect.stringMatching(/^zones\[1\]: latDeg/),
    ]);
    expect(told([turned(BERLIN)], [turned(BERLIN)])).toHaveLength(1);
  });
});

test('a climate of the other hemisphere is told, and none of the tropics', () => {
  const summerInJanuary = { januaryC: 23, julyC: 13 };
  const summerInJuly = { januaryC: 1, julyC: 20 };
  expect(seasonWarning({ latDeg: -33.9 }, summerInJanuary)).toBeUndefined();
  expect(seasonWarning({ latDeg: 52.5 }, summerInJuly)).toBeUndefined();
  expect(seasonWarning({ latDeg: 10 }, summerInJanuary)).toBeUndefined();
  expect(seasonWarning({ latDeg: 33.9 }, summerInJanuary)).toMatch(/^January is warmer than July/);
  expect(seasonWarning({ latDeg: -52.5 }, summerInJuly)).toMatch(/^July is warmer than January/);
});

describe('a registry', () => {
  test('of the package has none of it', () => {
    expect(registryWarnings(embeddedFleet())).toEqual([]);
  });

  test('with two sites of one server', () => {
    const fleet = embeddedFleet();
    const [a, b, c] = fleet.sites as [
      (typeof fleet.sites)[0],
      (typeof fleet.sites)[0],
      (typeof fleet.sites)[0],
    ];
    a.upstream.baseUrl = 'https://LLM.example/one/';
    b.upstream.baseUrl = 'https://llm.example/two';
    c.upstream.baseUrl = 'https://llm.example/one';
    expect(registryWarnings(fleet)).toEqual([
      {
        path: 'sites[2].upstream.baseUrl',
        message: `is that of "${a.id}", too: one server would get the load planned for both`,
      },
    ]);
  });

  test('far from Australia at its prices, until they are replaced', () => {
    const fleet = embeddedFleet();
    const only = fleet.sites[0] as (typeof fleet.sites)[0];
    fleet.sites = [{ ...only, latDeg: 59.91, lonDeg: 10.75, timeZone: 'Europe/Oslo' }];
    fleet.zones = [];
    const [warning, ...rest] = registryWarnings(fleet);
    expect(rest).toEqual([]);
    expect(warning?.path).toBe('prices');
    for (const [name, value] of Object.entries(fleet.prices)) {
      if (typeof value === 'number' && value > 0) {
        expect(warning?.message).toContain(`${name} ${value}`);
      }
    }
    fleet.prices.carbonAudPerT = 80;
    expect(registryWarnings(fleet)).toEqual([]);
  });
});
