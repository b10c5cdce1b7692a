import { describe, expect, test } from 'vitest';
import {
  percentChange,
  percentInterval,
  quantile,
  resampledDays,
} from '../../../src/core/evidence/bootstrap.ts';
import { seededRandom } from '../support/random.ts';

/** Standard normal numbers by Box and Muller. */
function normals(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Days about 100 whose deviations of size one follow their predecessors by φ. */
function days(seed: number, count: number, phi = 0): Float64Array {
  const normal = normals(seed);
  let deviation = normal();
  return Float64Array.from({ length: count }, () => {
    deviation = phi * deviation + Math.sqrt(1 - phi * phi) * normal();
    return 100 + deviation;
  });
}

function interval(ours: Float64Array, blockDays: number, seed: number, resamples = 400) {
  const random = seededRandom(seed);
  const draws = resampledDays(ours.length, { blockDays, resamples, level: 0.95, random });
  const { value, low, high } = percentInterval(
    ours,
    ours.map(() => 100),
    draws,
    0.95,
  );
  return { value, low: low as number, high: high as number };
}

test('of independent days about one time in twenty the truth is outside', () => {
  const worlds = 300;
  let covered = 0;
  for (let world = 1; world <= worlds; world++) {
    // The true difference is none.
    const { low, high } = interval(days(world, 120), 1, 7 * world);
    if (low <= 0 && 0 <= high) covered++;
  }
  expect(covered / worlds).toBeGreaterThan(0.9);
  expect(covered / worlds).toBeLessThan(0.985);
});

test('of days that follow one another blocks see the spread that single days miss', () => {
  const [phi, count] = [0.7, 364];
  // Of the mean of such days: σ²/n (1 + φ)/(1 − φ).
  const truth = 2 * 1.96 * Math.sqrt((1 + phi) / (1 - phi) / count);
  const mean = (blockDays: number) => {
    const widths = Array.from({ length: 20 }, (_, n) => {
      const { low, high } = interval(days(n + 1, count, phi), blockDays, n + 99);
      return (high - low) / 20;
    });
    return widths.reduce((a, b) => a + b, 0) / truth;
  };
  const [single, week, threeWeeks] = [mean(1), mean(7), mean(21)];
  expect(single).toBeLessThan(0.5);
  expect(week).toBeGreaterThan(1.7 * single);
  expect(threeWeeks).toBeGreaterThan(0.8);
  expect(threeWeeks).toBeLessThan(1.1);
});

test('two days drawn singly: the quarter, the half, the quarter', () => {
  const ours = Float64Array.of(90, 110);
  const theirs = Float64Array.of(100, 100);
  const draws = resampledDays(2, {
    blockDays: 1,
    resamples: 4000,
    level: 0.9,
    random: seededRandom(5),
  });
  const both = draws.filter((d) => d[0] !== d[1]).length / draws.length;
  expect(both).toBeGreaterThan(0.46);
  expect(both).toBeLessThan(0.54);
  expect(percentInterval(ours, theirs, draws, 0.9)).toEqual({ value: 0, low: -10, high: 10 });
});

describe('draws', () => {
  const options = { resamples: 2000, level: 0.95 };

  test('every day equally often, in blocks that follow one another', () => {
    const random = seededRandom(3);
    const [count, blockDays] = [30, 7];
    const draws = resampledDays(count, { ...options, blockDays, random });
    const often = new Float64Array(count);
    for (const drawn of draws) {
      expect(drawn).toHaveLength(count);
      drawn.forEach((d, n) => {
        often[d]!++;
        if (n % blockDays > 0) expect(d).toBe((drawn[n - 1]! + 1) % count);
      });
    }
    for (const n of often) expect(Math.abs(n / draws.length - 1)).toBeLessThan(0.15);
  });

  test('the same for the same seed; none of no days', () => {
    const [a, b] = [1, 1].map((seed) =>
      resampledDays(40, { ...options, blockDays: 7, random: seededRandom(seed) }),
    );
    expect(a).toEqual(b);
    expect(resampledDays(0, { ...options, blockDays: 7, random: seededRandom(1) })).toEqual([]);
  });

  test('none of fewer days than two blocks, which then have no interval and not one without width', () => {
    const ours = days(1, 50);
    for (const blockDays of [26, 50, 90]) {
      const told = interval(ours, blockDays, 1);
      expect(told).toEqual({ value: told.value, low: null, high: null });
      expect(told.value).not.toBe(0);
    }
    const { low, high } = interval(ours, 25, 1);
    expect(high - low).toBeGreaterThan(0.01);
  });
});

test('the value is of the sums, whatever is drawn; a constant share has no spread', () => {
  const theirs = days(4, 60);
  const ours = theirs.map((d) => 0.9 * d);
  const draws = resampledDays(60, {
    blockDays: 7,
    resamples: 100,
    level: 0.95,
    random: seededRandom(1),
  });
  const { value, low, high } = percentInterval(ours, theirs, draws, 0.95);
  for (const x of [value, low, high]) expect(x).toBeCloseTo(-10, 9);
});

test('percent of something negative counts by its size, and nothing of nothing is no change', () => {
  expect(percentChange(-110, -100)).toBeCloseTo(-10, 12);
  expect(percentChange(-90, -100)).toBeCloseTo(10, 12);
  expect(percentChange(0, 0)).toBe(0);
});

test('quantiles lie on the lines between sorted values', () => {
  const sorted = Float64Array.of(0, 10, 20, 30);
  expect([0, 0.5, 1, 0.25].map((p) => quantile(sorted, p))).toEqual([0, 15, 30, 7.5]);
});
