import { expect, test } from 'vitest';
import { planImpacts } from '../../../src/core/optimizer/impacts.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { solveWithinBudgets } from '../../../src/core/planning/budget-solve.ts';
import { randomInstance } from '../support/instances.ts';
import { queueLines, reference } from '../support/reference.ts';

const SHAPE = { zones: 6, sites: 6, classes: 2, slots: 2, edgeShare: 0.7 };

test.each([
  [1, 0.4],
  [2, 0.8],
  [3, 0.95],
  [4, 1.2],
  [5, 0.6],
])('linear instance %i at utilisation %f: the same objective within 1e-6', (seed, utilisation) => {
  const instance = randomInstance(seed, { ...SHAPE, utilisation, waitingAud: 0 });
  const { certificate } = solve(instance.problem, instance.sites, {
    gapTarget: 1e-8,
    maxRounds: 60,
  });
  const optimum = reference(instance);
  const scale = Math.abs(optimum);
  expect(Math.abs(certificate.objectiveAud - optimum)).toBeLessThan(1e-6 * scale);
  expect(certificate.lowerBoundAud).toBeLessThanOrEqual(optimum + 1e-8 * scale);
});

test.each([
  [11, 0.4, 0],
  [12, 0.7, 0],
  [13, 0.85, 0],
  [14, 1.1, 0],
  [15, 0.6, 3],
  [16, 0.9, 3],
])(
  'queueing instance %i at utilisation %f, lateness at %f AUD: between tangents below and chords above',
  (seed, u, late) => {
    const instance = randomInstance(seed, {
      ...SHAPE,
      utilisation: u,
      waitingAud: 2,
      lateAud: late,
    });
    const { certificate } = solve(instance.problem, instance.sites, {
      gapTarget: 1e-8,
      maxRounds: 60,
    });
    const { tangents, chords } = queueLines(instance, 150);
    const low = reference(instance, tangents);
    const high = reference(instance, chords);
    const rounding = 1e-7 * Math.abs(high);
    // The linearisation error: what 150 segments leave open.
    expect((high - low) / Math.abs(high)).toBeLessThan(1e-3);
    expect(certificate.objectiveAud).toBeGreaterThanOrEqual(low - rounding);
    expect(certificate.objectiveAud).toBeLessThanOrEqual(high + rounding);
    expect(certificate.lowerBoundAud).toBeGreaterThanOrEqual(low - (high - low) - rounding);
    expect(certificate.lowerBoundAud).toBeLessThanOrEqual(high + rounding);
  },
);

test.each([21, 22, 23])(
  'linear instance %i with a carbon budget: HiGHS’s optimum lies between',
  (seed) => {
    const instance = randomInstance(seed, { ...SHAPE, utilisation: 0.5, waitingAud: 0 });
    const { problem, sites } = instance;
    const sitesAt = ({ audPerKg }: { audPerKg: number }) =>
      sites.map((s) => ({
        ...s,
        baseAud: s.baseAud.map((aud, t) => aud + audPerKg * s.impacts!.carbonKg[t]!),
        rateAud: s.rateAud.map((aud, i) => aud + audPerKg * s.impacts!.marginalCarbonKg[i]!),
      }));
    const carbonAt = (audPerKg: number) => {
      const { state, flow } = solve(problem, sitesAt({ audPerKg }), { gapTarget: 1e-6 });
      return planImpacts(problem, state, flow)!.carbonKg;
    };
    const carbonKg = 0.6 * carbonAt(0) + 0.4 * carbonAt(10);
    const plan = solveWithinBudgets(problem, sitesAt, {
      gapTarget: 1e-5,
      maxRounds: 100,
      budgets: { carbonKg },
    });
    const optimum = reference(instance, undefined, carbonKg);
    const rounding = 1e-7 * Math.abs(optimum);
    expect(optimum).toBeGreaterThan(reference(instance) + 1e-4 * Math.abs(optimum));
    expect(plan.certificate.lowerBoundAud).toBeLessThanOrEqual(optimum + rounding);
    expect(plan.certificate.objectiveAud).toBeGreaterThanOrEqual(optimum - rounding);
    expect(plan.certificate.gap).toBeLessThanOrEqual(1e-5);
  },
);
