import { coupledBoundFault, couplingFault } from './coupling-check.ts';
import { figuresFault } from './figures.ts';
import { impactsFault } from './impacts.ts';
import type { DispatchProblem } from './problem.ts';
import { stakeAud, wholeCostAud, wholeMarginalAud } from './site-coupling.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import { supplyFault } from './supply-curve.ts';

/** What is wrong with a site's answer, or undefined: such an answer counts as missing. */
export function answerFault(
  p: DispatchProblem,
  query: SiteQuery,
  answer: SiteAnswer,
): string | undefined {
  const T = p.slotCount;
  const TK = T * p.classCount;
  if (answer.round !== query.round) {
    return `answers round ${answer.round}, expected ${query.round}`;
  }
  const shapes: [string, Float64Array | undefined, number][] = [
    ['costAud', answer.costAud, T],
    ['marginalAud', answer.marginalAud, TK],
    ['slopeAud', answer.slopeAud, T],
    ['boundAud', answer.boundAud, T],
  ];
  if (query.proximal) shapes.push(['proximal', answer.proximal, TK]);
  for (const shape of shapes) {
    const fault = figuresFault(...shape);
    if (fault !== undefined) return fault;
  }
  if (query.supplyLoad) {
    if (!answer.supply) return 'supply is missing';
    const fault = supplyFault(query.supplyLoad, answer.supply, T);
    if (fault !== undefined) return fault;
  }
  if (query.impacts && answer.impacts) {
    const fault = impactsFault(p, answer.impacts, answer.coupling !== undefined);
    if (fault !== undefined) return fault;
  }
  const falling = answer.slopeAud.findIndex((slope) => slope < 0);
  if (falling >= 0) {
    return `slopeAud[${falling}] is negative: a falling marginal cost is not convex`;
  }
  const { coupling } = answer;
  const above = coupling
    ? (couplingFault(p, query, { ...answer, coupling }) ?? coupledBoundFault(query, answer))
    : slotBoundFault(p, query, answer);
  if (above !== undefined) return above;
  if (totalBound(answer) < leastBound(p, query, answer)) {
    return 'boundAud is below what a convex cost with these marginal costs can fall to';
  }
  for (let i = 0; query.proximal && answer.proximal && i < TK; i++) {
    const v = answer.proximal[i] as number;
    const max = query.box[i] as number;
    if (v < 0 || v > max * (1 + 1e-9) + 1e-12) return `proximal[${i}] is ${v}, outside 0…${max}`;
  }
  return undefined;
}

/** z itself lies in the box, so the minimum over the box cannot exceed the value there. */
function slotBoundFault(
  p: DispatchProblem,
  query: SiteQuery,
  answer: SiteAnswer,
): string | undefined {
  for (let t = 0; t < p.slotCount; t++) {
    let atProposal = answer.costAud[t] as number;
    let size = Math.abs(atProposal);
    for (let k = 0; k < p.classCount; k++) {
      const at = t * p.classCount + k;
      const revenue = (query.prices[at] as number) * (query.totals[at] as number);
      atProposal -= revenue;
      size += Math.abs(revenue);
    }
    if ((answer.boundAud[t] as number) > atProposal + 1e-9 * size + 1e-12) {
      return `boundAud[${t}] exceeds the cost at the proposal: not a minimum`;
    }
  }
  return undefined;
}

function totalBound(answer: SiteAnswer): number {
  return answer.boundAud.reduce((sum, b) => sum + b, 0);
}

/** Σ_t min over the box of the linearisation g(z) + ∇g·(N − z) − p·N, less what a site may be inexact by, AUD. */
function leastBound(p: DispatchProblem, query: SiteQuery, answer: SiteAnswer): number {
  const costAud = wholeCostAud(answer, query.totals);
  const marginalAud = wholeMarginalAud(answer, query.totals);
  let least = 0;
  let size = stakeAud(answer, query.totals);
  for (let t = 0; t < p.slotCount; t++) {
    least += costAud[t] as number;
    for (let k = 0; k < p.classCount; k++) {
      const at = t * p.classCount + k;
      const marginal = marginalAud[at] as number;
      const excess = marginal - (query.prices[at] as number);
      least -= marginal * (query.totals[at] as number);
      least += Math.min(0, excess) * (query.box[at] as number);
      size += Math.abs(marginal) * (query.totals[at] as number);
      size += Math.abs(excess) * (query.box[at] as number);
    }
  }
  return least - 1e-6 * size - 1e-9;
}

/** An answer as far as convexity binds it to others: of the whole cost (site-coupling.ts). */
export interface CostSample {
  totals: Float64Array;
  costAud: Float64Array;
  marginalAud: Float64Array;
  /** Money at stake beyond the cost itself, where parts of it cancel: {@link stakeAud}. */
  stakeAud?: number;
}

/**
 * What is wrong between two answers of one site, or undefined. No convex cost gives both unless
 *   ∇g(N)·(N' − N) ≤ g(N') − g(N) ≤ ∇g(N')·(N' − N).
 * Summed over all slots, so it also holds for a site whose slots depend on one another.
 * @param precision of the answers, over the money at stake
 */
export function contradiction(
  earlier: CostSample,
  later: CostSample,
  precision = 1e-9,
): string | undefined {
  let least = 0;
  let most = 0;
  let size = later.stakeAud ?? 0;
  for (let i = 0; i < later.totals.length; i++) {
    const step = (later.totals[i] as number) - (earlier.totals[i] as number);
    least += (earlier.marginalAud[i] as number) * step;
    most += (later.marginalAud[i] as number) * step;
    size += Math.abs((earlier.marginalAud[i] as number) * step);
    size += Math.abs((later.marginalAud[i] as number) * step);
  }
  let rise = 0;
  for (let t = 0; t < later.costAud.length; t++) {
    rise += (later.costAud[t] as number) - (earlier.costAud[t] as number);
    size += Math.abs(later.costAud[t] as number) + Math.abs(earlier.costAud[t] as number);
  }
  const rounding = precision * size + 1e-12;
  if (most < least - rounding) return 'marginalAud falls where the load rises: not convex';
  if (rise < least - rounding || rise > most + rounding) {
    return 'costAud contradicts the marginal costs of this answer and the last: not convex';
  }
  return undefined;
}
