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
import { roundTiming } from './round-timing.ts';
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
 * @param nowMs a clock: reports then say how long each site took
 * @throws RangeError if the problem is malformed, Error if no round could be certified.
 */
export function solve(
  problem: DispatchProblem,
  sites: SiteProblem[],
  settingsInput: SettingsInput = {},
  onRound?: (report: RoundReport) => void,
  warm?: WarmStart,
  nowMs?: () => number,
): Solution {
  assertProblem(problem);
  const settings = settingsSchema.parse(settingsInput);
  if (hasBudget(settings))
    throw new RangeError('budgets take several optimizations: budget-solve.ts');
  const state = begin(problem, settings, warm);
  for (;;) {
    const clock = nowMs ?? (() => 0);
    const begunMs = clock();
    const queries = propose(problem, state);
    const siteMs: (number | undefined)[] = [];
    const answers = queries.map((q, j) => {
      const askedMs = clock();
      const answer = q && answerQuery(sites[j] as SiteProblem, q);
      siteMs.push(q && clock() - askedMs);
      return answer;
    });
    const report = absorb(problem, settings, state, queries, answers);
    const timing = nowMs && roundTiming(problem.sites, siteMs, clock() - begunMs);
    onRound?.({ ...report, ...timing });
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
