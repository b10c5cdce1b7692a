import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../src/core/model/fleet.ts';
import { planImpacts } from '../../../src/core/optimizer/impacts.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import {
  absorbStep,
  beginBudget,
  budgetPrices,
  type ShadowPrices,
} from '../../../src/core/planning/budget.ts';
import { budgetPlan } from '../../../src/core/planning/budget-plan.ts';
import { solveWithinBudgets } from '../../../src/core/planning/budget-solve.ts';
import type { PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import { assemble, randomFleet } from '../support/fleets.ts';
import { planFaults } from '../support/plans.ts';

const modes = ['learned', 'supply', 'classic'] as const;
const none = { audPerKg: 0, audPerL: 0 };

/** A random fleet without negative prices, under which awake servers do not depend on carbon's price. */
function instance(seed: number) {
  const { fleet, inputs } = randomFleet(seed, 0.4);
  for (const s of inputs.sites) s.spotAudPerMwh.set(s.spotAudPerMwh.map(Math.abs));
  const { problem } = assemble(fleet, inputs);
  const sitesAt = (shadow: ShadowPrices) =>
    assembleSites({ ...fleet, prices: budgetPrices(fleet.prices, shadow) }, inputs);
  const charged = (plan: { flow: Float64Array[]; unserved: Float64Array[] }) =>
    charge(fleet, inputs, problem, plan);
  /** Plan and ledger at a price of carbon and water, without budget. */
  const at = (shadow: ShadowPrices) => {
    const solution = solve(problem, sitesAt(shadow), { gapTarget: 1e-6, maxRounds: 60 });
    return { ...solution, totals: charged(solution) };
  };
  return { problem, sitesAt, charged, at };
}

function charge(
  fleet: Fleet,
  inputs: PlanningInputs,
  problem: Parameters<Ledger['add']>[0],
  plan: { flow: Float64Array[]; unserved: Float64Array[] },
) {
  const ledger = new Ledger(fleet);
  ledger.add(problem, inputs, plan.flow, plan.unserved);
  return ledger.totals();
}

test('one budget or two: kept, with a certificate that no plan within them contradicts', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.constantFrom(...modes),
      fc.double({ min: 0.1, max: 1.2, noNaN: true }),
      fc.double({ min: 0.1, max: 1.2, noNaN: true }),
      fc.integer({ min: 1, max: 3 }),
      (seed, mode, carbonShare, waterShare, which) => {
        const { problem, sitesAt, charged, at } = instance(seed);
        const cheapest = at(none).totals;
        const between = (most: number, least: number, share: number) =>
          least + share * (most - least);
        const leanest = at({ audPerKg: 5, audPerL: 5 }).totals;
        const budgets = {
          carbonKg:
            which & 1 ? between(cheapest.carbonKg, leanest.carbonKg, carbonShare) : undefined,
          waterL: which & 2 ? between(cheapest.waterL, leanest.waterL, waterShare) : undefined,
        };
        const gapTarget = 2e-3;
        const plan = solveWithinBudgets(problem, sitesAt, { mode, gapTarget, budgets });
        const faults = planFaults(problem, plan.flow, plan.unserved);
        expect(faults.demand).toBeLessThan(1e-9);
        expect(faults.overLimit).toBeLessThan(1e-9);
        const { objectiveAud, lowerBoundAud, gap } = plan.certificate;
        const totals = charged(plan);
        const rounding = 1e-7 * Math.abs(objectiveAud);
        expect(gap).toBeLessThanOrEqual(gapTarget);
        for (const { of, limit, amount, missedBy } of plan.budgets) {
          expect(Math.abs(totals[of] / amount - 1)).toBeLessThan(1e-7);
          expect(missedBy).toBe(0);
          expect(amount).toBeLessThanOrEqual(limit * (1 + 1e-8));
        }
        // Costs are convex: a mixture costs no more than what is stated.
        expect(totals.objectiveAud).toBeLessThanOrEqual(objectiveAud + rounding);
        // No plan within the budgets costs less than the bound.
        for (const audPerKg of [0, 0.1, 0.5, 2, 5]) {
          for (const audPerL of [0, 0.5, 5]) {
            const other = at({ audPerKg, audPerL }).totals;
            if (other.carbonKg > (budgets.carbonKg ?? Infinity)) continue;
            if (other.waterL > (budgets.waterL ?? Infinity)) continue;
            expect(other.objectiveAud).toBeGreaterThanOrEqual(lowerBoundAud - rounding);
          }
        }
      },
    ),
    { seed: 91, numRuns: 12 },
  );
});

