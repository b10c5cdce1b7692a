import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SlotView } from '../../src/core/planning/view.ts';
import { trafficOf } from '../../src/dashboard/measured.ts';
import type { Measured } from '../../src/dashboard/types.ts';

type Site = NonNullable<Measured['traffic']>[number];

const times = fc.record({
  streams: fc.double({ min: 0.5, max: 1e4, noNaN: true }),
  ttftMs: fc.double({ min: 1, max: 1e4, noNaN: true }),
  unloadedTtftMs: fc.double({ min: 1, max: 1e4, noNaN: true }),
});
const site = fc.record({
  site: fc.constant('a'),
  attemptsPerS: fc.double({ min: 0.1, max: 100, noNaN: true }),
  failedPerS: fc.double({ min: 0, max: 0.1, noNaN: true }),
  ttft: fc.option(
    fc
      .record({ times, planned: fc.option(times) })
      .map(({ times: t, planned }) => ({ ...t, planned })),
  ),
});
const waits = (ms: number[]) => ({ sites: ms.map((waitMs) => ({ waitMs })) }) as SlotView;

test('means lie within those of the sites, and planned is held against the same streams', () => {
  const run = (sites: Site[], waitMs: number) => {
    const slot = waits(sites.map(() => waitMs));
    const { failedShare, streams, ttftMs, planned } = trafficOf(sites, slot);
    const timed = sites.flatMap(({ ttft }) => ttft ?? []);
    const covered = timed.flatMap((t) => t.planned ?? []);
    expect(failedShare).toBeGreaterThanOrEqual(0);
    expect(failedShare).toBeLessThanOrEqual(1);
    expect(streams).toBeCloseTo(
      timed.reduce((sum, t) => sum + t.streams, 0),
      6,
    );
    const isWithin = (value: number | null, of: number[]) => {
      if (of.length === 0) return expect(value).toBeNull();
      expect(value).toBeGreaterThanOrEqual(Math.min(...of) * (1 - 1e-9));
      return expect(value).toBeLessThanOrEqual(Math.max(...of) * (1 + 1e-9));
    };
    isWithin(
      ttftMs,
      timed.map((t) => t.ttftMs),
    );
    isWithin(
      planned?.ttftMs ?? null,
      covered.map((t) => t.ttftMs),
    );
    isWithin(
      planned?.plannedMs ?? null,
      covered.map((t) => t.unloadedTtftMs + waitMs),
    );
  };
  fc.assert(
    fc.property(
      fc.array(site, { minLength: 1, maxLength: 6 }),
      fc.double({ min: 0, max: 500, noNaN: true }),
      run,
    ),
  );
});

test('without a plan that says how long requests wait nothing is planned; without attempts none fail', () => {
  const of = { streams: 10, ttftMs: 200, unloadedTtftMs: 150 };
  const one: Site = { site: 'a', attemptsPerS: 0, failedPerS: 0, ttft: { ...of, planned: of } };
  expect(trafficOf([one], undefined)).toMatchObject({ ttftMs: 200, planned: null });
  expect(trafficOf([one], waits([]))).toMatchObject({ planned: null });
  expect(trafficOf([one], waits([30]))).toMatchObject({ planned: { plannedMs: 180 } });
  expect(trafficOf([one], undefined).failedShare).toBeNull();
});
