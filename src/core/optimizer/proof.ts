import {
  batchBound,
  type Certificate,
  certify,
  publicBound,
  publicCost,
  type RowPrices,
  rowPrices,
} from './certificate.ts';
import { modelledBoundAud } from './modelled-bound.ts';
import { type DispatchProblem, rowCount, type SiteCapability, totalsBoxes } from './problem.ts';
import { keepPlan } from './served.ts';
import { coupledCostAud } from './site-coupling.ts';
import type { SlotCurve } from './site-curve.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import { type ConsensusState, isJoint, type SiteState, type SlotState } from './state.ts';
import { leastBoundAud, mostCostAud } from './supply-curve.ts';

/**
 * What is proven: the best cost and the best bound, whatever round they are from. Independent slots
 * keep their bests each for itself; slots that something joins, all together.
 */

/** A lower bound this share above the cost is no rounding. */
const CONTRADICTION = 1e-6;

/** Rounding of a sum, as a share of what is added up. */
const ROUNDING = 1e-14;

/** AUD per (req/s) and slot: prices below this are none, as where nothing costs anything. */
const NO_PRICE = 1e-20;

/** A proven plan, by slot. */
export interface Incumbent {
  /** req/s by edge, and req/s by row left unserved. */
  flow: Float64Array[];
  unserved: Float64Array[];
  /** Marginal price by row, AUD per (req/s) and slot. */
  rowPrices: Float64Array[];
  certificate: Certificate;
}

/** The best plan proven so far; undefined before the first certified round. */
export function incumbent(state: ConsensusState): Incumbent | undefined {
  if (state.slots.some((s) => s.bestCostAud === Number.POSITIVE_INFINITY)) return undefined;
  return {
    flow: state.slots.map((s) => s.bestFlow),
    unserved: state.slots.map((s) => s.bestUnserved),
    rowPrices: state.slots.map((s) => s.bestPrices),
    certificate: standingCertificate(state),
  };
}

function standingCertificate(state: ConsensusState): Certificate {
  let upper = 0;
  let lower = 0;
  let rounding = 0;
  for (const slot of state.slots) {
    upper += slot.bestCostAud;
    lower += slot.bestBoundAud;
    rounding += roundingAud(slot);
  }
  return certify(upper, lower, rounding);
}

/** What rounding may do to a slot's cost and bound: of all its demand at its dearest price. */
function roundingAud({ bestFlow, bestUnserved, bestPrices }: SlotState): number {
  let reqPerS = 0;
  let dearest = 0;
  for (const flow of bestFlow) reqPerS += flow;
  for (const flow of bestUnserved) reqPerS += flow;
  for (const price of bestPrices) dearest = Math.max(dearest, Math.abs(price));
  return reqPerS * (ROUNDING * dearest + NO_PRICE);
}

/** The sites' part in a slot: what they cost at the proposal, and their minima at its prices, AUD. */
type SiteSums = (t: number) => { costAud: number; boundAud: number };

/** What a round proves of a slot. */
interface SlotProof {
  slot: SlotState;
  t: number;
  upperAud: number;
  lowerAud: number;
  /** π at the round's prices. */
  rows: RowPrices;
}

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
  const sums = (t: number) => {
    let costAud = 0;
    let boundAud = 0;
    answers.forEach((answer, j) => {
      const query = queries[j];
      if (!answer || !query) return;
      costAud += answer.costAud[t] as number;
      boundAud += believedBoundAud(p, state, j, query, answer, t);
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

/** A site's bound in slot t, as far as its own costs let it be believed. */
function believedBoundAud(
  p: DispatchProblem,
  state: ConsensusState,
  j: number,
  query: SiteQuery,
  answer: SiteAnswer,
  t: number,
): number {
  const told = answer.boundAud[t] as number;
  // What joins a site's slots is in no curve, and a bid proves by itself.
  if (answer.coupling || answer.supply) return told;
  const curve = (state.sites[j] as SiteState).curves[t] as SlotCurve;
  return Math.min(told, modelledBoundAud(curve, p.sites[j] as SiteCapability, query, answer, t));
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

/** Keeps the round's plan and bound for a group of slots, where they are better than the standing ones. */
function keepBetter(
  p: DispatchProblem,
  state: ConsensusState,
  group: SlotProof[],
  answers: (SiteAnswer | undefined)[],
): void {
  const sum = (of: (proof: SlotProof) => number) => group.reduce((a, proof) => a + of(proof), 0);
  const upper = sum((proof) => proof.upperAud);
  const lower = sum((proof) => proof.lowerAud);
  const bestCost = sum(({ slot }) => slot.bestCostAud);
  const bestBound = sum(({ slot }) => slot.bestBoundAud);
  // Answers of different rounds that contradict one another prove nothing together.
  const excess = Math.max(lower, bestBound) - Math.min(upper, bestCost);
  const contradicts =
    excess > CONTRADICTION * Math.abs(upper) + sum(({ slot }) => roundingAud(slot));
  const better = contradicts || upper < bestCost;
  const shed = answers.map((answer) => answer?.coupling?.shedReqPerS);
  if (better && group.length === state.slots.length) keepImpacts(state, answers);
  for (const { slot, t, upperAud, lowerAud, rows } of group) {
    if (better) {
      slot.bestCostAud = upperAud;
      keepPlan(p, state, t, shed);
    }
    if (contradicts || lower > bestBound) {
      slot.bestBoundAud = lowerAud;
      slot.bestPrices.set(rows.aud);
      slot.bestEdges.set(rows.edge);
    }
  }
}

/** What coupled sites take for the best plan is theirs to say. */
function keepImpacts(state: ConsensusState, answers: (SiteAnswer | undefined)[]): void {
  state.sites.forEach((site, j) => {
    const answer = answers[j];
    if (!answer?.coupling) return;
    if (answer.impacts) site.bestImpacts = answer.impacts;
    else delete site.bestImpacts;
  });
}

/** A certificate of a plan that serves less than the demand would prove nothing. */
function assertServed(p: DispatchProblem, state: ConsensusState): void {
  const R = rowCount(p);
  const batchRows = new Set(p.batch?.flatMap((b) => [...b.rows]));
  let open = state.batchUnserved.reduce((a, y) => a + y, 0);
  state.slots.forEach((slot, t) => {
    for (let r = 0; r < R; r++) {
      const demand = p.demandReqPerS[t * R + r] as number;
      let placed = slot.unserved[r] as number;
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        placed += slot.flow[e] as number;
      }
      if (batchRows.has(r)) open += placed;
      else if (Math.abs(placed - demand) > 1e-9 * demand) {
        throw new Error(`slot ${t}, row ${r}: ${placed} req/s placed of ${demand}`);
      }
    }
  });
  const amount = (p.batch ?? []).reduce((a, b) => a + b.amount, 0);
  if (Math.abs(open - amount) > 1e-9 * amount) {
    throw new Error(`${open} (req/s)·slots of batch demand placed of ${amount}`);
  }
}
