import { expect, test } from 'vitest';
import {
  inUnit,
  isEnough,
  periodsOf,
  ttftBeside,
  type UsageDay,
  unitFor,
} from '../../src/dashboard/savings.ts';

const day = (name: string, carbonKg: number, nearestCarbonKg: number) =>
  ({ day: name, requests: 10, carbonKg, nearestCarbonKg }) as UsageDay;
const days = [day('2026-11-01', 5, 4), day('2026-10-31', 1, 3), day('2026-10-02', 2, 2.5)];

test('by day, in order, with what was saved up to each', () => {
  expect(periodsOf(days, 'day', 'carbon')).toMatchObject([
    { name: '2026-10-02', saved: 0.5, cumulative: 0.5 },
    { name: '2026-10-31', saved: 2, cumulative: 2.5 },
    { name: '2026-11-01', saved: -1, cumulative: 1.5 },
  ]);
});

test('by month', () => {
  expect(periodsOf(days, 'month', 'carbon')).toEqual([
    { name: '2026-10', requests: 20, used: 3, baseline: 5.5, saved: 2.5, cumulative: 2.5 },
    { name: '2026-11', requests: 10, used: 5, baseline: 4, saved: -1, cumulative: 1.5 },
  ]);
});

test('against all sites, without the days that did not record them whole', () => {
  const whole = days.map((d) => ({ ...d, spreadRequests: d.requests, spreadCarbonKg: 6 }));
  const cut = whole.map((d, n) => (n === 0 ? { ...d, spreadRequests: 9 } : d));
  expect(periodsOf(whole, 'month', 'carbon', 'spread')).toEqual([
    { name: '2026-10', requests: 20, used: 3, baseline: 12, saved: 9, cumulative: 9 },
    { name: '2026-11', requests: 10, used: 5, baseline: 6, saved: 1, cumulative: 10 },
  ]);
  expect(periodsOf(cut, 'month', 'carbon', 'spread').map((p) => p.name)).toEqual(['2026-10']);
});

test('nothing of nothing', () => {
  expect(periodsOf([], 'day', 'cost')).toEqual([]);
});

test('small amounts are told in a unit that shows them', () => {
  const unit = (kg: number) => unitFor('carbon', kg).unit;
  expect([0, 3, 0.1, 0.09, 6e-6].map(unit)).toEqual([
    'kg CO₂e',
    'kg CO₂e',
    'kg CO₂e',
    'g CO₂e',
    'g CO₂e',
  ]);
  const [period] = inUnit(periodsOf(days, 'month', 'carbon'), 1000);
  expect(period).toMatchObject({ requests: 20, saved: 2500, baseline: 5500 });
});

test('few receipts and tiny amounts are too little to tell', () => {
  expect(isEnough(19, 1)).toBe(false);
  expect(isEnough(500, 7e-6)).toBe(false);
  expect([isEnough(20, 1), isEnough(500, -0.0151)]).toEqual([true, true]);
});

test('times are held against the nearest site’s where all receipts know those', () => {
  const times = (ttftRequests: number, ttftMs: number, nearest: number, nearestTtftMs: number) => ({
    ttftRequests,
    ttftMs,
    nearestTtftRequests: nearest,
    nearestTtftMs,
  });
  const whole = [times(2, 300, 2, 200), times(8, 700, 8, 800)];
  expect(ttftBeside(whole)).toEqual({ requests: 10, ttftMs: 100, nearestMs: 100 });
  expect(ttftBeside([...whole, times(5, 90_000, 4, 400)])).toEqual(ttftBeside(whole));
  expect(ttftBeside([times(5, 500, 4, 400)])).toBeNull();
  expect(ttftBeside([times(0, 0, 0, 0)])).toBeNull();
});
