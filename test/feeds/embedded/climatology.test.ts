import { describe, expect, test } from 'vitest';
import climate from '../../../src/feeds/embedded/climate.json' with { type: 'json' };
import { climatology, hasClimate } from '../../../src/feeds/embedded/climatology.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

const HOUR = 3_600_000;
const sites = embeddedFleet().sites;
const stations = Object.entries(climate);
const northern = ['Sydney', 'Brisbane', 'Perth', 'GoldCoast', 'Cairns', 'Darwin'];

/** Temperature and humidity by the hour of a month's 15th, in a zone that is UTC itself. */
function dayOf(station: string, month: number) {
  const midnight = Date.UTC(2026, month - 1, 15);
  return Array.from({ length: 24 }, (_, h) => climatology(station, midnight + h * HOUR, 'UTC'));
}

describe('the table', () => {
  test('has every station of the registry, and no others by accident', () => {
    for (const site of sites) expect(hasClimate(site.climateStation)).toBe(true);
    for (const name of ['Atlantis', 'sydney', '', 'toString']) expect(hasClimate(name)).toBe(false);
  });

  test.each(stations)('%s has twelve plausible months', (_, station) => {
    for (const values of Object.values(station)) expect(values).toHaveLength(12);
    for (let m = 0; m < 12; m++) {
      expect(station.maxC[m]! - station.minC[m]!).toBeGreaterThan(3);
      for (const c of [station.temp9amC[m]!, station.temp3pmC[m]!]) {
        expect(c).toBeGreaterThan(station.minC[m]!);
        expect(c).toBeLessThan(station.maxC[m]!);
      }
    }
    // Southern hemisphere, and Darwin's dry season.
    expect(station.minC[0]!).toBeGreaterThan(station.minC[6]! + 4);
  });

  test('an unknown station is an error that names it', () => {
    expect(() => climatology('Atlantis', 0, 'UTC')).toThrow('no station "Atlantis"');
  });
});

describe('a day', () => {
  test('runs from the month’s mean minimum to its mean maximum', () => {
    for (const [name, station] of stations) {
      for (let month = 1; month <= 12; month++) {
        const tempC = dayOf(name, month).map((h) => h.tempC);
        expect(Math.min(...tempC)).toBeCloseTo(station.minC[month - 1]!, 9);
        expect(Math.max(...tempC)).toBeCloseTo(station.maxC[month - 1]!, 9);
      }
    }
  });

  test('is coldest at 6 and warmest at 14, or 15 in the cool south', () => {
    for (const [name] of stations) {
      const tempC = dayOf(name, 3).map((h) => h.tempC);
      expect(tempC.indexOf(Math.min(...tempC))).toBe(6);
      const warmest = tempC.indexOf(Math.max(...tempC));
      if (northern.includes(name)) expect(warmest).toBe(14);
      if (['Melbourne', 'Hobart'].includes(name)) expect(warmest).toBe(15);
    }
  });

  test('has no jump, midnight included: no hour changes by a quarter of the day’s range', () => {
    for (const [name, station] of stations) {
      for (let month = 1; month <= 12; month++) {
        const day = dayOf(name, month);
        const range = station.maxC[month - 1]! - station.minC[month - 1]!;
        day.forEach((hour, h) => {
          const next = day[(h + 1) % 24]!;
          expect(Math.abs(next.tempC - hour.tempC)).toBeLessThan(0.25 * range);
        });
      }
    }
  });

  test('is near the measured means of 9 am and 3 pm, which did not shape it', () => {
    const off: Record<'temp9' | 'temp15' | 'rh9' | 'rh15', number[]> = {
      temp9: [],
      temp15: [],
      rh9: [],
      rh15: [],
    };
    for (const [name, s] of stations) {
      for (let month = 1; month <= 12; month++) {
        const day = dayOf(name, month);
        off.temp9.push(day[9]!.tempC - s.temp9amC[month - 1]!);
        off.temp15.push(day[15]!.tempC - s.temp3pmC[month - 1]!);
        off.rh9.push(day[9]!.rhPct - s.rh9amPct[month - 1]!);
        off.rh15.push(day[15]!.rhPct - s.rh3pmPct[month - 1]!);
      }
    }
    const meanOff = (v: number[]) => v.reduce((sum, x) => sum + Math.abs(x), 0) / v.length;
    expect(meanOff(off.temp9)).toBeLessThan(2);
    expect(meanOff(off.temp15)).toBeLessThan(2);
    expect(meanOff(off.rh9)).toBeLessThan(6);
    expect(meanOff(off.rh15)).toBeLessThan(6);
  });

  test('is drier when it is warmer', () => {
    for (const [name] of stations) {
      // One month a season; on Wollongong's coast September afternoons are a little moister.
      for (const month of [1, 4, 7, 10]) {
        const day = dayOf(name, month);
        expect(day[6]!.rhPct).toBeGreaterThan(day[14]!.rhPct - 1e-9);
      }
    }
  });
});

