import { describe, expect, test } from 'vitest';
import { certify } from '../../../src/core/optimizer/certificate.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { type Instance, randomInstance } from '../support/instances.ts';
import { planFaults, totalsOf, trueCostAud } from '../support/plans.ts';
import { scaled } from '../support/scaled.ts';

const both = ['learned', 'classic'] as const;

function good(instance: Instance, mode: 'learned' | 'classic', gapTarget = 1e-3) {
  const solution = solve(instance.problem, instance.sites, { mode, gapTarget, maxRounds: 100 });
  const faults = planFaults(instance.problem, solution.flow, solution.unserved);
  expect(faults.demand).toBeLessThan(1e-12);
  expect(faults.overLimit).toBeLessThan(1e-12);
  expect(solution.stopReason).toBe('gap');
  return solution;
}

describe.each(both)('%s', (mode) => {
  test('one zone, one site, one class, one slot', () => {
    const one = { zones: 1, sites: 1, classes: 1, slots: 1 };
    const instance = randomInstance(1, one);
    const solution = good(instance, mode);
    expect(solution.flow[0]![0]).toBeCloseTo(instance.problem.demandReqPerS[0]!, 12);
    expect(solution.rounds).toBeLessThanOrEqual(2);
  });

  test('two identical sites at equal distance share the load equally', () => {
    const instance = randomInstance(2, { zones: 2, sites: 2, classes: 1, slots: 1, edgeShare: 1 });
    const { problem, sites } = instance;
    sites[1] = structuredClone(sites[0]!);
    problem.sites[1] = { ...structuredClone(problem.sites[0]!), id: 'twin' };
    problem.edgeCostAud.fill(0.1);
    problem.demandReqPerS.fill((0.6 * sites[0]!.maxLoad[0]!) / sites[0]!.loadPerReqPerS[0]!);
    const solution = good(instance, mode, 1e-5);
    const [a, b] = totalsOf(problem, solution.flow);
    expect(Math.abs(a![0]! / b![0]! - 1)).toBeLessThan(0.05);
  });

  test('identical sites without price of waiting: any split is optimal', () => {
    const instance = randomInstance(3, { sites: 3, waitingAud: 0, edgeShare: 1 });
    const { problem, sites } = instance;
    for (let j = 1; j < 3; j++) {
      sites[j] = structuredClone(sites[0]!);
      problem.sites[j] = { ...structuredClone(problem.sites[0]!), id: `twin-${j}` };
    }
    problem.edgeCostAud.fill(0.1);
    problem.demandReqPerS.fill((0.1 * sites[0]!.maxLoad[0]!) / sites[0]!.loadPerReqPerS[0]!);
    good(instance, mode);
  });

  test('all costs zero', () => {
    const instance = randomInstance(4, { waitingAud: 0, base: false, edgeShare: 1 });
    for (const site of instance.sites) site.rateAud.fill(0);
    instance.problem.edgeCostAud.fill(0);
    const solution = good(instance, mode);
    expect(solution.certificate.objectiveAud).toBe(0);
  });

  test('no demand at all', () => {
    const instance = randomInstance(5);
    instance.problem.demandReqPerS.fill(0);
    const solution = good(instance, mode);
    const base = instance.sites.flatMap((s) => [...s.baseAud]).reduce((a, b) => a + b, 0);
    expect(solution.certificate.objectiveAud).toBeCloseTo(base, 9);
  });

  test('no demand and no base cost: an objective of zero', () => {
    const instance = randomInstance(6, { base: false });
    instance.problem.demandReqPerS.fill(0);
    expect(good(instance, mode).certificate.gap).toBe(0);
  });

  test('every price negative: sites would pay to serve', () => {
    const instance = randomInstance(7, { negativeShare: 1, base: false, edgeShare: 1 });
    const solution = good(instance, mode);
    expect(solution.certificate.gap).toBeLessThanOrEqual(1e-3);
    const faults = planFaults(instance.problem, solution.flow, solution.unserved);
    expect(faults.unservedShare).toBeLessThan(1e-9);
  });

  test('a millionth of a request per second in all', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const instance = randomInstance(seed, { base: false });
      const { demandReqPerS } = instance.problem;
      const total = demandReqPerS.reduce((a, b) => a + b, 0);
      for (let i = 0; i < demandReqPerS.length; i++) {
        demandReqPerS[i] = (demandReqPerS[i]! * 1e-6) / total;
      }
      const solution = good(instance, mode);
      const cost = trueCostAud(instance, solution.flow, solution.unserved);
      const size = Math.abs(solution.certificate.objectiveAud);
      expect(Math.abs(cost / solution.certificate.objectiveAud - 1)).toBeLessThan(1e-6);
      expect(size).toBeGreaterThan(0);
    }
  });

  test('a million requests per second and more', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const instance = randomInstance(seed, { serverFactor: 100_000 });
      const rows = instance.problem.demandReqPerS.length / 3;
      const first = instance.problem.demandReqPerS.slice(0, rows);
      expect(first.reduce((a, b) => a + b, 0)).toBeGreaterThan(1e6);
      good(instance, mode);
    }
  });

  test('a slot in which every site is closed: all of it unserved, and said so', () => {
    const instance = randomInstance(8);
    for (const [j, site] of instance.problem.sites.entries()) {
      site.maxLoad[1] = 0;
      instance.sites[j]!.maxLoad[1] = 0;
    }
    const solution = good(instance, mode);
    const rows = instance.problem.rowStart.length - 1;
    const asked = instance.problem.demandReqPerS.slice(rows, 2 * rows);
    expect([...solution.unserved[1]!]).toEqual([...asked]);
  });
});

describe('certificate', () => {
  test('relative to the objective, whatever its sign', () => {
    expect(certify(100, 99).gap).toBeCloseTo(0.01, 12);
    expect(certify(-100, -101).gap).toBeCloseTo(0.01, 12);
    expect(certify(5, 5).gap).toBe(0);
  });

  test('rounding that lifts the bound over the objective is no gap', () => {
    expect(certify(1, 1 + 1e-15).gap).toBe(0);
    expect(certify(0, 0).gap).toBe(0);
  });

  test('money of any size: what is open is told, and what rounding leaves of a zero is not', () => {
    for (const money of [1e-12, 1e-6, 1, 1e6]) {
      expect(certify(money, 0.99 * money).gap).toBeCloseTo(0.01, 12);
      expect(certify(0, -1e-16 * money, 1e-14 * money).gap).toBe(0);
    }
  });

  test.each([1e-6, 1e-3, 1e6])('a run whose money is × %s is told of the same gaps', (money) => {
    const gaps = (factor: number) => {
      const { problem, sites } = scaled(randomInstance(3, { slots: 1 }), factor, 1);
      return solve(problem, sites, { mode: 'classic', maxRounds: 5, gapTarget: 1e-15 }).state.gaps;
    };
    const usual = gaps(1);
    expect(usual[0]).toBeGreaterThan(1e-3);
    gaps(money).forEach((gap, n) => {
      expect(gap / usual[n]!).toBeCloseTo(1, 3);
    });
  });

  test('an objective of zero over a negative bound proves nothing', () => {
    expect(certify(0, -1).gap).toBe(Number.POSITIVE_INFINITY);
  });
});
