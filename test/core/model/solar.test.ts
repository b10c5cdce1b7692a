import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clearSkyWPerM2, passesClouds } from '../../../src/core/model/irradiance.ts';
import { solarKw, solarSchema } from '../../../src/core/model/solar.ts';
import { sinElevation, sunInYear } from '../../../src/core/model/sun.ts';

const SYDNEY = { latDeg: -33.8688, lonDeg: 151.2093 };
const degrees = (rad: number) => (rad * 180) / Math.PI;
const at = (utc: string) => Date.parse(utc);

describe('sun', () => {
  // Instants of equinoxes and solstices of 2026, U.S. Naval Observatory.
  test.each([
    ['2026-03-20T14:46Z', 0],
    ['2026-06-21T08:25Z', 23.44],
    ['2026-09-23T00:05Z', 0],
    ['2026-12-21T20:50Z', -23.44],
  ])('declination at %s', (utc, expected) => {
    expect(Math.abs(degrees(sunInYear(at(utc)).declinationRad) - expected)).toBeLessThan(0.03);
  });

  // Extremes and a zero of the equation of time, as almanacs have them.
  test.each([
    ['2026-02-11T12:00Z', -14.2],
    ['2026-04-15T12:00Z', 0],
    ['2026-11-03T12:00Z', 16.45],
  ])('equation of time at %s', (utc, expected) => {
    expect(Math.abs(sunInYear(at(utc)).equationOfTimeMin - expected)).toBeLessThan(0.2);
  });

  test('noon elevation is 90° less the distance of latitude and declination', () => {
    // Solar noon in Sydney at the solstice of December is near 12:53 of daylight saving time, 01:53 UTC.
    const elevation = degrees(Math.asin(sinElevation(SYDNEY, at('2026-12-21T01:53Z'))));
    expect(Math.abs(elevation - (90 - (33.87 - 23.44)))).toBeLessThan(0.2);
  });

  test('sunrise and sunset in Sydney at the equinox: twelve hours apart, sun on the horizon', () => {
    // Without refraction and the sun's radius, 6:00 and 18:00 of solar time; EoT −7.4 min, 151.21° E.
    const noonMin = 12 * 60 - 4 * 151.2093 + 7.4;
    for (const half of [-6, 6]) {
      const utcMs = at('2026-03-20T00:00Z') + (noonMin + half * 60) * 60_000;
      expect(Math.abs(degrees(Math.asin(sinElevation(SYDNEY, utcMs))))).toBeLessThan(0.5);
    }
  });
});

describe('irradiance', () => {
  test('two points by hand, and none at night', () => {
    expect(clearSkyWPerM2(1)).toBeCloseTo(1098 * Math.exp(-0.059), 9);
    expect(clearSkyWPerM2(0.5)).toBeCloseTo(549 * Math.exp(-0.118), 9);
    expect(clearSkyWPerM2(0)).toBe(0);
    expect(clearSkyWPerM2(-0.3)).toBe(0);
  });

  test('clouds: all of it, a quarter of it, and less the more there are', () => {
    expect(passesClouds(0)).toBe(1);
    expect(passesClouds(1)).toBeCloseTo(0.25, 12);
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (a, b) => {
        if (a <= b) expect(passesClouds(a)).toBeGreaterThanOrEqual(passesClouds(b));
        expect(clearSkyWPerM2(Math.min(a, b))).toBeLessThanOrEqual(clearSkyWPerM2(Math.max(a, b)));
      }),
    );
  });
});

describe('solar power', () => {
  const array = (more = {}) => solarSchema.parse({ kind: 'array', peakKw: 100, ...more });
  const noon = at('2026-12-21T01:30Z');

  test('a clear summer noon in Sydney by hand', () => {
    const wPerM2 = clearSkyWPerM2(sinElevation(SYDNEY, noon));
    const kept = 1 - 0.004 * (30 + (25 / 800) * wPerM2 - 25);
    const expected = 100 * (wPerM2 / 1000) * 0.86 * kept;
    expect(solarKw(array(), SYDNEY, noon - 30_000, 1 / 60, 30)).toBeCloseTo(expected, 3);
    expect(expected).toBeGreaterThan(70);
  });

  test('nothing at night, less under clouds and in heat, more with a larger array', () => {
    const power = (more: object, tempC = 20) => solarKw(array(more), SYDNEY, noon, 1, tempC);
    expect(solarKw(array(), SYDNEY, at('2026-12-21T14:00Z'), 1, 20)).toBe(0);
    expect(power({ cloudCover: 0.9 })).toBeLessThan(power({ cloudCover: 0.4 }));
    expect(power({ cloudCover: 0.4 })).toBeLessThan(power({}));
    expect(power({}, 40)).toBeLessThan(power({}, 10));
    expect(power({ peakKw: 200 })).toBeCloseTo(2 * power({}), 9);
  });

  test('a cover by month, from January', () => {
    const cloudCover = Array.from({ length: 12 }, (_, m) => (m === 11 ? 1 : 0));
    const clouded = solarKw(array({ cloudCover }), SYDNEY, noon, 1, 20);
    expect(clouded).toBeCloseTo(solarKw(array({ cloudCover: 1 }), SYDNEY, noon, 1, 20), 12);
  });

  test('an operator’s own hours, mixed where a slot has parts of two', () => {
    const kwByUtcHour = Array.from({ length: 24 }, (_, h) => h);
    const own = solarSchema.parse({ kind: 'hourly', kwByUtcHour });
    expect(solarKw(own, SYDNEY, at('2026-01-01T03:00Z'), 1, 20)).toBe(3);
    expect(solarKw(own, SYDNEY, at('2026-01-01T03:30Z'), 1, 20)).toBeCloseTo(3.5, 12);
  });

  test('23 hours are refused', () => {
    expect(() =>
      solarSchema.parse({ kind: 'hourly', kwByUtcHour: new Array(23).fill(1) }),
    ).toThrow();
  });
});
