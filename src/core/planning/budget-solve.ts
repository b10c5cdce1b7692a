import { type PlanImpacts, planImpacts } from '../optimizer/impacts.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import { type SettingsInput, settingsSchema } from '../optimizer/settings.ts';
import type { SiteProblem } from '../optimizer/site-subproblem.ts';
import { type Solution, solve } from '../optimizer/solve.ts';
import type { RoundReport } from '../optimizer/state.ts';
import { absorbStep, beginBudget, noImpacts, type ShadowPrices, stepSettings } from './budget.ts';
import { budgetPlan, type MixturePart } from './budget-plan.ts';
import type { BudgetReport } from './plan.ts';
import { warmFrom } from './warm-start.ts';

export interface BudgetSolution extends Solution {
  budgets: BudgetReport[];
  impacts: PlanImpacts;
  /** Plans it is the mixture of. */
  parts: MixturePart[];
  /** Prices at which the best bound, and with it the marginal prices, were found. */
  shadow: ShadowPrices;
}

/**
 * {@link solve} within budgets of carbon and water: a sequence of optimizations, each warm from the
 * last, and the cheapest mixture of their plans. Rounds are numbered through.
 * @param sitesAt the sites' problems with carbon and water at these prices above their own
 * @throws Error if a site keeps its carbon and water to itself
 */
export function solveWithinBudgets(
  problem: DispatchProblem,
  sitesAt: (shadow: ShadowPrices) => SiteProblem[],
  settingsInput: SettingsInput,
  onRound?: (report: RoundReport) => void,
  nowMs?: () => number,
): BudgetSolution {
  const settings = settingsSchema.parse(settingsInput);
  const search = beginBudget(settings.budgets);
  let last: Solution | undefined;
  let rounds = 0;
  for (;;) {
    const solution = solve(
      problem,
      sitesAt(search.shadow),
      stepSettings(settings, search),
      (report) => {
        rounds++;
        onRound?.({ ...report, round: rounds });
      },
      last && warmFrom(last.state),
      nowMs,
    );
    last = solution;
    const impacts = planImpacts(problem, solution.state, solution.flow);
    if (!impacts) throw noImpacts(problem, solution.state);
    if (!absorbStep(search, { ...solution, impacts }, settings.gapTarget)) continue;
    const plan = budgetPlan(search);
    return {
      ...solution,
      ...plan,
      rounds,
      stopReason: plan.certificate.gap <= settings.gapTarget ? 'gap' : 'rounds',
    };
  }
}
