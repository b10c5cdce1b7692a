import { expect, test } from 'vitest';
import { planImpacts } from '../../../src/core/optimizer/impacts.ts';
import { totalsOf } from '../../../src/core/optimizer/problem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { solveWithinBudgets } from '../../../src/core/planning/budget-solve.ts';
import { planFaults } from '../support/plans.ts';
import { plantFleet, repriced } from '../support/plants.ts';
import { dice } from '../support/random.ts';
import { referenceOf } from '../support/reference.ts';

/** Budgets of fleets with batteries, solar power, caps and demand charges, judged by HiGHS. */

const GAP = 2e-3;

/** A fleet of four with up to four plants of all kinds, and budgets between what it takes and could. */
function instance(seed: number) {
  const d = dice(seed + 4000);
  const shape = { utilisation: d.uniform(0.3, 0.7), slots: 4, plants: 1 + (seed % 4) };
  const { problem, sites } = plantFleet(seed, shape);
  const sitesAt = (audPerKg: number, audPerL: number) =>
    sites.map((site) => repriced(site, audPerKg, audPerL));
  const amounts = (audPerKg: number, audPerL: number) => {
    const at = solve(problem, sitesAt(audPerKg, audPerL), { gapTarget: 1e-3 });
    return planImpacts(problem, at.state, at.flow)!;
  };
  const free = amounts(0, 0);
  const lean = amounts(10, 10);
  // Where there is hardly anything to save, a budget that does not bind.
  const between = (of: 'carbonKg' | 'waterL') =>
    Math.max(lean[of], 0.99 * free[of]) === lean[of]
      ? 1.01 * free[of]
      : lean[of] + d.uniform(0.3, 1.1) * (free[of] - lean[of]);
  const which = 1 + (seed % 3);
  return {
    problem,
    sites,
    sitesAt,
    budgets: {
      ...(which & 1 && { carbonKg: between('carbonKg') }),
      ...(which & 2 && { waterL: between('waterL') }),
    },
  };
}

// Seed 56: carbon and water at the shadow prices are most of a step's objective, so its gap must be finer.
test.each([...Array.from({ length: 24 }, (_, n) => n + 1), 56])(
  'seed %i: kept, and the bounds hold the optimum within the budgets',
  (seed) => {
    const { problem, sites, sitesAt, budgets } = instance(seed);
    const plan = solveWithinBudgets(
      problem,
      ({ audPerKg, audPerL }) => sitesAt(audPerKg, audPerL),
      { gapTarget: GAP, budgets, maxRounds: 100 },
    );
    const { objectiveAud, lowerBoundAud, gap } = plan.certificate;
    const rounding = 1e-6 * Math.abs(objectiveAud);
    expect(gap).toBeLessThanOrEqual(GAP);
    for (const { of, limit, amount, missedBy } of plan.budgets) {
      expect(missedBy).toBe(0);
      expect(amount).toBeLessThanOrEqual(limit * (1 + 1e-8));
      expect(plan.impacts[of]).toBe(amount);
    }
    const faults = planFaults(problem, plan.flow, plan.unserved);
    expect(faults.demand).toBeLessThan(1e-8);
    expect(faults.overLimit).toBeLessThan(1e-8);
    const optimum = referenceOf({ problem, sites }, budgets);
    expect(lowerBoundAud).toBeLessThanOrEqual(optimum + rounding);
    expect(objectiveAud).toBeGreaterThanOrEqual(optimum - rounding);
    // The mixture's flows can be operated within the budgets, at what is stated for them or less.
    const within = Object.fromEntries(
      plan.budgets.map(({ of, amount }) => [of, amount * (1 + 1e-7)]),
    );
    const totals = totalsOf(problem, plan.flow);
    const operated = referenceOf({ problem, sites }, { ...within, totals });
    expect(operated).toBeLessThanOrEqual(objectiveAud + rounding);
  },
);
