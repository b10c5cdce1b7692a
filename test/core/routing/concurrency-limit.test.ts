import { expect, test } from 'vitest';
import { ConcurrencyLimit } from '../../../src/core/routing/concurrency-limit.ts';
import { dice } from '../support/random.ts';

const MOST = 2000;

/** TTFTs 50 ms apart, at as many requests under way as the limit lets in of 200. */
function time(limit: ConcurrencyLimit, ratios: Iterable<number>, fromMs = 0): number {
  let least = limit.value;
  let nowMs = fromMs;
  for (const ratio of ratios) {
    nowMs += 50;
    limit.timed(ratio, Math.min(200, limit.value), nowMs);
    least = Math.min(least, limit.value);
  }
  return least;
}

test('TTFTs below their expectation, then at it, are no queue', () => {
  const limit = new ConcurrencyLimit(MOST);
  time(limit, Array(50).fill(0.3));
  expect(time(limit, Array(10).fill(1), 10_000)).toBe(MOST);
});

test.each([
  ['far below expectation', 0.04, 0.7],
  ['around expectation', 1, 0.5],
  ['always three times the expectation', 3, 0.5],
])('noise %s is no queue', (_, mean, sigma) => {
  const d = dice(7);
  // Log-normal about the mean; a sum of twelve is nearly a normal variate.
  const normal = () =>
    Array.from({ length: 12 }, () => d.uniform(0, 1)).reduce((a, b) => a + b) - 6;
  const ratios = Array.from(
    { length: 5000 },
    () => mean * Math.exp(sigma * normal() - sigma ** 2 / 2),
  );
  expect(time(new ConcurrencyLimit(MOST), ratios)).toBe(MOST);
});

test('a queue is found, of a fleet that is quicker than expected, too', () => {
  const limit = new ConcurrencyLimit(MOST);
  time(limit, Array(100).fill(0.3));
  expect(time(limit, Array(300).fill(4), 10_000)).toBeLessThan(110);
});

test('a limit in use grows back within as many answers as it takes to work off some rounds', () => {
  const limit = new ConcurrencyLimit(MOST);
  limit.overloaded(100, 0);
  expect(limit.value).toBe(80);
  let answers = 0;
  for (; limit.value < MOST && answers < 50_000; answers++) {
    limit.timed(1, limit.value, 1000 + answers);
  }
  expect(limit.value).toBe(MOST);
  expect(answers).toBeLessThan(20_000);
});
