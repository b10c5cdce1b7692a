import { describe, expect, test } from 'vitest';
import type { SlotView } from '../../src/core/planning/view.ts';
import { demandRemark, madeUpText } from '../../src/dashboard/demand.ts';
import type { Measured } from '../../src/dashboard/types.ts';

const HOUR_UTC_MS = Date.UTC(2026, 10, 25, 9);
const MINUTE_MS = 60_000;
const slotOf = (reqPerS: number, unservedReqPerS = 0) =>
  ({ utcMs: HOUR_UTC_MS, plan: { reqPerS, unservedReqPerS } }) as SlotView;
/** What is said of so many receipts in so many minutes, at a plan of one request a second. */
const remark = (minutes: number, requests: number, attemptsPerS: number, plannedPerS = 1) =>
  demandRemark(
    {
      nowUtcMs: HOUR_UTC_MS + minutes * MINUTE_MS,
      receipts: { hour: { fromUtcMs: HOUR_UTC_MS, requests } },
    } as Measured,
    attemptsPerS,
    slotOf(plannedPerS),
  );

test('made-up requests are said to be so, and what share of the plan’s demand they are', () => {
  const slots = [slotOf(90, 10), slotOf(300)];
  expect(madeUpText(2, slots)).toMatch(/^Simulated: made-up requests, 2 a second .*, 1.% of the/);
  for (const none of [undefined, []]) expect(madeUpText(2, none)).not.toMatch(/plan|%/);
});

describe('demand far from the plan’s', () => {
  test('is told where the hour and the last minute agree', () => {
    expect(remark(20, 120, 0.1)).toMatch(/^Far fewer .*: 0.1 a second since it began, 1 planned/);
    expect(remark(20, 0, 0)).toMatch(/^Far fewer .*: 0 a second/);
    expect(remark(20, 3000, 2.5)).toMatch(/^Far more .*: 2.5 a second/);
    expect(remark(20, 300, 0.25, 0)).toMatch(/^Far more .*, 0 planned/);
  });

  test('is not where it is within a fifth and twice', () => {
    expect(remark(20, 300, 0.25)).toBeUndefined();
    expect(remark(20, 2300, 1.9)).toBeUndefined();
  });

  test('nor early in the hour, of few requests, where only one of the two says so, or in another hour', () => {
    expect(remark(9, 0, 0)).toBeUndefined();
    expect(remark(20, 0, 0, 0.02)).toBeUndefined();
    expect(remark(20, 3, 0.01, 0)).toBeUndefined();
    expect(remark(55, 200, 1)).toBeUndefined();
    expect(remark(20, 1200, 9)).toBeUndefined();
    expect(remark(70, 0, 0)).toBeUndefined();
  });
});
