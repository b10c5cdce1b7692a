import { answerFault, contradiction } from './answer-check.ts';
import { cutContradiction, PLANT_PRECISION } from './coupling-check.ts';
import type { DispatchProblem } from './problem.ts';
import type { Settings } from './settings.ts';
import { stakeAud, wholeCostAud, wholeMarginalAud } from './site-coupling.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import type { ConsensusState, MissingAnswer, RoundReport, SiteState } from './state.ts';

/** Valid answers pass; others count as missing, and a site that misses too often is taken out. */
export function acceptAnswers(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  queries: (SiteQuery | undefined)[],
  answers: (SiteAnswer | MissingAnswer | undefined)[],
  report: RoundReport,
): (SiteAnswer | undefined)[] {
  return state.sites.map((site, j) => {
    const query = queries[j];
    if (!query) return undefined;
    const answer = answers[j];
    const fault = replyFault(p, site, query, answer);
    if (fault === undefined && answer && !('missing' in answer)) {
      site.missed = 0;
      delete site.fault;
      return answer;
    }
    const id = (p.sites[j] as { id: string }).id;
    site.missed++;
    site.fault = fault ?? 'no answer';
    report.missing.push({ site: id, reason: site.fault });
    if (site.missed >= settings.maxMissedRounds) {
      excludeSite(p, state, j);
      report.excluded.push(id);
    }
    return undefined;
  });
}

function replyFault(
  p: DispatchProblem,
  site: SiteState,
  query: SiteQuery,
  reply: SiteAnswer | MissingAnswer | undefined,
): string | undefined {
  if (reply === undefined) return 'no answer in time';
  if ('missing' in reply) return reply.missing;
  const fault = answerFault(p, query, reply);
  if (fault !== undefined || !site.curves.some((c) => c.anchored)) return fault;
  return (
    contradiction(
      { totals: site.answeredTotals, costAud: site.answeredCostAud, marginalAud: site.marginalAud },
      {
        totals: query.totals,
        costAud: wholeCostAud(reply, query.totals),
        marginalAud: wholeMarginalAud(reply, query.totals),
        stakeAud: stakeAud(reply, query.totals),
      },
      reply.coupling && PLANT_PRECISION,
    ) ??
    cutContradiction(
      { cuts: site.cuts, latest: site.latestCuts, totals: site.answeredTotals },
      query,
      reply,
    )
  );
}

/** Plans a new state without a site, for a reason known before any round. */
export function leaveOut(
  p: DispatchProblem,
  state: ConsensusState,
  j: number,
  fault: string,
): void {
  excludeSite(p, state, j);
  (state.sites[j] as SiteState).fault = fault;
}

/** Closes excluded sites in a problem assembled anew around a stored state. */
export function restoreExclusions(p: DispatchProblem, state: ConsensusState): void {
  state.sites.forEach((site, j) => {
    if (site.excluded) p.sites[j]?.maxLoad.fill(0);
  });
}

/** Plans on without a site. What was proven with it no longer holds. */
function excludeSite(p: DispatchProblem, state: ConsensusState, j: number): void {
  const site = state.sites[j] as SiteState;
  site.excluded = true;
  (p.sites[j] as { maxLoad: Float64Array }).maxLoad.fill(0);
  for (const array of [site.totals, site.dual, site.prices, site.proximal]) array.fill(0);
  for (const slot of state.slots) {
    slot.bestCostAud = Number.POSITIVE_INFINITY;
    slot.bestBoundAud = Number.NEGATIVE_INFINITY;
  }
}
