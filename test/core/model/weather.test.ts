import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  OFF_SITE_WATER_L_PER_KWH_BY_FUEL,
  wueFixedApproachLPerKwh,
} from '../../../src/core/model/water.ts';
import { airOf, wetBulbC } from '../../../src/core/model/weather.ts';

const temperature = fc.double({ min: -20, max: 50, noNaN: true });
const humidity = fc.double({ min: 0, max: 100, noNaN: true });

test('wet bulb of Stull’s own example: 20 °C, 50 % → 13.7 °C', () => {
  expect(wetBulbC(20, 50)).toBeCloseTo(13.7, 1);
});

test('wet bulb of saturated air is the dry bulb, within Stull’s error', () => {
  expect(Math.abs(wetBulbC(25, 99) - 25)).toBeLessThan(0.3);
});

test('wet bulb is never above the dry bulb, also outside the formula’s range', () => {
  fc.assert(
    fc.property(temperature, humidity, (t, rh) => wetBulbC(t, rh) <= t),
    { seed: 2, numRuns: 500 },
  );
  expect(wetBulbC(30, 110)).toBeLessThanOrEqual(30);
  expect(wetBulbC(30, -5)).toBe(wetBulbC(30, 5));
});

test('wet bulb rises with humidity (Stull excludes air both cold and dry)', () => {
  for (let t = 0; t <= 50; t += 2.5) {
    for (let rh = t < 10 ? 20 : 5; rh < 99; rh += 1) {
      expect(wetBulbC(t, rh + 1)).toBeGreaterThanOrEqual(wetBulbC(t, rh));
    }
  }
});

test('air carries both temperatures', () => {
  expect(airOf(20, 50)).toEqual({ tempC: 20, wetBulbC: wetBulbC(20, 50) });
});

test.each([
  [10, 1.52],
  [20, 1.67],
])('WUE at a wet bulb of %d °C is %f L/kWh', (wetBulb, wue) => {
  expect(wueFixedApproachLPerKwh(wetBulb)).toBeCloseTo(wue, 2);
});

test('WUE at 30 °C is 1.70 L/kWh within the hold past the vertex', () => {
  expect(Math.abs(wueFixedApproachLPerKwh(30) - 1.7)).toBeLessThan(0.01);
});

test('WUE rises to the vertex and is held there; never negative', () => {
  for (let t = -30; t < 50; t += 0.5) {
    const here = wueFixedApproachLPerKwh(t);
    expect(wueFixedApproachLPerKwh(t + 0.5)).toBeGreaterThanOrEqual(here);
    expect(here).toBeGreaterThanOrEqual(0);
    expect(here).toBeLessThan(2.2);
  }
});

test('thermal generation drinks, wind and water do not', () => {
  expect(OFF_SITE_WATER_L_PER_KWH_BY_FUEL.coal).toBe(1.703);
  expect(OFF_SITE_WATER_L_PER_KWH_BY_FUEL.hydro).toBe(0);
});
