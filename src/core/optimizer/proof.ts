import { believedBounds } from './believed-bound.ts';
import { batchBound, type Certificate, publicBound, publicCost, rowPrices } from './certificate.ts';
import { keepBetter, type SlotProof, standingCertificate } from './incumbent.ts';
import { type DispatchProblem, type SiteCapability, totalsBoxes } from './problem.ts';
import { assertServed } from './served.ts';
import { coupledCostAud } from './site-coupling.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import { type ConsensusState, isJoint } from './state.ts';
import { leastBoundAud, mostCostAud } from './supply-curve.ts';

/** What a round proves: the cost of its proposal, and a bound below every plan's. */

/** The sites' part in a slot: what they cost at the proposal, and their minima at its prices, AUD. */
type SiteSums = (t: number) => { costAud: number; boundAud: number };

/**
 * Upper bound from the costs at z, lower bound from the minima at p, kept if better.
 * @param joinedAud cost of the proposal that belongs to no slot
 * @param answers by site, where it was asked about the proposal
 */
function certifySlots(
  p: DispatchProblem,
  state: ConsensusState,
  sitesAt: SiteSums,
  joinedAud = 0,
  answers: (SiteAnswer | undefined)[] = [],
): Certificate {
  const prices = state.sites.map((s) => s.prices);
  const proofs = state.slots.map((slot, t): SlotProof => {
    const rows = rowPrices(p, t, prices);
    const { costAud, boundAud } = sitesAt(t);
    return {
      slot,
      t,
      upperAud: publicCost(p, slot.flow, slot.unserved) + costAud,
      lowerAud: publicBound(p, t, rows.aud) + boundAud,
      rows,
    };
  });
  assertServed(p, state);
  const keep = (group: SlotProof[]) => keepBetter(p, state, group, answers);
  // In the first round no plane is learned yet: an answer alone tells that a site joins slots.
  if (!isJoint(p, state) && answers.every((answer) => !answer?.coupling)) {
    for (const proof of proofs) keep([proof]);
    return standingCertificate(state);
  }
  const first = proofs[0] as SlotProof;
  const batch = state.batchUnserved.reduce((sum, y) => sum + y * p.unservedCostAud, 0);
  first.upperAud += joinedAud + batch;
  first.lowerAud += batchBound(p, prices);
  keep(proofs);
  return standingCertificate(state);
}

/**
 * The certificate after a round that all sites answered.
 * @param state has learned the answers
 */
export function certifyRound(
  p: DispatchProblem,
  state: ConsensusState,
  queries: (SiteQuery | undefined)[],
  answers: (SiteAnswer | undefined)[],
): Certificate {
  const bounds = answers.map((answer, j) => {
    const query = queries[j];
    return answer && query && believedBounds(p, state, j, query, answer);
  });
  const sums = (t: number) => {
    let costAud = 0;
    let boundAud = 0;
    answers.forEach((answer, j) => {
      costAud += answer?.costAud[t] ?? 0;
      boundAud += bounds[j]?.[t] ?? 0;
    });
    return { costAud, boundAud };
  };
  const joinedAud = answers.reduce(
    (sum, answer, j) =>
      sum +
      (answer ? coupledCostAud(answer, (state.sites[j] as { totals: Float64Array }).totals) : 0),
    0,
  );
  return certifySlots(p, state, sums, joinedAud, answers);
}

/** The same for a proposal that no site has been asked about, from what all of them bid. */
export function certifyByBids(p: DispatchProblem, state: ConsensusState): Certificate {
  const boxes = totalsBoxes(p);
  return certifySlots(p, state, (t) => {
    const sums = { costAud: 0, boundAud: 0 };
    state.sites.forEach(({ bid, totals, prices }, j) => {
      if (!bid) return;
      const capability = p.sites[j] as SiteCapability;
      sums.costAud += mostCostAud(bid, capability, totals, t);
      sums.boundAud += leastBoundAud(bid, capability, prices, boxes[j] as Float64Array, t);
    });
    return sums;
  });
}
