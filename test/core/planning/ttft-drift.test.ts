import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestTtftMs } from '../../../src/core/model/eligibility.ts';
import type { Plan } from '../../../src/core/planning/plan.ts';
import {
  countTtft,
  judgeTtft,
  noTtftDrift,
  plannedWaitsMs,
  type TtftDrift,
} from '../../../src/core/planning/ttft-drift.ts';
import { windowEnds } from '../../../src/core/planning/watch-windows.ts';
import { embeddedFleet } from '../support/fleets.ts';

const STEP_MS = 5000;

/** Seconds at which plans are asked for, of so many steps with `streams` each at `ttftMs`. */
function drifts(
  steps: number,
  ttftMs: (step: number) => number,
  { streams = 2, waitMs = 0 }: { streams?: number; waitMs?: number } = {},
) {
  let drift = noTtftDrift(0);
  const found: number[] = [];
  for (let n = 1; n <= steps; n++) {
    const nowMs = n * STEP_MS;
    const perth = { count: streams, ttftMs: streams * ttftMs(n), plannedMs: streams * 100 };
    drift = countTtft(drift, { perth }, nowMs);
    if (!windowEnds(drift, nowMs)) continue;
    const judged = judgeTtft(drift, { perth: waitMs }, nowMs);
    drift = judged.drift;
    if (judged.late.length > 0) found.push(nowMs / 1000);
  }
  return found;
}

test('as planned is no drift, nor is half as long again, nor a site that is quicker', () => {
  for (const ms of [1, 50, 100, 150, 199]) expect(drifts(720, () => ms)).toEqual([]);
  // What is planned to wait is planned.
  expect(drifts(720, () => 700, { waitMs: 500 })).toEqual([]);
});

test('longer is, after two windows, and then there is quiet', () => {
  const found = drifts(720, (n) => (n > 240 ? 300 : 100));
  expect(found[0]).toBe(1200 + 240);
  for (let k = 1; k < found.length; k++) {
    expect((found[k] as number) - (found[k - 1] as number)).toBeGreaterThanOrEqual(900);
  }
  expect(found.length).toBeGreaterThan(1);
});

test('a window of it is none, and few streams are none', () => {
  expect(drifts(720, (n) => (n > 240 && n <= 264 ? 5000 : 100))).toEqual([]);
  expect(drifts(720, () => 5000, { streams: 0.5 })).toEqual([]);
});

test('whatever comes, a plan is asked for once a quarter of an hour at most', () => {
  const step = fc.record({
    count: fc.nat(100),
    ttftMs: fc.nat(100_000),
    pauseMs: fc.integer({ min: -50_000, max: 200_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let drift: TtftDrift = noTtftDrift(0);
      let nowMs = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const { count, ttftMs, pauseMs } of steps) {
        nowMs += Math.max(0, pauseMs);
        const perth = { count, ttftMs, plannedMs: 100 * count };
        drift = countTtft(drift, { perth }, nowMs + Math.min(0, pauseMs));
        if (!windowEnds(drift, nowMs)) continue;
        const judged = judgeTtft(drift, {}, nowMs);
        drift = judged.drift;
        if (judged.late.length === 0) continue;
        expect(nowMs - last).toBeGreaterThanOrEqual(900_000);
        last = nowMs;
      }
    }),
  );
});

test('the wait planned at a site is that of its shares of the demand, longer at a slower site', () => {
  const fleet = embeddedFleet();
  const perth = fleet.sites.find((s) => s.id === 'perth')!;
  const plan = (reqPerS: number, speed?: object) =>
    ({
      header: { sites: [{ site: 'perth', ...(speed && { speed }) }] },
      slots: [{ chat: { perth: [['perth', 1]] } }],
      demand: [{ chat: { perth: reqPerS } }],
    }) as unknown as Plan;
  const waits = [1, 2, 3].map((x) => plannedWaitsMs(fleet, plan(x), 0)?.perth as number);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits[0]).toBeGreaterThan(0);
  const slow = { prefill: 1.3, decode: 1.3, rttMs: {} };
  expect(plannedWaitsMs(fleet, plan(2, slow), 0)?.perth).toBeGreaterThan(waits[1] as number);
  expect(plannedWaitsMs(fleet, { ...plan(1), demand: undefined }, 0)).toBeUndefined();
  // The speed that a plan knows is in what a request takes there.
  const zone = fleet.zones.find((z) => z.id === 'perth')!;
  const [cls] = fleet.classes;
  const of = (site: typeof perth & { speed?: typeof slow }) =>
    requestTtftMs(zone, site, cls!, 1000);
  expect(of({ ...perth, speed: slow }) - of(perth)).toBeGreaterThan(20);
});
