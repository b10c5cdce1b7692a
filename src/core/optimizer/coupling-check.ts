import { type Cut, cutAt, firstPieces, PIECES } from './cut.ts';
import { figuresFault } from './figures.ts';
import type { DispatchProblem } from './problem.ts';
import { coupledCostAud, stakeAud } from './site-coupling.ts';
import type { SiteAnswer, SiteCoupling, SiteQuery } from './site-subproblem.ts';

/**
 * A plant's program is solved to what doubles allow, which where it degenerates is this over the money
 * at stake: 2e-6 in the worst of thousands of random plants, of a proposal a billionth of the site's
 * size at a cap that its standing load fills. Far under any gap, so a site that lies within it gains
 * nothing.
 */
export const PLANT_PRECISION = 1e-5;

/** At the proposal, at the bound's minimiser, and what says where two caps lie. */
const MOST_CUTS = 5;

/** What is wrong with an answer's coupling by itself, or undefined. */
export function couplingFault(
  p: DispatchProblem,
  query: SiteQuery,
  answer: SiteAnswer & { coupling: SiteCoupling },
): string | undefined {
  const TK = p.slotCount * p.classCount;
  const { cuts, shedReqPerS } = answer.coupling;
  if (cuts.length < 1 || cuts.length > MOST_CUTS) {
    return `coupling has ${cuts.length} cuts, expected 1 to ${MOST_CUTS}`;
  }
  for (const [n, cut] of cuts.entries()) {
    const fault =
      figuresFault(`cuts[${n}].interceptAud`, cut.interceptAud, p.slotCount * PIECES) ??
      figuresFault(`cuts[${n}].marginalAud`, cut.marginalAud, TK * PIECES) ??
      figuresFault(`cuts[${n}].peakShare`, cut.peakShare, p.slotCount * PIECES) ??
      peakFault(cut, n);
    if (fault !== undefined) return fault;
  }
  const fault = figuresFault('shedReqPerS', shedReqPerS, TK);
  if (fault !== undefined) return fault;
  const bad = shedReqPerS.findIndex((shed, i) => {
    const total = query.totals[i] as number;
    return shed < 0 || shed > total * (1 + 1e-9) + 1e-12;
  });
  if (bad < 0) return crossing(query, answer);
  return `shedReqPerS[${bad}] is ${shedReqPerS[bad]}, outside 0…${query.totals[bad]}`;
}

/** The first pieces have to be a plane whatever r is. */
function peakFault({ peakShare }: Cut, n: number): string | undefined {
  const falling = peakShare.findIndex((share) => share < 0);
  if (falling >= 0) return `cuts[${n}].peakShare[${falling}] is negative`;
  let sum = 0;
  for (let at = 0; at < peakShare.length; at += PIECES) sum += peakShare[at] as number;
  return sum > 1 + 1e-9 ? `cuts[${n}].peakShare of the first pieces sum up to ${sum}` : undefined;
}

/** The first pieces touch c at the proposal, so nothing else can pass above them there. */
function crossing(
  query: SiteQuery,
  answer: SiteAnswer & { coupling: SiteCoupling },
): string | undefined {
  const { totals } = query;
  const coupledAud = coupledCostAud(answer, totals);
  for (const [n, cut] of answer.coupling.cuts.entries()) {
    const { interceptAud, marginalAud } = firstPieces(cut, totals);
    const size = marginalAud.reduce(
      (sum, marginal, i) => sum + Math.abs(marginal * (totals[i] as number)),
      stakeAud(answer, totals) + Math.abs(interceptAud),
    );
    if (cutAt(cut, totals).aud > coupledAud + PLANT_PRECISION * size + 1e-12) {
      return `cuts[${n}] exceeds the cost at the proposal: not a bound below it`;
    }
  }
  return undefined;
}

/** The check of bounds against the proposal, for the sum over slots: single ones mean nothing here. */
export function coupledBoundFault(query: SiteQuery, answer: SiteAnswer): string | undefined {
  const coupledAud = coupledCostAud(answer, query.totals);
  let over = -coupledAud;
  let size = stakeAud(answer, query.totals);
  for (let t = 0; t < answer.costAud.length; t++) {
    over += (answer.boundAud[t] as number) - (answer.costAud[t] as number);
    size += Math.abs(answer.boundAud[t] as number);
  }
  query.totals.forEach((total, i) => {
    const revenue = (query.prices[i] as number) * total;
    over += revenue;
    size += Math.abs(revenue);
  });
  return over > PLANT_PRECISION * size + 1e-12
    ? 'boundAud exceeds the cost at the proposal: not a minimum'
    : undefined;
}
