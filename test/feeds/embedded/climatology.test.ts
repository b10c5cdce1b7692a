import { describe, expect, test } from 'vitest';
import climate from '../../../src/feeds/embedded/climate.json' with { type: 'json' };
import { climatology, hasClimate } from '../../../src/feeds/embedded/climatology.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

const HOUR = 3_600_000;
const sites = embeddedFleet().sites;
const stations = Object.entries(climate);
const northern = ['Sydney', 'Brisbane', 'Perth', 'GoldCoast', 'Cairns', 'Darwin'];

/** The middle of a month of 2026, where its means hold as they are. */
function middleMs(month: number): number {
  return (Date.UTC(2026, month - 1) + Date.UTC(2026, month)) / 2;
}

/** Temperature and humidity by the local hour, all at the middle of a month: zones make the hours. */
function dayOf(station: string, month: number) {
  const utcMs = middleMs(month);
  return Array.from({ length: 24 }, (_, h) => {
    const east = ((h - new Date(utcMs).getUTCHours() + 36) % 24) - 12;
    const zone = `Etc/GMT${east < 0 ? '+' : '-'}${Math.abs(east)}`;
    return climatology(station, utcMs, zone);
  });
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
  /** The UTC hour of a day at which it is coldest: 6 in the morning. */
  const coldestUtc = (day: string, zone: string, minutes = 0) => {
    const midnight = Date.parse(day) + minutes * 60_000;
    const hours = Array.from({ length: 24 }, (_, h) =>
      climatology('Sydney', midnight + h * HOUR, zone),
    );
    const tempC = hours.map((h) => h.tempC);
    return tempC.indexOf(Math.min(...tempC));
  };

  test('is the site’s own, summer time included', () => {
    // UTC+11 in January, UTC+10 in July; Perth is UTC+8.
    expect(coldestUtc('2026-01-14', 'Australia/Sydney')).toBe(19);
    expect(coldestUtc('2026-07-14', 'Australia/Sydney')).toBe(20);
    expect(coldestUtc('2026-01-14', 'Australia/Perth')).toBe(22);
  });

  test('gives a half-hour zone the value of the hour it is in', () => {
    // 20:30 UTC is 6:00 in Darwin; whole UTC hours lie half past.
    expect(coldestUtc('2026-07-14', 'Australia/Darwin', 30)).toBe(20);
    expect(coldestUtc('2026-07-14', 'Australia/Darwin')).toBe(21);
  });
});

describe('the year', () => {
  test('is a line between the middles of months', () => {
    const [march, april] = [middleMs(3), middleMs(4)];
    const { tempC, rhPct } = climatology('Sydney', (march + april) / 2, 'UTC');
    const hour = new Date((march + april) / 2).getUTCHours();
    const [a, b] = [dayOf('Sydney', 3)[hour]!, dayOf('Sydney', 4)[hour]!];
    expect(tempC).toBeCloseTo((a.tempC + b.tempC) / 2, 9);
    expect(rhPct).toBeCloseTo((a.rhPct + b.rhPct) / 2, 9);
  });

  test('never jumps, the turns of months and of the year included', () => {
    for (const [name] of stations) {
      for (let day = 0; day < 730; day++) {
        const utcMs = Date.UTC(2027, 0, 1) + day * 24 * HOUR;
        const [today, tomorrow] = [0, 24].map((h) => climatology(name, utcMs + h * HOUR, 'UTC'));
        // Months differ by up to 6 °C and 20 points of humidity, a day by a thirtieth of that.
        const jumps =
          Math.abs(tomorrow!.tempC - today!.tempC) > 0.25 ||
          Math.abs(tomorrow!.rhPct - today!.rhPct) > 0.8;
        if (jumps) expect.unreachable(`${name}, day ${day}`);
      }
    }
  });
});