describe('at the ends', () => {
  const { problem, sitesAt, at } = instance(7);
  const free = at(none).totals;

  test('a budget that does not bind costs nothing and has no price', () => {
    const budgets = { carbonKg: 1.01 * free.carbonKg };
    const plan = solveWithinBudgets(problem, sitesAt, { budgets });
    expect(plan.budgets).toMatchObject([{ of: 'carbonKg', shadowPrice: 0, missedBy: 0 }]);
    expect(plan.certificate.objectiveAud).toBeLessThan(1.001 * free.objectiveAud);
  });

  test('one that nothing keeps is said to be missed, by about the least possible', () => {
    const budgets = { carbonKg: 0.01 * free.carbonKg };
    const plan = solveWithinBudgets(problem, sitesAt, { budgets });
    const { amount, limit, missedBy, shadowPrice } = plan.budgets[0]!;
    expect(missedBy).toBeCloseTo(amount - limit, 6);
    expect(shadowPrice).toBeCloseTo(20_000, 3);
    expect(amount).toBeLessThanOrEqual(at({ audPerKg: 20, audPerL: 0 }).totals.carbonKg * 1.001);
    expect(plan.certificate.lowerBoundAud).toBeLessThanOrEqual(plan.certificate.objectiveAud);
  });

  test('the shadow price is what a little less costs', () => {
    const limit = 0.5 * (free.carbonKg + at({ audPerKg: 5, audPerL: 0 }).totals.carbonKg);
    const settings = { gapTarget: 1e-6 };
    const of = (carbonKg: number) =>
      solveWithinBudgets(problem, sitesAt, { ...settings, budgets: { carbonKg } });
    const here = of(limit);
    const step = 0.02 * limit;
    const rise = of(limit - step).certificate.objectiveAud - here.certificate.objectiveAud;
    const fall = here.certificate.objectiveAud - of(limit + step).certificate.objectiveAud;
    const perT = here.budgets[0]!.shadowPrice;
    // Convexity: the slope at a point lies between those of the chords on its two sides.
    expect(perT).toBeLessThanOrEqual((1000 * rise) / step + 1);
    expect(perT).toBeGreaterThanOrEqual((1000 * fall) / step - 1);
  });

  test('a search that a version without energy wrote down goes on', () => {
    const carbonKg = 0.5 * (free.carbonKg + at({ audPerKg: 5, audPerL: 0 }).totals.carbonKg);
    const search = beginBudget({ carbonKg });
    const step = () => {
      const solution = at(search.shadow);
      const impacts = planImpacts(problem, solution.state, solution.flow)!;
      return absorbStep(search, { ...solution, impacts }, 2e-3);
    };
    step();
    for (const plan of search.plans as Partial<(typeof search.plans)[number]>[]) {
      delete plan.energyKwh;
      delete plan.energyAud;
      delete plan.shadow;
    }
    for (let n = 0; n < 20 && !step(); n++);
    const plan = budgetPlan(search);
    expect(plan.certificate.gap).toBeLessThanOrEqual(2e-3);
    expect(plan.budgets[0]).toMatchObject({ missedBy: 0 });
    expect(plan.impacts.carbonKg).toBe(plan.budgets[0]!.amount);
  });

  test('sites that keep their figures, or a bare optimization: refused by name', () => {
    const silent = (shadow: ShadowPrices) =>
      sitesAt(shadow).map((s, j) => (j === 1 ? { ...s, impacts: undefined } : s));
    const budgets = { waterL: 100 };
    expect(() => solveWithinBudgets(problem, silent, { budgets })).toThrow(
      `carbon and water; without: ${problem.sites[1]!.id}`,
    );
    expect(() => solve(problem, sitesAt(none), { budgets })).toThrow(RangeError);
  });
});
