import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PublicSite, publicFleet } from '../../../src/core/model/fleet.ts';
import type { SiteClimate } from '../../../src/core/model/site-place.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { siteCarbon, siteWater, siteWeather } from '../../../src/feeds/embedded/of-site.ts';
import { plausible } from '../../../src/feeds/plausible.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

const HOUR = 3_600_000;
const fleet = publicFleet(embeddedFleet());
const sydney = fleet.sites[0] as PublicSite;
const oslo: PublicSite = {
  ...sydney,
  id: 'oslo',
  latDeg: 59.91,
  lonDeg: 10.75,
  timeZone: 'Europe/Oslo',
  gridRegion: 'NO1',
  climateStation: 'Oslo',
  climate: { januaryC: -3, julyC: 18, dailyRangeC: 7, rhPct: 75 },
  grid: { carbonKgPerKwh: 0.03 },
};

const day = (site: PublicSite, startUtcMs: number) =>
  Array.from({ length: 24 }, (_, h) => siteWeather(site, startUtcMs + h * HOUR));
const meanC = (hours: { tempC: number }[]) =>
  hours.reduce((sum, { tempC }) => sum + tempC, 0) / hours.length;

const climates = fc.record({
  januaryC: fc.double({ min: -40, max: 40, noNaN: true }),
  julyC: fc.double({ min: -40, max: 40, noNaN: true }),
  dailyRangeC: fc.double({ min: 0, max: 25, noNaN: true }),
  rhPct: fc.double({ min: 5, max: 100, noNaN: true }),
});

describe('a climate of the registry', () => {
  test('has its two means in the middles of January and July, and its range every day', () => {
    fc.assert(
      fc.property(climates, fc.double({ min: -80, max: 80, noNaN: true }), (climate, latDeg) => {
        const site = { ...oslo, latDeg, timeZone: 'UTC', climate };
        const january = day(site, Date.UTC(2026, 0, 16));
        const july = day(site, Date.UTC(2026, 6, 16, 15));
        // A day is a 365th of the way from one to the other and back.
        const tolerance = 0.001 * Math.abs(climate.januaryC - climate.julyC) + 1e-9;
        expect(Math.abs(meanC(january) - climate.januaryC)).toBeLessThan(tolerance);
        expect(Math.abs(meanC(july) - climate.julyC)).toBeLessThan(tolerance);
        const temps = january.map((h) => h.tempC);
        const drift = 0.01 * Math.abs(climate.januaryC - climate.julyC) + 1e-9;
        const range = Math.max(...temps) - Math.min(...temps);
        expect(Math.abs(range - climate.dailyRangeC)).toBeLessThan(drift);
      }),
    );
  });

  test('keeps the day’s vapour: humidity falls as it warms, within 10 to 98 %', () => {
    fc.assert(
      fc.property(climates, fc.integer({ min: 0, max: 365 }), (climate, n) => {
        const hours = day({ ...oslo, climate }, Date.UTC(2026, 0, 1 + n));
        for (const { rhPct } of hours) {
          expect(rhPct).toBeGreaterThanOrEqual(10);
          expect(rhPct).toBeLessThanOrEqual(98);
        }
        const sorted = hours.toSorted((a, b) => a.tempC - b.tempC);
        // The season moves the mean a little within the day, and vapour with it.
        const slack = 0.02 * climate.rhPct * Math.abs(climate.januaryC - climate.julyC) * 0.1;
        expect((sorted.at(-1)?.rhPct ?? 0) - (sorted[0]?.rhPct ?? 0)).toBeLessThanOrEqual(
          slack + 1e-9,
        );
      }),
    );
  });

  // 75 % at 10 °C is 9.2 hPa (Magnus), which is 40 % of saturation at 20 °C, 23.4 hPa.
  test('has the humidity that Magnus gives', () => {
    const climate: SiteClimate = { januaryC: 10, julyC: 10, dailyRangeC: 20, rhPct: 75 };
    const warmest = day({ ...oslo, climate }, Date.UTC(2026, 3, 1)).reduce((a, b) =>
      a.tempC > b.tempC ? a : b,
    );
    const vapourHpa = 0.75 * 6.1094 * Math.exp((17.625 * 10) / (10 + 243.04));
    const { tempC } = warmest;
    const saturationHpa = 6.1094 * Math.exp((17.625 * tempC) / (tempC + 243.04));
    expect(warmest.rhPct).toBeCloseTo((100 * vapourHpa) / saturationHpa, 9);
    expect(tempC).toBeGreaterThan(18);
  });
});

test('a grid of the registry holds at all hours, and its absent water is the regions’ mean', () => {
  expect(siteCarbon(oslo, Date.UTC(2026, 0, 1))).toEqual({
    carbonKgPerKwh: 0.03,
    placeholder: true,
    source: 'the annual mean that the registry gives',
  });
  // Mean of the seven embedded regions.
  expect(siteWater(oslo).lPerKwh).toBeCloseTo(
    (1.09 + 1.05 + 1.17 + 0.31 + 0.87 + 0.02 + 1.05) / 7,
    12,
  );
  expect(siteWater({ ...oslo, grid: { carbonKgPerKwh: 0, waterLPerKwh: 0.4 } }).lPerKwh).toBe(0.4);
  expect(siteWater({ ...sydney, grid: { carbonKgPerKwh: 0.5 } }).lPerKwh).toBe(1.09);
});

test('inputs of a plan have them, and say whose they are', () => {
  const mixed = { ...fleet, sites: [sydney, oslo] };
  const inputs = embeddedInputs(mixed, Date.UTC(2026, 0, 15), 24);
  const [a, b] = inputs.sites;
  expect(a?.sources.weather.source).toMatch(/Bureau of Meteorology/);
  expect(b?.sources.weather.source).toBe('the mean climate that the registry gives');
  expect(b?.sources.carbon).toEqual({
    source: 'the annual mean that the registry gives',
    placeholder: true,
  });
  expect([...(b?.carbonKgPerKwh ?? [])]).toEqual(Array(24).fill(0.03));
  expect(meanC([...(b?.tempC ?? [])].map((tempC) => ({ tempC })))).toBeCloseTo(-3, 1);
});

test('a cold spell far below a climate of two months is believed, nonsense is not', () => {
  const utcMs = Date.UTC(2026, 0, 15, 12);
  const told = (tempC: number) => plausible('weather', oslo, [{ utcMs, tempC, rhPct: 60 }]).kept;
  expect(told(-30)).toHaveLength(1);
  expect(told(45)).toHaveLength(0);
});
