import type { Cut } from './cut.ts';
import type { DispatchProblem, SiteCapability } from './problem.ts';
import { wholeCostAud, wholeMarginalAud } from './site-coupling.ts';
import { learn } from './site-curve.ts';
import { loadOf, type SiteAnswer, type SiteQuery } from './site-subproblem.ts';
import type { ConsensusState, SiteState } from './state.ts';
import { type SupplyBid, supplyBid, supplySamples } from './supply-curve.ts';

/** Takes a site's valid answer into what is known of it. */
export function learnAnswer(
  p: DispatchProblem,
  state: ConsensusState,
  j: number,
  query: SiteQuery,
  answer: SiteAnswer,
): void {
  const K = p.classCount;
  const site = state.sites[j] as SiteState;
  const capability = p.sites[j] as DispatchProblem['sites'][number];
  site.answeredTotals.set(query.totals);
  site.answeredCostAud.set(wholeCostAud(answer, query.totals));
  site.marginalAud.set(wholeMarginalAud(answer, query.totals));
  if (answer.impacts) site.impacts = answer.impacts;
  if (answer.coupling) {
    // An earlier optimization's cuts are of other prices.
    if (site.latestCuts.length === 0) site.cuts = [];
    site.latestCuts = answer.coupling.cuts;
    for (const cut of answer.coupling.cuts) {
      if (!site.cuts.some((known) => isSame(known, cut))) site.cuts.push(cut);
    }
    site.servedShare = servedShare(capability, query.totals, answer.coupling.shedReqPerS);
  }
  if (answer.supply && query.supplyLoad) {
    takeBid(p, site, supplyBid(capability, query.supplyLoad, answer, answer.supply));
    return;
  }
  site.curves.forEach((curve, t) => {
    const load = loadOf(capability.loadPerReqPerS, query.totals, t);
    const marginal = answer.marginalAud.subarray(t * K, (t + 1) * K);
    learn(curve, capability, load, marginal, answer.slopeAud[t] as number);
  });
}

/** Where nothing but caps joins a site's slots, it says the same of them in every answer. */
function isSame(one: Cut, other: Cut): boolean {
  const same = (a: Float64Array, b: Float64Array) => a.every((v, at) => v === b[at]);
  return (
    same(one.interceptAud, other.interceptAud) &&
    same(one.marginalAud, other.marginalAud) &&
    same(one.peakShare, other.peakShare)
  );
}

function servedShare(site: SiteCapability, totals: Float64Array, shed: Float64Array): number {
  const s = site.loadPerReqPerS;
  const load = (of: Float64Array) =>
    of.reduce((sum, n, at) => sum + n * (s[at % s.length] as number), 0);
  const asked = load(totals);
  return asked > 0 ? 1 - load(shed) / asked : 1;
}

/** A bid is all there is to know of a site: its curves are the bid's. */
function takeBid(p: DispatchProblem, site: SiteState, bid: SupplyBid): void {
  const K = p.classCount;
  site.bid = bid;
  site.curves = site.curves.map((_, t) => ({
    offsetAud: bid.rateAud.slice(t * K, (t + 1) * K),
    samples: supplySamples(bid, t),
    anchored: true,
  }));
}
