import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countRequests,
  type Drift,
  hasPriceMoved,
  judgeWindow,
  lossAsksForPlan,
  noDrift,
} from '../../../src/core/planning/drift.ts';
import { windowEnds } from '../../../src/core/planning/watch-windows.ts';
import { seededRandom } from '../support/random.ts';

const STEP_MS = 5000;

/** Times of drift, in seconds, of requests per step over so many steps. */
function drifts(steps: number, plannedReqPerS: number, requestsAt: (step: number) => number) {
  let drift = noDrift(0);
  const found: number[] = [];
  for (let n = 1; n <= steps; n++) {
    const nowMs = n * STEP_MS;
    drift = countRequests(drift, requestsAt(n), nowMs);
    if (!windowEnds(drift, nowMs)) continue;
    const judged = judgeWindow(drift, plannedReqPerS, nowMs);
    drift = judged.drift;
    if (judged.isDrifting) found.push(nowMs / 1000);
  }
  return found;
}

test('what was planned for is no drift, nor is a third more or less', () => {
  for (const factor of [0.7, 1, 1.33]) {
    expect(drifts(720, 20, () => 100 * factor)).toEqual([]);
  }
});

test('twice as much is drift after two windows, a third of it too, and then there is quiet', () => {
  for (const factor of [2, 0.3]) {
    const found = drifts(720, 20, (n) => (n > 240 ? 100 * factor : 100));
    expect(found[0]).toBe(1200 + 240);
    for (let k = 1; k < found.length; k++) {
      expect((found[k] as number) - (found[k - 1] as number)).toBeGreaterThanOrEqual(900);
    }
    expect(found.length).toBeLessThanOrEqual(3);
  }
});

test('a burst of one window is none, nor are windows off to different sides', () => {
  expect(drifts(720, 20, (n) => (n > 240 && n <= 264 ? 900 : 100))).toEqual([]);
  expect(drifts(720, 20, (n) => (Math.ceil(n / 24) % 2 === 0 ? 250 : 10))).toEqual([]);
});

test('chance makes no drift of few requests', () => {
  const random = seededRandom(11);
  for (const reqPerS of [0.001, 0.05, 1]) {
    const found = drifts(20_000, reqPerS, () => {
      // Poisson by the gaps of five seconds.
      const gapS = () => -Math.log(1 - random()) / reqPerS;
      let n = 0;
      for (let s = gapS(); s < STEP_MS / 1000; s += gapS()) n++;
      return n;
    });
    expect(found).toEqual([]);
  }
});

test('after silence the count begins anew, and a clock set back does no harm', () => {
  const drift = countRequests(noDrift(0), 50, STEP_MS);
  expect(countRequests(drift, 9999, 3_600_000)).toMatchObject({ fromMs: 3_600_000, requests: 0 });
  expect(countRequests({ ...drift, fromMs: 10_000 }, 9, 5000)).toMatchObject({ fromMs: 5000 });
});

test('whatever comes, a plan is asked for once a quarter of an hour at most', () => {
  const step = fc.record({ requests: fc.nat(5000), pauseMs: fc.nat(200_000) });
  fc.assert(
    fc.property(fc.array(step), fc.double({ min: 0, max: 1000, noNaN: true }), (steps, planned) => {
      let drift: Drift = noDrift(0);
      let nowMs = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const { requests, pauseMs } of steps) {
        nowMs += pauseMs;
        drift = countRequests(drift, requests, nowMs);
        if (!windowEnds(drift, nowMs)) continue;
        const judged = judgeWindow(drift, planned, nowMs);
        drift = judged.drift;
        if (!judged.isDrifting) continue;
        expect(nowMs - last).toBeGreaterThanOrEqual(900_000);
        last = nowMs;
      }
    }),
  );
});

test('a price has moved by more than 100 AUD/MWh and half of the larger, to either side', () => {
  expect(hasPriceMoved(80, 15_100)).toBe(true);
  expect(hasPriceMoved(15_100, 300)).toBe(true);
  expect(hasPriceMoved(60, -900)).toBe(true);
  expect(hasPriceMoved(60, 150)).toBe(false);
  expect(hasPriceMoved(1000, 1400)).toBe(false);
  expect(hasPriceMoved(Number.NaN, 15_100)).toBe(false);
  const price = fc.integer({ min: -1000, max: 16_600 });
  fc.assert(
    fc.property(price, price, (a, b) => {
      expect(hasPriceMoved(a, b)).toBe(hasPriceMoved(b, a));
      if (Math.abs(a - b) <= 100) expect(hasPriceMoved(a, b)).toBe(false);
    }),
  );
});

test('a loss asks for a plan every five minutes, for a day', () => {
  const minutes = (n: number) => 60_000 * n;
  expect(lossAsksForPlan([], 0, minutes(60))).toBe(false);
  expect(lossAsksForPlan([minutes(100)], minutes(100), minutes(104))).toBe(false);
  expect(lossAsksForPlan([minutes(100)], minutes(100), minutes(105))).toBe(true);
  const day = minutes(24 * 60);
  expect(lossAsksForPlan([0], day - minutes(9), day - minutes(1))).toBe(true);
  expect(lossAsksForPlan([0], day - minutes(9), day)).toBe(false);
  // Another that goes down later is watched by itself.
  expect(lossAsksForPlan([0, day], day - minutes(9), day)).toBe(true);
});
