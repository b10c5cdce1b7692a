import { begin, incumbent } from '../core/optimizer/consensus.ts';
import { planImpacts, rowImpacts } from '../core/optimizer/impacts.ts';
import type { DispatchProblem } from '../core/optimizer/problem.ts';
import type { ConsensusState } from '../core/optimizer/state.ts';
import {
  absorbStep,
  type BudgetSearch,
  beginBudget,
  noImpacts,
  stepSettings,
} from '../core/planning/budget.ts';
import { warmFrom } from '../core/planning/warm-start.ts';
import type { Run } from './run-store.ts';

/** A search for the plan within budgets, as a run carries it from one optimization to the next. */
export interface BudgetRun {
  search: BudgetSearch;
  /** Sites that were out when its plans were made. */
  excluded: number;
}

/**
 * Takes the optimization that ended into the search, if it found a plan; true if that was the last.
 * Plans made with a site that is out since then are forgotten, for they can no longer be had.
 * @throws Error if a site keeps its carbon and water to itself
 */
export function absorbOptimization(run: Run, budget: BudgetRun, p: DispatchProblem): boolean {
  const { settings, state } = run;
  const best = incumbent(state);
  if (best === undefined) return true;
  const impacts = planImpacts(p, state, best.flow);
  if (!impacts) throw noImpacts(p, state);
  const excluded = excludedCount(state);
  if (excluded !== budget.excluded) {
    budget.search = { ...beginBudget(settings.budgets), shadow: budget.search.shadow };
    budget.excluded = excluded;
  }
  const rows = rowImpacts(p, state);
  return absorbStep(budget.search, { ...best, impacts, rowImpacts: rows }, settings.gapTarget);
}

/** The state of the next optimization, at the search's prices: warm, without the sites that are out. */
export function nextOptimization(run: Run, p: DispatchProblem): ConsensusState {
  const { state } = run;
  const next = begin(p, stepSettings(run.settings, run.budget?.search), warmFrom(state));
  state.sites.forEach(({ excluded, missed, fault }, j) => {
    Object.assign(next.sites[j] as object, { excluded, missed, ...(fault && { fault }) });
  });
  return next;
}

function excludedCount(state: ConsensusState): number {
  return state.sites.filter((s) => s.excluded).length;
}
