import {
  absorb,
  begin,
  type Incumbent,
  incumbent,
  propose,
  stopReason,
  type WarmStart,
} from './consensus.ts';
import { type RowImpacts, rowImpacts } from './impacts.ts';
import { assertProblem, type DispatchProblem } from './problem.ts';
import { hasBudget, type SettingsInput, type StopReason, settingsSchema } from './settings.ts';
import { answerQuery, type SiteProblem } from './site-subproblem.ts';
import type { ConsensusState, RoundReport } from './state.ts';

export interface Solution extends Incumbent {
  rounds: number;
  stopReason: StopReason;
  state: ConsensusState;
  /** Carbon and water of each row's marginal request, by slot; absent where sites do not say. */
  rowImpacts?: RowImpacts[];
}

/**
 * All rounds in process, sites included: what the backtest and the CLI run. The same functions run
 * across the network, one round at a time, in the coordinator.
 *
 * @example
 *   const { certificate, rounds } = solve(problem, siteProblems, { gapTarget: 1e-3 });
 * @throws RangeError if the problem is malformed, Error if no round could be certified.
 */
export function solve(
  problem: DispatchProblem,
  sites: SiteProblem[],
  settingsInput: SettingsInput = {},
  onRound?: (report: RoundReport) => void,
  warm?: WarmStart,
): Solution {
  assertProblem(problem);
  const settings = settingsSchema.parse(settingsInput);
  if (hasBudget(settings))
    throw new RangeError('budgets take several optimizations: budget-solve.ts');
  const state = begin(problem, settings, warm);
  for (;;) {
    const queries = propose(problem, state);
    const answers = queries.map((q, j) =>
      q ? answerQuery(sites[j] as SiteProblem, q) : undefined,
    );
    const report = absorb(problem, settings, state, queries, answers);
    onRound?.(report);
    const reason = stopReason(settings, state);
    if (reason === undefined) continue;
    const best = incumbent(state);
    if (best === undefined) throw new Error(`no certified plan after ${state.gaps.length} rounds`);
    return {
      ...best,
      rounds: state.gaps.length,
      stopReason: reason,
      state,
      rowImpacts: rowImpacts(problem, state),
    };
  }
}
