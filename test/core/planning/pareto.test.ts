import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FrontPoint,
  keepBudget,
  leastY,
  paretoFront,
  roomBelow,
} from '../../../src/core/planning/pareto.ts';
import { dice } from '../support/random.ts';

/** Plans as points in a plane: the optimum at a price is the best of them, and its own bound. */
function evaluator(points: { x: number; y: number }[]) {
  return (price: number): Omit<FrontPoint, 'price'> => {
    const cost = (p: { x: number; y: number }) => p.y + price * p.x;
    const best = points.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    return { ...best, lowerBound: cost(best) };
  };
}

const curve = Array.from({ length: 2001 }, (_, n) => {
  const x = 1 + n / 200;
  return { x, y: 10 / x };
});

describe('the front', () => {
  test('spreads over the curve and knows it well', () => {
    const front = paretoFront(evaluator(curve), 1e6, 9);
    expect(front).toHaveLength(9);
    for (let n = 0; n + 1 < front.length; n++) {
      const [a, b] = [front[n]!, front[n + 1]!];
      expect(b.x).toBeLessThan(a.x);
      expect(b.y).toBeGreaterThan(a.y);
      expect(b.price).toBeGreaterThan(a.price);
      expect(roomBelow(front, a, b)).toBeLessThan(0.9);
    }
  });

  test('no plan lies below its bounds, whatever the plans are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
        const d = dice(seed);
        const points = Array.from({ length: d.integer(1, 40) }, () => ({
          x: d.uniform(0, 10),
          y: d.uniform(-5, 5),
        }));
        const front = paretoFront(evaluator(points), 1e6, d.integer(2, 12));
        for (const p of points) expect(p.y).toBeGreaterThanOrEqual(leastY(front, p.x) - 1e-6);
      }),
      { seed: 80, numRuns: 200 },
    );
  });

  test('a single plan is a front of its two ends', () => {
    const front = paretoFront(evaluator([{ x: 1, y: 2 }]), 1e6, 9);
    expect(front.every((p) => p.x === 1 && p.y === 2)).toBe(true);
  });
});

describe('a budget', () => {
  test.each([1.5, 3, 7])('of %f is kept at the least cost there is', (budget) => {
    const plan = keepBudget(evaluator(curve), budget, 1e6, 1e-3)!;
    expect(plan.point.x).toBeLessThanOrEqual(budget);
    expect(plan.point.y).toBeLessThan((10 / budget) * 1.01);
    expect(plan.leastY).toBeLessThanOrEqual(10 / budget + 1e-9);
    // The shadow price is the slope of the curve there.
    expect(plan.point.price).toBeGreaterThan((10 / budget ** 2) * 0.9);
    expect(plan.point.price).toBeLessThan((10 / budget ** 2) * 1.1);
  });

  test('that does not bind has no price', () => {
    expect(keepBudget(evaluator(curve), 20, 1e6, 1e-3)!.point.price).toBe(0);
  });

  test('nobody can keep is none', () => {
    expect(keepBudget(evaluator(curve), 0.5, 1e6, 1e-3)).toBeUndefined();
  });
});
