import { type Cut, PIECES } from '../cut.ts';
import { slotBound } from '../site-slot.ts';
import type { SiteAnswer, SiteProblem, SiteQuery } from '../site-subproblem.ts';
import { capCuts } from './cap-cuts.ts';
import { plantImpacts } from './impacts.ts';
import { operatePlant, peakAud, solvePlant } from './operate.ts';
import { piecesOf } from './pieces.ts';
import { type Plane, valueAt } from './plane.ts';
import type { SitePlant } from './plant.ts';

/**
 * A plant's part of an answer: bounds below c, what is shed, what the operation takes, and the bound.
 * Throws {@link InvalidInputError} if a limit is broken by the site with no request at all.
 */
export function couple(
  site: SiteProblem,
  plant: SitePlant,
  query: SiteQuery,
  answer: SiteAnswer,
): void {
  const here = operatePlant(site, plant, query.totals);
  if (query.impacts && site.impacts) {
    const { energy, ...carbonAndWater } = plantImpacts(site, plant, query.totals, here);
    answer.impacts = { ...carbonAndWater, ...(site.impacts.energy && { energy }) };
  }
  const most = query.box.map((box, at) => {
    const k = at % site.classCount;
    const limit = site.maxLoad[Math.floor(at / site.classCount)] as number;
    return Math.min(box, limit / (site.loadPerReqPerS[k] as number));
  });
  const bound = solvePlant(site, plant, { costAud: query.prices.map((p) => -p), most });
  answer.boundAud = better(
    boundsOf(withRates(site, bound.plane), query),
    boundsOf(withRates(site, here.plane), query),
  );
  answer.coupling = {
    cuts: [cutOf(site, here.pieces, here.costAud - valueAt(here.plane, query.totals))],
    shedReqPerS: here.shedReqPerS,
  };
  if (!bound.plane.rateAud.every((rate, i) => rate === here.plane.rateAud[i])) {
    const { excess, multipliers, layout, solution } = bound;
    const peak = peakAud(plant, layout, solution);
    const pieces = piecesOf(site, plant, excess, multipliers, query.totals, peak);
    answer.coupling.cuts.push(cutOf(site, pieces, 0));
  }
  for (const pieces of capCuts(site, plant, here, query.totals)) {
    answer.coupling.cuts.push(cutOf(site, pieces, 0));
  }
}

function boundsOf(planned: SiteProblem, { prices, box }: SiteQuery): Float64Array {
  return Float64Array.from({ length: planned.slotCount }, (_, t) =>
    slotBound(planned, t, prices, box),
  );
}

/** The higher in sum: any plane gives bounds that hold, and a program that degenerates a low one. */
function better(one: Float64Array, other: Float64Array): Float64Array {
  const sum = (bounds: Float64Array) => bounds.reduce((a, b) => a + b, 0);
  return sum(other) > sum(one) ? other : one;
}

/** The site with a plane for its energy: separable, and nowhere dearer than the plant. */
function withRates(site: SiteProblem, plane: Plane): SiteProblem {
  return { ...site, baseAud: plane.interceptAud, rateAud: plane.rateAud };
}

/** A bound below v as one below c = v − Σ (b + a·N). */
function cutOf(site: SiteProblem, pieces: Cut, raisedAud: number): Cut {
  const K = site.classCount;
  const interceptAud = pieces.interceptAud.map((aud, at) => {
    const t = Math.floor(at / PIECES);
    return aud - (site.baseAud[t] as number) + raisedAud / site.slotCount;
  });
  const marginalAud = pieces.marginalAud.map((rate, at) => {
    const t = Math.floor(at / (PIECES * K));
    return rate - (site.rateAud[t * K + (at % K)] as number);
  });
  return { interceptAud, marginalAud, peakShare: pieces.peakShare };
}
