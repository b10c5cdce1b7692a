import { expect, test } from 'vitest';
import {
  attemptsAt,
  isInQuestion,
  newEntry,
  takeProbe,
  takeTally,
  timesAt,
  troubleOf,
} from '../../../src/core/routing/board.ts';

test('down by traffic: enough attempts, most of them failed, once', () => {
  const entry = newEntry();
  expect(takeTally(entry, { good: 0, bad: 19 }, 'a', 0)).toBe(false);
  expect(takeTally(entry, { good: 0, bad: 1 }, 'a', 0)).toBe(true);
  expect(takeTally(entry, { good: 0, bad: 50 }, 'a', 1000)).toBe(false);
  expect(entry.downSinceMs).toBe(0);
  const well = newEntry();
  expect(takeTally(well, { good: 60, bad: 50 }, 'a', 0)).toBe(false);
});

test('what is long past does not count', () => {
  const entry = newEntry();
  takeTally(entry, { good: 0, bad: 19 }, 'a', 0);
  expect(takeTally(entry, { good: 0, bad: 5 }, 'a', 300_000)).toBe(false);
});

test('down by three probes; up by two, but not before its time, which doubles', () => {
  const entry = newEntry();
  expect([0, 1, 2].map((n) => takeProbe(entry, false, n))).toEqual([false, false, true]);
  expect(takeProbe(entry, true, 30_000)).toBe(false);
  expect(takeProbe(entry, true, 45_000)).toBe(false);
  expect(takeProbe(entry, true, 60_002)).toBe(true);
  expect(isInQuestion(entry, 60_002)).toBe(false);
  for (let n = 0; n < 3; n++) takeProbe(entry, false, 100_000);
  expect(entry.downSinceMs).toBe(100_000);
  for (let n = 0; n < 5; n++) expect(takeProbe(entry, true, 219_999)).toBe(false);
  expect(takeProbe(entry, true, 220_000)).toBe(true);
});

test('one failed probe is a question, not an answer', () => {
  const entry = newEntry();
  takeProbe(entry, false, 0);
  expect(isInQuestion(entry, 0)).toBe(true);
  expect(entry.downSinceMs).toBeUndefined();
  takeProbe(entry, true, 15_000);
  expect(isInQuestion(entry, 15_000)).toBe(false);
});

test('a site that an isolate put out of use is in trouble and in question until it does well', () => {
  const entry = newEntry();
  takeTally(entry, { good: 30, bad: 3, ejected: 'failures' }, 'a', 1000);
  expect(troubleOf(entry, 1000)).toEqual({ kind: 'failing', sinceMs: 1000 });
  expect(isInQuestion(entry, 1000)).toBe(true);
  takeTally(entry, { good: 0, bad: 1, ejected: 'failures' }, 'a', 160_000);
  // Since when is kept while it is said again.
  expect(troubleOf(entry, 339_999)).toEqual({ kind: 'failing', sinceMs: 1000 });
  // Nobody asks it any more, so nobody knows.
  expect(troubleOf(entry, 340_000)).toBeUndefined();
  takeTally(entry, { good: 0, bad: 1, ejected: 'slow' }, 'a', 400_000);
  expect(troubleOf(entry, 400_000)).toEqual({ kind: 'slow', sinceMs: 400_000 });
  takeTally(entry, { good: 1, bad: 0 }, 'a', 401_000);
  expect(troubleOf(entry, 401_000)).toBeUndefined();
  expect(isInQuestion(entry, 401_000)).toBe(false);
});

test('down is worse than out of use; found up again, it is to answer a request of anybody first', () => {
  const entry = newEntry();
  takeTally(entry, { good: 0, bad: 3, ejected: 'failures' }, 'a', 0);
  takeTally(entry, { good: 0, bad: 3, ejected: 'failures' }, 'b', 500);
  for (let n = 0; n < 3; n++) takeProbe(entry, false, 1000);
  expect(troubleOf(entry, 1000)).toEqual({ kind: 'down', sinceMs: 1000 });
  // However long it was down.
  for (let n = 0; n < 2; n++) takeProbe(entry, true, 961_000);
  expect(entry.downSinceMs).toBeUndefined();
  expect(troubleOf(entry, 961_000)).toEqual({ kind: 'failing', sinceMs: 0 });
  const tried = structuredClone(entry);
  takeTally(tried, { good: 0, bad: 1, ejected: 'failures' }, 'a', 970_000);
  expect(troubleOf(tried, 970_000)?.kind).toBe('failing');
  takeTally(entry, { good: 1, bad: 0 }, 'c', 970_000);
  expect(troubleOf(entry, 970_000)).toBeUndefined();
});

test('found down by probes alone, it is well when it is up', () => {
  const entry = newEntry();
  for (let n = 0; n < 3; n++) takeProbe(entry, false, 1000);
  for (let n = 0; n < 2; n++) takeProbe(entry, true, 61_000);
  expect(troubleOf(entry, 61_000)).toBeUndefined();
});

