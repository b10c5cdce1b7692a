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

const MOST_CUTS = 2;

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
      figuresFault(`cuts[${n}].interceptAud`, Float64Array.of(cut.interceptAud), 1) ??
      figuresFault(`cuts[${n}].marginalAud`, cut.marginalAud, TK);
    if (fault !== undefined) return fault;
  }
  const fault = figuresFault('shedReqPerS', shedReqPerS, TK);
  if (fault !== undefined) return fault;
  const bad = shedReqPerS.findIndex((shed, i) => {
    const total = query.totals[i] as number;
    return shed < 0 || shed > total * (1 + 1e-9) + 1e-12;
  });
  if (bad < 0) return crossing(query, cuts, stakeAud(answer, query.totals));
  return `shedReqPerS[${bad}] is ${shedReqPerS[bad]}, outside 0…${query.totals[bad]}`;
}

/** The first plane touches c at the proposal, so another one cannot pass above it there. */
function crossing(query: SiteQuery, cuts: SiteCoupling['cuts'], stake: number): string | undefined {
  const [first, second] = cuts.map((cut) => {
    let value = cut.interceptAud;
    let size = Math.abs(value);
    cut.marginalAud.forEach((marginal, i) => {
      const part = marginal * (query.totals[i] as number);
      value += part;
      size += Math.abs(part);
    });
    return { value, size };
  });
  if (!first || !second) return undefined;
  return second.value > first.value + PLANT_PRECISION * (stake + first.size + second.size) + 1e-12
    ? 'cuts[1] exceeds the first at the proposal: not a plane below'
    : undefined;
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
