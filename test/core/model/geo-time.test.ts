import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateRttMs, greatCircleKm } from '../../../src/core/model/geo.ts';
import {
  floorToHour,
  isTimeZone,
  localHour,
  localHourOfWeek,
  parseUtcMs,
} from '../../../src/core/model/time.ts';
import { embeddedFleet } from '../support/fleets.ts';

const places = Object.fromEntries(embeddedFleet().sites.map((s) => [s.id, s]));
const place = (id: string) => places[id]!;
const rtt = (a: string, b: string) => estimateRttMs(place(a), place(b));

describe('distance', () => {
  test('known distances, within 1 %', () => {
    expect(Math.abs(greatCircleKm(place('sydney'), place('melbourne')) / 713 - 1)).toBeLessThan(
      0.01,
    );
    expect(Math.abs(greatCircleKm(place('sydney'), place('perth')) / 3290 - 1)).toBeLessThan(0.01);
    const quarter = greatCircleKm({ latDeg: 0, lonDeg: 0 }, { latDeg: 0, lonDeg: 90 });
    expect(quarter).toBeCloseTo(10007.557, 2);
  });

  test('across the date line, and between antipodes', () => {
    const near = greatCircleKm({ latDeg: 0, lonDeg: 179.5 }, { latDeg: 0, lonDeg: -179.5 });
    expect(near).toBeCloseTo(111.195, 2);
    const far = greatCircleKm({ latDeg: 30, lonDeg: 10 }, { latDeg: -30, lonDeg: -170 });
    expect(far).toBeCloseTo(Math.PI * 6371.0088, 6);
  });

  test('round trips of the facts', () => {
    expect(rtt('sydney', 'melbourne')).toBeCloseTo(11.7, 1);
    expect(rtt('sydney', 'brisbane')).toBeCloseTo(12.0, 1);
    expect(rtt('sydney', 'perth')).toBeCloseTo(50, 0);
    expect(rtt('melbourne', 'perth')).toBeCloseTo(42, 0);
    expect(rtt('sydney', 'darwin')).toBeCloseTo(48, 0);
    expect(rtt('melbourne', 'hobart')).toBeCloseTo(10, 0);
    expect(rtt('sydney', 'sydney')).toBe(1);
  });

  test('symmetric, and never negative', () => {
    const point = fc.record({
      latDeg: fc.double({ min: -90, max: 90, noNaN: true }),
      lonDeg: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(point, point, (a, b) => {
        const there = greatCircleKm(a, b);
        return there >= 0 && Math.abs(there - greatCircleKm(b, a)) < 1e-6;
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});

describe('local time', () => {
  const at = (text: string, zone: string) => localHour(Date.parse(text), zone);

  test('the clock goes forward in Sydney: 01:59 is followed by 03:00', () => {
    expect(at('2026-10-03T15:59Z', 'Australia/Sydney')).toBe(1);
    expect(at('2026-10-03T16:00Z', 'Australia/Sydney')).toBe(3);
    expect(at('2026-10-03T16:00Z', 'Australia/Brisbane')).toBe(2);
  });

  test('the clock goes back: 02 happens twice', () => {
    expect(at('2026-04-04T15:00Z', 'Australia/Sydney')).toBe(2);
    expect(at('2026-04-04T16:00Z', 'Australia/Sydney')).toBe(2);
    expect(at('2026-04-04T17:00Z', 'Australia/Sydney')).toBe(3);
  });

  test('hours of the week begin on Monday, where the clock says so', () => {
    const of = (text: string, zone: string) => localHourOfWeek(Date.parse(text), zone);
    expect(of('2026-01-05T00:00Z', 'UTC')).toBe(0);
    expect(of('2026-01-04T23:59Z', 'UTC')).toBe(167);
    // Monday, 00:30 in Sydney.
    expect(of('2026-01-04T13:30Z', 'Australia/Sydney')).toBe(0);
    expect(of('2026-01-04T13:30Z', 'Australia/Perth')).toBe(6 * 24 + 21);
    expect(of('2026-10-03T16:00Z', 'Australia/Sydney')).toBe(6 * 24 + 3);
  });

  test('zones off the hour', () => {
    expect(at('2026-07-01T00:29Z', 'Australia/Darwin')).toBe(9);
    expect(at('2026-07-01T00:30Z', 'Australia/Darwin')).toBe(10);
    expect(at('2026-07-01T00:14Z', 'Australia/Eucla')).toBe(8);
    expect(at('2026-07-01T00:15Z', 'Australia/Eucla')).toBe(9);
  });

  test('midnight is hour 0', () => {
    expect(at('2026-06-30T14:00Z', 'Australia/Sydney')).toBe(0);
  });

  test('zones are known or not', () => {
    expect(isTimeZone('Australia/Hobart')).toBe(true);
    expect(isTimeZone('Australia/Atlantis')).toBe(false);
  });

  test('hours begin on the hour', () => {
    expect(floorToHour(Date.parse('2026-07-01T00:59:59Z'))).toBe(Date.parse('2026-07-01T00:00Z'));
  });
});

describe('instants in text', () => {
  test.each([
    ['2022-01-24', '2022-01-24T00:00:00.000Z'],
    ['2022-01-24T15:00Z', '2022-01-24T15:00:00.000Z'],
    ['2022-01-24T15:00:30.25Z', '2022-01-24T15:00:30.250Z'],
    ['2022-01-24T05:00+10:30', '2022-01-23T18:30:00.000Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('%s', (text, utc) => {
    expect(parseUtcMs(text)).toBe(Date.parse(utc));
  });

  test.each([
    ['a day that is not', '2022-02-30T00:00Z'],
    ['the same, as a date', '2023-02-29'],
    ['the same, with an offset', '2022-04-31T00:00+10:00'],
    ['a month that is not', '2022-13-01'],
    ['hour 24', '2022-01-24T24:00Z'],
    ['no zone', '2022-01-24T15:00'],
    ['a space for the T', '2022-01-24 15:00Z'],
    ['an offset that is not', '2022-01-24T15:00+24:00'],
    ['words', 'Jan 24 2022'],
    ['nothing', ''],
  ])('%s is refused: %s', (_, text) => {
    expect(parseUtcMs(text)).toBeUndefined();
  });
});
