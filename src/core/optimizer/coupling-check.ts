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
  const stake = stakeAud(answer, totals);
  const over = answer.coupling.cuts.findIndex((cut) => exceeds(cut, totals, coupledAud, stake));
  return over < 0
    ? undefined
    : `cuts[${over}] exceeds the cost at the proposal: not a bound below it`;
}

/** Whether a cut is above a coupled cost at some totals, by more than a site may be inexact by. */
function exceeds(cut: Cut, totals: Float64Array, coupledAud: number, stake: number): boolean {
  const { interceptAud, marginalAud } = firstPieces(cut, totals);
  const size = marginalAud.reduce(
    (sum, marginal, i) => sum + Math.abs(marginal * (totals[i] as number)),
    stake + Math.abs(interceptAud),
  );
  return cutAt(cut, totals).aud > coupledAud + PLANT_PRECISION * size + 1e-12;
}

/** What a site told before, in the same optimization. */
export interface ToldCuts {
  /** All that are still known. */
  cuts: readonly Cut[];
  /** Of the last answer, the first of which touches c at its proposal. */
  latest: readonly Cut[];
  /** That proposal. */
  totals: Float64Array;
}

/**
 * What is wrong between the cuts of a site's answers, or undefined: c is one function, so no cut may
 * pass above it where another answer says what it is.
 */
export function cutContradiction(
  told: ToldCuts,
  query: SiteQuery,
  answer: SiteAnswer,
): string | undefined {
  const [touching] = told.latest;
  if (!answer.coupling || !touching) return undefined;
  const stake = stakeAud(answer, query.totals);
  const coupledAud = coupledCostAud(answer, query.totals);
  if ([...told.cuts, ...told.latest].some((c) => exceeds(c, query.totals, coupledAud, stake))) {
    return 'the cost at the proposal is below a bound told earlier';
  }
  const { interceptAud, marginalAud } = firstPieces(touching, told.totals);
  const before = marginalAud.reduce((a, m, i) => a + m * (told.totals[i] as number), interceptAud);
  const over = answer.coupling.cuts.findIndex((c) =>
    exceeds(c, told.totals, before, stake + Math.abs(interceptAud)),
  );
  return over < 0 ? undefined : `cuts[${over}] exceeds the cost told at the last proposal`;
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