test('an isolate’s word on a site is its own to take back', () => {
  const entry = newEntry();
  takeTally(entry, { good: 9, bad: 3, ejected: 'slow' }, 'a', 0);
  takeTally(entry, { good: 9, bad: 3, ejected: 'failures' }, 'b', 1000);
  for (let n = 2; n < 9; n++) takeTally(entry, { good: 9, bad: 0 }, 'c', n * 1000);
  expect(troubleOf(entry, 9000)).toEqual({ kind: 'failing', sinceMs: 1000 });
  takeTally(entry, { good: 1, bad: 0 }, 'b', 9000);
  expect(troubleOf(entry, 9000)).toEqual({ kind: 'slow', sinceMs: 0 });
  takeTally(entry, { good: 1, bad: 0 }, 'a', 9000);
  expect(troubleOf(entry, 9000)).toBeUndefined();
});

test('the words of very many isolates stay few', () => {
  const entry = newEntry();
  const say = (isolate: number, ms: number) =>
    takeTally(entry, { good: 9, bad: 3, ejected: 'failures' }, `${isolate}`, ms);
  for (let n = 0; n < 1000; n++) say(n, n);
  expect(JSON.stringify(entry).length).toBeLessThan(6000);
  // The latest are those that count.
  for (let n = 999; n >= 950; n--) takeTally(entry, { good: 1, bad: 0 }, `${n}`, 1000);
  expect(troubleOf(entry, 1000)).toBeUndefined();
});

test('times to first token of all isolates make one mean, in which older ones fade', () => {
  const entry = newEntry();
  expect(timesAt(entry, 0).timed).toBeUndefined();
  takeTally(entry, { good: 2, bad: 0, timed: { count: 2, ttftMs: 400, expectedMs: 200 } }, 'a', 0);
  takeTally(entry, { good: 1, bad: 0, timed: { count: 2, ttftMs: 600, expectedMs: 200 } }, 'a', 0);
  expect(timesAt(entry, 0).timed).toEqual({ count: 4, ttftMs: 1000, expectedMs: 400 });
  // An isolate of a version that tells no times changes nothing of them.
  takeTally(entry, { good: 5, bad: 5 }, 'a', 0);
  expect(timesAt(entry, 0).timed?.count).toBe(4);
  const later = timesAt(entry, 900_000).timed!;
  expect(later.count).toBeCloseTo(4 / Math.E, 9);
  expect(later.ttftMs / later.count).toBeCloseTo(250, 9);
  takeTally(
    entry,
    { good: 1, bad: 0, timed: { count: 1, ttftMs: 50, expectedMs: 40 } },
    'a',
    3_600_000,
  );
  const mean = timesAt(entry, 3_600_000).timed!;
  expect(mean.ttftMs / mean.count).toBeLessThan(70);
});

test('times of streams that a plan covered fade in the same way, apart from the others', () => {
  const entry = newEntry();
  const timed = { count: 3, ttftMs: 600, expectedMs: 300 };
  takeTally(entry, { good: 3, bad: 0, timed }, 'a', 0);
  expect(timesAt(entry, 0)).toEqual({ timed, planned: undefined });
  const planned = { count: 1, ttftMs: 200, plannedMs: 150 };
  takeTally(entry, { good: 1, bad: 0, timed: { ...timed, count: 1 }, planned }, 'a', 0);
  takeTally(entry, { good: 1, bad: 0, timed, planned }, 'b', 0);
  expect(timesAt(entry, 0).planned).toEqual({ count: 2, ttftMs: 400, plannedMs: 300 });
  expect(timesAt(entry, 0).timed?.count).toBe(7);
  const later = timesAt(entry, 900_000).planned!;
  expect(later.count).toBeCloseTo(2 / Math.E, 9);
  expect(later.plannedMs / later.count).toBeCloseTo(150, 9);
});

test('attempts that come evenly make their rate, whatever the reports they come in', () => {
  for (const everyS of [1, 5, 13]) {
    const entry = newEntry();
    for (let s = 0; s <= 1200; s += everyS) {
      takeTally(entry, { good: 3 * everyS, bad: everyS }, 'a', 1000 * s);
    }
    // Between reports the sum falls by what is not yet told.
    const [after, before] = [0, everyS].map((s) => attemptsAt(entry, entry.seenMs + 1000 * s));
    for (const kind of ['good', 'bad'] as const) {
      const perMinute = kind === 'good' ? 180 : 60;
      expect(after![kind]).toBeGreaterThan(perMinute);
      expect(before![kind]).toBeLessThan(perMinute);
      expect(after![kind] / before![kind]).toBeCloseTo(Math.exp(everyS / 60), 9);
    }
  }
  expect(attemptsAt(newEntry(), 0)).toEqual({ good: 0, bad: 0 });
});
