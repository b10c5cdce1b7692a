import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cheapestMixture } from '../../../src/core/planning/mixture.ts';
import { dice } from '../support/random.ts';

describe('by hand', () => {
  const plans = [
    { x: [10], y: 1 },
    { x: [4], y: 4 },
    { x: [2], y: 10 },
  ];

  test('between two plans, at the slope of the line that joins them', () => {
    const m = cheapestMixture(plans, [7], [100]);
    expect(m.weights.map((w) => +w.toFixed(12))).toEqual([0.5, 0.5, 0]);
    expect(m.prices[0]).toBeCloseTo(0.5, 12);
    expect(m.excess).toEqual([0]);
    expect(m.cost).toBeCloseTo(2.5, 12);
  });

  test('a limit that does not bind has no price', () => {
    const m = cheapestMixture(plans, [12], [100]);
    expect(m).toEqual({ weights: [1, 0, 0], prices: [0], excess: [0], cost: 1 });
  });

  test('one that nothing keeps is missed by the least, at the highest price', () => {
    const m = cheapestMixture(plans, [1], [100]);
    expect(m.weights).toEqual([0, 0, 1]);
    expect(m.prices[0]).toBeCloseTo(100, 9);
    expect(m.excess[0]).toBeCloseTo(1, 12);
    expect(m.cost).toBeCloseTo(110, 9);
  });
});

test('one or two limits: cheaper than any mixture of a dense sample, and proven by its prices', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 2 }),
      (seed, m) => {
        const d = dice(seed);
        const plans = Array.from({ length: d.integer(1, 6) }, () => ({
          x: Array.from({ length: m }, () => d.uniform(1, 10)),
          y: d.uniform(-5, 5) * 100,
        }));
        // Ties and limits that are met exactly.
        if (d.chance(0.3)) plans.push({ ...plans[0]! });
        const limits = Array.from({ length: m }, (_, k) =>
          d.chance(0.2) ? plans[0]!.x[k]! : d.uniform(0.5, 12),
        );
        const highest = Array.from({ length: m }, () => 10 ** d.uniform(1, 4));
        const mix = cheapestMixture(plans, limits, highest);
        const size = 1e-7 * (500 + Math.abs(mix.cost));
        expect(mix.weights.every((w) => w >= 0)).toBe(true);
        expect(mix.weights.reduce((a, w) => a + w, 0)).toBeCloseTo(1, 12);
        // Weak duality: at its prices no plan is cheaper than the mixture.
        const dual = Math.min(
          ...plans.map((p) =>
            p.x.reduce((sum, x, k) => sum + mix.prices[k]! * (x - limits[k]!), p.y),
          ),
        );
        expect(Math.abs(dual - mix.cost)).toBeLessThan(size);
        const costOf = (weights: number[]) => {
          const total = weights.reduce((a, w) => a + w, 0);
          const mixed = (of: (p: (typeof plans)[number]) => number) =>
            plans.reduce((sum, p, i) => sum + (weights[i]! / total) * of(p), 0);
          return limits.reduce(
            (sum, limit, k) => sum + highest[k]! * Math.max(0, mixed((p) => p.x[k]!) - limit),
            mixed((p) => p.y),
          );
        };
        for (let n = 0; n < 50; n++) {
          const weights = plans.map(() => (d.chance(0.4) ? 0 : d.uniform(0, 1)));
          if (weights.every((w) => w === 0)) continue;
          expect(costOf(weights)).toBeGreaterThanOrEqual(mix.cost - size);
        }
      },
    ),
    { seed: 90, numRuns: 300 },
  );
});
