import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Queue,
  waitingCurvature,
  waitingRequests,
  waitingSlope,
  waitProbability,
} from '../../../src/core/model/queueing.ts';

const queue = fc.record({
  servers: fc.integer({ min: 1, max: 200 }),
  variability: fc.double({ min: 0.1, max: 20, noNaN: true }),
});
const utilisation = fc.double({ min: 0.01, max: 0.97, noNaN: true });

/** Erlang C: probability of waiting in M/M/c. */
function erlangC(servers: number, u: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < servers; n++) {
    term *= (servers * u) / n;
    sum += term;
  }
  const last = (term * servers * u) / servers / (1 - u);
  return last / (sum + last);
}

describe('waiting', () => {
  test('M/M/1 is exact: Lq = u²/(1 − u)', () => {
    const mm1: Queue = { servers: 1, variability: 1 };
    for (const u of [0.1, 0.5, 0.9, 0.99]) {
      expect(waitingRequests(mm1, u)).toBeCloseTo((u * u) / (1 - u), 12);
      expect(waitProbability(1, u)).toBeCloseTo(u, 12);
    }
  });

  test.each([
    [2, 0.8],
    [8, 0.85],
    [20, 0.9],
  ])('M/M/%d at u = %f is within 10 %% of Erlang C', (servers, u) => {
    const exact = (erlangC(servers, u) * u) / (1 - u);
    expect(Math.abs(waitingRequests({ servers, variability: 1 }, u) / exact - 1)).toBeLessThan(0.1);
  });

  test('is proportional to variability', () => {
    const once = waitingRequests({ servers: 4, variability: 1 }, 0.7);
    expect(waitingRequests({ servers: 4, variability: 6.5 }, 0.7)).toBeCloseTo(6.5 * once, 12);
  });

  test('nobody waits at no load, and everybody for ever at full load', () => {
    const q = { servers: 3, variability: 1 };
    expect(waitingRequests(q, 0)).toBe(0);
    expect(waitingSlope(q, 0)).toBe(0);
    expect(waitProbability(3, 0)).toBe(0);
    for (const f of [waitingRequests, waitingSlope, waitingCurvature]) {
      expect(f(q, 1)).toBe(Number.POSITIVE_INFINITY);
    }
    expect(waitProbability(3, 1)).toBe(1);
    expect(waitingCurvature(q, 0)).toBeGreaterThanOrEqual(0);
  });

  test('more servers wait less at the same utilisation', () => {
    for (let c = 1; c < 60; c++) {
      const more = waitingRequests({ servers: c + 1, variability: 1 }, 0.8);
      expect(more).toBeLessThan(waitingRequests({ servers: c, variability: 1 }, 0.8));
    }
  });
});

describe('derivatives', () => {
  test('increasing and convex', () => {
    fc.assert(
      fc.property(queue, utilisation, (q, u) => {
        return waitingSlope(q, u) > 0 && waitingCurvature(q, u) > 0;
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('agree with finite differences', () => {
    fc.assert(
      fc.property(queue, fc.double({ min: 0.3, max: 0.95, noNaN: true }), (q, u) => {
        const h = 1e-5 * (1 - u);
        const slope = (waitingRequests(q, u + h) - waitingRequests(q, u - h)) / (2 * h);
        const curvature = (waitingSlope(q, u + h) - waitingSlope(q, u - h)) / (2 * h);
        expect(Math.abs(slope / waitingSlope(q, u) - 1)).toBeLessThan(1e-6);
        expect(Math.abs(curvature / waitingCurvature(q, u) - 1)).toBeLessThan(1e-6);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
