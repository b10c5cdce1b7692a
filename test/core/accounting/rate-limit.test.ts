import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Allowance,
  type Bucket,
  creditOf,
  durationText,
  filled,
  lease,
} from '../../../src/core/accounting/rate-limit.ts';

/** Isolates that ask the bucket as soon as they would, in the background: answers come late or never. */
function simulate(
  perMinute: number,
  isolates: number,
  events: { isolate: number; amount: number; waitMs: number; fails: boolean }[],
) {
  let bucket: Bucket | undefined;
  let nowMs = 1000;
  let spent = 0;
  const sides = Array.from({ length: isolates }, () => new Allowance(perMinute));
  const ask = (a: Allowance, fails: boolean, atLeast: number) => {
    const report = a.report(atLeast);
    if (fails) return a.failed(report);
    const taken = lease(bucket, perMinute, report, nowMs);
    bucket = taken.bucket;
    a.granted(taken.granted, taken.bucket, nowMs);
  };
  for (const { isolate, amount, waitMs, fails } of events) {
    nowMs += waitMs;
    const side = sides[isolate % isolates] as Allowance;
    if (side.mayI(amount, nowMs) !== 'yes') ask(side, fails, amount);
    if (side.mayI(amount, nowMs) !== 'yes') continue;
    side.spend(amount);
    spent += amount;
    if (side.wantsLease && !fails) ask(side, false, 0);
  }
  return { spent, elapsedMs: nowMs - 1000 };
}

const event = fc.record({
  isolate: fc.nat(9),
  amount: fc.integer({ min: 1, max: 30 }),
  waitMs: fc.nat(300),
  fails: fc.boolean(),
});

describe('limits over several isolates', () => {
  test('are exceeded by no more than each isolate’s credit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 30, max: 2000 }),
        fc.integer({ min: 1, max: 10 }),
        fc.array(event, { maxLength: 400 }),
        (perMinute, isolates, events) => {
          const { spent, elapsedMs } = simulate(perMinute, isolates, events);
          // A first request may be larger than the credit; it is let in where nothing is ahead.
          const credit = Math.max(creditOf(perMinute), 30);
          const allowed = perMinute + (elapsedMs * perMinute) / 60_000;
          expect(spent).toBeLessThanOrEqual(allowed + isolates * credit);
        },
      ),
    );
  });

  test('one isolate gets its whole limit', () => {
    const events = Array.from({ length: 200 }, () => ({
      isolate: 0,
      amount: 1,
      waitMs: 0,
      fails: false,
    }));
    const { spent } = simulate(100, 1, events);
    expect(spent).toBeGreaterThanOrEqual(100);
    expect(spent).toBeLessThanOrEqual(100 + creditOf(100));
  });

  test('what an isolate gives back is there for others', () => {
    const side = new Allowance(100);
    side.granted(10, { level: 90, atMs: 0 }, 0);
    side.spend(4);
    expect(side.report().net).toBe(-6);
    const side2 = new Allowance(100);
    side2.spend(5);
    side2.correct(-5);
    expect(side2.report().net).toBe(0);
  });
});

test('a bucket fills at the limit’s pace, to a minute’s worth', () => {
  expect(filled({ level: 0, atMs: 0 }, 60, 30_000).level).toBe(30);
  expect(filled({ level: 0, atMs: 0 }, 60, 900_000).level).toBe(60);
  // A clock that goes back fills nothing, and takes nothing.
  expect(filled({ level: 7, atMs: 500 }, 60, 0)).toEqual({ level: 7, atMs: 500 });
});

test.each([
  [0, '0ms'],
  [119.2, '120ms'],
  [1500, '1.5s'],
  [59_999, '1m0s'],
  [60_000, '1m0s'],
  [366_000, '6m6s'],
])('%d ms as OpenAI writes it', (ms, text) => expect(durationText(ms)).toBe(text));