describe('a year of the registry’s sites', () => {
  test.each(sites)('$id: every hour is physical', ({ climateStation, timeZone }) => {
    const { minC, maxC } = climate[climateStation as keyof typeof climate];
    const coldest = Math.min(...minC);
    const warmest = Math.max(...maxC);
    for (let h = 0; h < 8760; h++) {
      const { tempC, rhPct } = climatology(
        climateStation,
        Date.UTC(2026, 0, 1) + h * HOUR,
        timeZone,
      );
      // Plain comparisons: an assertion for each of 120,000 hours takes seconds.
      if (!(tempC >= coldest && tempC <= warmest && rhPct >= 10 && rhPct <= 98)) {
        expect.unreachable(`hour ${h}: ${tempC} °C, ${rhPct} %`);
      }
    }
    expect(coldest).toBeGreaterThan(-5);
    expect(warmest).toBeLessThan(40);
  });
});

describe('the clock', () => {
  const tempC = (utc: string, zone: string) => climatology('Sydney', Date.parse(utc), zone).tempC;
  const january = climate.Sydney.minC[0]!;
  const july = climate.Sydney.minC[6]!;

  test('is the site’s own, summer time included', () => {
    // 6 in the morning: UTC+11 in January, UTC+10 in July; Perth is UTC+8.
    expect(tempC('2026-01-14T19:00Z', 'Australia/Sydney')).toBeCloseTo(january, 9);
    expect(tempC('2026-07-14T20:00Z', 'Australia/Sydney')).toBeCloseTo(july, 9);
    expect(tempC('2026-01-14T22:00Z', 'Australia/Perth')).toBeCloseTo(january, 9);
  });

  test('gives a half-hour zone the value of the hour it is in', () => {
    // 20:30 UTC is 6:00 in Darwin; whole UTC hours lie half past.
    expect(tempC('2026-07-14T20:30Z', 'Australia/Darwin')).toBeCloseTo(july, 9);
    expect(tempC('2026-07-14T21:00Z', 'Australia/Darwin')).toBeCloseTo(july, 9);
    expect(tempC('2026-07-14T21:30Z', 'Australia/Darwin')).toBeGreaterThan(july);
  });

  test('turns the month at local midnight, by no more than months differ', () => {
    const turn = Date.parse('2026-03-31T13:00Z'); // 1 April 00:00 in Sydney
    const before = climatology('Sydney', turn - 1, 'Australia/Sydney');
    const after = climatology('Sydney', turn, 'Australia/Sydney');
    expect(before).toEqual(dayOf('Sydney', 3)[23]);
    expect(after).toEqual(dayOf('Sydney', 4)[0]);
    for (const [name] of stations) {
      for (let month = 1; month <= 12; month++) {
        const last = dayOf(name, month)[23]!;
        const first = dayOf(name, (month % 12) + 1)[0]!;
        // Values are means of a month and an hour, so a step is expected; 5.2 °C is the largest.
        expect(Math.abs(first.tempC - last.tempC)).toBeLessThan(6);
      }
    }
  });
});
