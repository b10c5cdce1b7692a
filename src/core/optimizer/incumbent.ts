import { type Certificate, certify, type RowPrices } from './certificate.ts';
import type { DispatchProblem } from './problem.ts';
import { keepPlan } from './served.ts';
import type { SiteAnswer } from './site-subproblem.ts';
import type { ConsensusState, SlotState } from './state.ts';

/**
 * What has been proven so far: the best cost and the best bound, whatever round they are from.
 * Independent slots keep their bests each for itself; slots that something joins, all together.
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

export function standingCertificate(state: ConsensusState): Certificate {
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

/** What a round proves of a slot. */
export interface SlotProof {
  slot: SlotState;
  t: number;
  upperAud: number;
  lowerAud: number;
  /** π at the round's prices. */
  rows: RowPrices;
}

/** Keeps the round's plan and bound for a group of slots, where they are better than the standing ones. */
export function keepBetter(
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
