import { firstPieces } from './cut.ts';
import type { SiteAnswer } from './site-subproblem.ts';

/** A site's answer with what joins its slots counted in; the same as the answer where nothing does. */

/** The plane that touches c at the proposal: the first pieces of the first cut. */
export function touchingPlane(
  answer: SiteAnswer,
  totals: Float64Array,
): { interceptAud: number; marginalAud: Float64Array } | undefined {
  const cut = answer.coupling?.cuts[0];
  return cut && firstPieces(cut, totals);
}

/** c(z), AUD over the horizon. */
export function coupledCostAud(answer: SiteAnswer, totals: Float64Array): number {
  const touching = touchingPlane(answer, totals);
  if (!touching) return 0;
  return touching.marginalAud.reduce(
    (sum, marginal, i) => sum + marginal * (totals[i] as number),
    touching.interceptAud,
  );
}

/** Cost at the proposal by slot; the coupled part, which belongs to none, is spread over all. */
export function wholeCostAud(answer: SiteAnswer, totals: Float64Array): Float64Array {
  const share = coupledCostAud(answer, totals) / answer.costAud.length;
  return answer.costAud.map((cost) => cost + share);
}

/** Marginal cost at the proposal. */
export function wholeMarginalAud(answer: SiteAnswer, totals: Float64Array): Float64Array {
  const touching = touchingPlane(answer, totals);
  if (!touching) return answer.marginalAud;
  return answer.marginalAud.map((m, i) => m + (touching.marginalAud[i] as number));
}

/**
 * Sum of the sizes of what {@link wholeCostAud} is the sum of, AUD. A plant that costs next to nothing
 * does so because the parts cancel, and they are exact only as far as they are large.
 */
export function stakeAud(answer: SiteAnswer, totals: Float64Array): number {
  let stake = answer.costAud.reduce((sum, cost) => sum + Math.abs(cost), 0);
  const touching = touchingPlane(answer, totals);
  if (!touching) return stake;
  stake += Math.abs(touching.interceptAud);
  touching.marginalAud.forEach((marginal, i) => {
    stake += Math.abs(marginal * (totals[i] as number));
  });
  return stake;
}
