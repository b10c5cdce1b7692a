import { describe, expect, test } from 'vitest';
import { type Interval, resampledDays } from '../../../src/core/evidence/bootstrap.ts';
import { groupedDays, monthOf, seasonOf } from '../../../src/core/evidence/calendar.ts';
import {
  change,
  metrics,
  type PolicyDays,
  pointsBetween,
  table,
} from '../../../src/core/evidence/compare.ts';
import { added, difference, NO_SUMS } from '../../../src/core/planning/span-sums.ts';
import { seededRandom } from '../support/random.ts';

const START = Date.parse('2022-01-01T00:00Z');

function policyDays(policy: string, factor: number): PolicyDays {
  const days = Array.from({ length: 40 }, (_, d) => ({
    ...NO_SUMS,
    objectiveAud: factor * (10 + d),
    coolingKwh: factor * factor * (5 + (d % 3)),
    requests: 100,
    unservedRequests: d === 39 ? 50 : 0,
    userRequests: 80,
    servedUserRequests: 40,
    lateUserRequests: 8,
    userTtftMs: 4000,
  }));
  return { policy, days };
}

const resampling = () => ({ blockDays: 7, resamples: 200, level: 0.95, random: seededRandom(1) });
const policies = [policyDays('isotherm', 0.9), policyDays('nearest', 1)];

describe('a table', () => {
  test('says what the reference is less than each other, in every metric, and of itself nothing', () => {
    const picked = Array.from({ length: 40 }, (_, d) => d);
    const { days, rows } = table(policies, 'isotherm', picked, resampling());
    expect(days).toBe(40);
    const [own, other] = rows;
    expect(own?.against).toBeUndefined();
    expect(Object.keys(other!.against!)).toEqual([...metrics]);
    expect(other!.against!.objectiveAud.value).toBeCloseTo(-10, 9);
    expect(other!.against!.coolingKwh.value).toBeCloseTo(-19, 9);
    expect(other!.against!.carbonKg).toEqual({ value: 0, low: 0, high: 0 });
    expect(other).toMatchObject({ ttftMeanMs: 100, lateShare: 0.1, requests: 4000 });
    expect(other!.unservedShare).toBeCloseTo(50 / 4000, 12);
  });

  test('is of the days picked only', () => {
    const [row] = table(policies, 'isotherm', [3, 5], resampling()).rows;
    expect(row!.objectiveAud).toBeCloseTo(0.9 * (13 + 15), 9);
    expect(row!.unservedRequests).toBe(0);
  });

  test('the same bytes for the same seed', () => {
    const [a, b] = [1, 2].map(() =>
      JSON.stringify(table(policies, 'nearest', [1, 2, 9], resampling())),
    );
    expect(a).toBe(b);
  });

  test('needs its reference', () => {
    expect(() => table(policies, 'spread', [0], resampling())).toThrow(/reference policy "spread"/);
  });
});

describe('points between two pairs', () => {
  const draws = resampledDays(40, resampling());
  const days = (factor: number) => policyDays('x', factor).days;

  test('are the difference of their changes, and nothing where the pairs are one', () => {
    const points = pointsBetween([days(0.7), days(1)], [days(0.9), days(1)], draws, 0.95);
    expect(points.objectiveAud.value).toBeCloseTo(-20, 9);
    expect(points.coolingKwh.value).toBeCloseTo(-51 + 19, 9);
    const none = pointsBetween([days(0.9), days(1)], [days(0.9), days(1)], draws, 0.95);
    expect(none.objectiveAud).toEqual({ value: 0, low: 0, high: 0 });
  });

  test('take the same days of all four: what is common to them widens nothing', () => {
    const noisy = (factor: number) =>
      days(1).map((d, n) => ({
        ...d,
        objectiveAud: (factor + 0.3 * Math.sin(n)) * d.objectiveAud,
      }));
    const base = days(1);
    const { objectiveAud: paired } = pointsBetween(
      [noisy(0.8), base],
      [noisy(0.9), base],
      draws,
      0.95,
    );
    const { objectiveAud: alone } = change(noisy(0.8), base, draws, 0.95);
    expect(paired.value).toBeCloseTo(-10, 9);
    const width = ({ low, high }: Interval) => (high as number) - (low as number);
    expect(width(paired)).toBeLessThan(1e-9);
    expect(width(alone)).toBeGreaterThan(1);
  });

  test('are of as many days', () => {
    const short = days(1).slice(1);
    expect(() => pointsBetween([short, short], [days(1), days(1)], draws, 0.95)).toThrow(
      '39 days against 40',
    );
  });
});

test('days add up to the whole, and months and seasons to all days', () => {
  const { days } = policies[0]!;
  const whole = added(days);
  const two = added([added(days.slice(0, 17)), added(days.slice(17))]);
  for (const [name, value] of Object.entries(difference(whole, two))) {
    expect(Math.abs(value), name).toBeLessThan(1e-9);
  }
  for (const keyOf of [monthOf, seasonOf]) {
    const groups = groupedDays(365, (d) => keyOf(START, d));
    expect([...groups.values()].flat().sort((a, b) => a - b)).toEqual([...Array(365).keys()]);
  }
});

test.each([
  ['2022-01-01', 'summer'],
  ['2022-02-28', 'summer'],
  ['2022-03-01', 'autumn'],
  ['2022-06-01', 'winter'],
  ['2022-09-01', 'spring'],
  ['2022-11-30', 'spring'],
  ['2022-12-01', 'summer'],
])('%s is in %s', (day, season) => {
  expect(seasonOf(Date.parse(`${day}T00:00Z`), 0)).toBe(season);
  expect(monthOf(Date.parse(`${day}T00:00Z`), 0)).toBe(day.slice(0, 7));
});
