import { type Cut, firstPieces } from './cut.ts';
import { modelledBoundAud } from './modelled-bound.ts';
import type { DispatchProblem, SiteCapability } from './problem.ts';
import type { SlotCurve } from './site-curve.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import type { ConsensusState, SiteState } from './state.ts';

/**
 * A site's bounds by slot, as far as what else it says lets them be believed. Where nothing joins its
 * slots, each is held against what the learned curve makes of its costs; with a plant their sum against
 * the best that one of the answer's own planes makes of it, since
 *   min g(N) − p·N ≥ max_i min_N { h(N) − p·N + plane_i(N) },
 * and an honest site tells the plane that its bound comes from. A bid proves by itself.
 * @param state has learned the answer
 */
export function believedBounds(
  p: DispatchProblem,
  state: ConsensusState,
  j: number,
  query: SiteQuery,
  answer: SiteAnswer,
): Float64Array {
  const told = answer.boundAud;
  if (answer.supply) return told;
  const { curves } = state.sites[j] as SiteState;
  const site = p.sites[j] as SiteCapability;
  if (!answer.coupling) {
    return told.map((bound, t) =>
      Math.min(bound, modelledBoundAud(curves[t] as SlotCurve, site, query, answer, t)),
    );
  }
  const modelled = answer.coupling.cuts.map((cut) => planeBounds(curves, site, query, answer, cut));
  const best = modelled.reduce((a, b) => (sum(b) > sum(a) ? b : a));
  return sum(best) < sum(told) ? best : told;
}

/** Of h with the plane that a cut's first pieces make, by slot. */
function planeBounds(
  curves: readonly SlotCurve[],
  site: SiteCapability,
  query: SiteQuery,
  answer: SiteAnswer,
  cut: Cut,
): Float64Array {
  const { interceptAud, marginalAud } = firstPieces(cut, query.totals);
  // A plane's rates are so much less to be earned with a request.
  const prices = query.prices.map((price, at) => price - (marginalAud[at] as number));
  const share = interceptAud / answer.costAud.length;
  return answer.costAud.map(
    (_, t) =>
      share + modelledBoundAud(curves[t] as SlotCurve, site, { ...query, prices }, answer, t),
  );
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
