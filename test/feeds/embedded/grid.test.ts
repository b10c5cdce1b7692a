import { describe, expect, test } from 'vitest';
import {
  embeddedCarbon,
  embeddedCarbonSource,
  embeddedWaterLPerKwh,
  hasGridRegion,
} from '../../../src/feeds/embedded/grid.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

const HOUR = 3_600_000;
const regions = [...new Set(embeddedFleet().sites.map((s) => s.gridRegion))];
const hourly = ['NSW1', 'VIC1'];
const annual = regions.filter((r) => !hourly.includes(r));

/** Carbon by the 24 hours of a UTC day. */
function dayOf(region: string, date = '2026-01-15') {
  const midnight = Date.parse(`${date}T00:00Z`);
  return Array.from({ length: 24 }, (_, h) => embeddedCarbon(region, midnight + h * HOUR));
}

test('the registry spans seven regions, all of them known', () => {
  expect(regions.sort()).toEqual(['NSW1', 'NT', 'QLD1', 'SA1', 'TAS1', 'VIC1', 'WEM']);
  for (const region of regions) expect(hasGridRegion(region)).toBe(true);
  for (const name of ['NSW', 'nsw1', '', 'toString']) expect(hasGridRegion(name)).toBe(false);
});

test.each(regions)('%s: kilograms and litres, not grams and millilitres', (region) => {
  for (const { carbonKgPerKwh } of dayOf(region)) {
    expect(carbonKgPerKwh).toBeGreaterThan(0.1);
    expect(carbonKgPerKwh).toBeLessThan(1);
  }
  expect(embeddedWaterLPerKwh(region)).toBeGreaterThan(0);
  expect(embeddedWaterLPerKwh(region)).toBeLessThan(3);
});

describe.each(hourly)('%s by the hour', (region) => {
  test('is no placeholder, and says so', () => {
    expect(dayOf(region).every((h) => !h.placeholder)).toBe(true);
    expect(embeddedCarbonSource(region)).toBe('mean hour of 2024, direct emissions');
  });

  test('is cleanest at noon by Eastern Standard Time, dirtiest at night', () => {
    const day = dayOf(region).map((h) => h.carbonKgPerKwh);
    const cleanest = day.indexOf(Math.min(...day));
    expect((cleanest + 10) % 24).toBe(12);
    const dirtiest = (day.indexOf(Math.max(...day)) + 10) % 24;
    expect(dirtiest < 6 || dirtiest > 20).toBe(true);
    expect(Math.max(...day) / Math.min(...day)).toBeGreaterThan(1.5);
  });

  test('has a day without a jump, the same in summer time and out of it', () => {
    const day = dayOf(region).map((h) => h.carbonKgPerKwh);
    day.forEach((value, h) => {
      expect(Math.abs(value - day[(h + 1) % 24]!)).toBeLessThan(0.1);
    });
    expect(dayOf(region, '2026-07-15')).toEqual(dayOf(region, '2026-01-15'));
  });

  test('holds within the hour', () => {
    const noon = Date.parse('2026-01-15T02:00Z');
    expect(embeddedCarbon(region, noon + HOUR - 1)).toEqual(embeddedCarbon(region, noon));
    expect(embeddedCarbon(region, noon + HOUR)).not.toEqual(embeddedCarbon(region, noon));
  });
});

test('two known hours', () => {
  // 02:00 UTC is noon in Eastern Standard Time; 14:00 UTC is midnight.
  const at = (region: string, utc: string) => embeddedCarbon(region, Date.parse(utc));
  expect(at('NSW1', '2026-01-15T02:00Z').carbonKgPerKwh).toBeCloseTo(0.291, 12);
  expect(at('VIC1', '2026-01-15T14:00Z').carbonKgPerKwh).toBeCloseTo(0.529, 12);
});

// Scope 2 factors of the National Greenhouse Accounts Factors 2024.
test.each([
  ['QLD1', 0.71],
  ['SA1', 0.23],
  ['WEM', 0.51],
  ['TAS1', 0.15],
  ['NT', 0.56],
])('%s: the year’s %f kg/kWh at every hour, marked as a placeholder', (region, kgPerKwh) => {
  expect(annual).toContain(region);
  for (const hour of dayOf(region)) {
    expect(hour).toEqual({ carbonKgPerKwh: kgPerKwh, placeholder: true });
  }
  expect(embeddedCarbonSource(region)).toBe('NGA 2024 scope 2 annual mean');
});

test('an unknown region is an error that names it, whatever is asked of it', () => {
  for (const ask of [
    () => embeddedCarbon('NZ', 0),
    () => embeddedCarbonSource('NZ'),
    () => embeddedWaterLPerKwh('NZ'),
  ]) {
    expect(ask).toThrow('no region "NZ"');
  }
});
