import {
  type Certificate,
  certify,
  publicBound,
  publicCost,
  type RowPrices,
  rowPrices,
} from './certificate.ts';
import { type DispatchProblem, rowCount, type SiteCapability, totalsBoxes } from './problem.ts';
import type { SiteAnswer } from './site-subproblem.ts';
import type { ConsensusState, SlotState } from './state.ts';
import { leastBoundAud, mostCostAud } from './supply-curve.ts';

/** What is proven: the best cost and the best bound of every slot, whatever round they are from. */

/** A lower bound this share above the cost is no rounding. */
const CONTRADICTION = 1e-6;

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
  for (const slot of state.slots) {
    upper += slot.bestCostAud;
    lower += slot.bestBoundAud;
  }
  return certify(upper, lower);
}

/** The sites' part in a slot: what they cost at the proposal, and their minima at its prices, AUD. */
type SiteSums = (t: number) => { costAud: number; boundAud: number };

/** Upper bound from the costs at z, lower bound from the minima at p, kept by slot if better. */
function certifySlots(p: DispatchProblem, state: ConsensusState, sitesAt: SiteSums): Certificate {
  const prices = state.sites.map((s) => s.prices);
  state.slots.forEach((slot, t) => {
    assertServed(p, t, slot);
    const rows = rowPrices(p, t, prices);
    const { costAud, boundAud } = sitesAt(t);
    const upper = publicCost(p, slot.flow, slot.unserved) + costAud;
    keepBetter(slot, upper, publicBound(p, t, rows.aud) + boundAud, rows);
  });
  return standingCertificate(state);
}

/** The certificate after a round that all sites answered. */
export function certifyRound(
  p: DispatchProblem,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): Certificate {
  return certifySlots(p, state, (t) => {
    const sums = { costAud: 0, boundAud: 0 };
    for (const answer of answers) {
      sums.costAud += answer?.costAud[t] ?? 0;
      sums.boundAud += answer?.boundAud[t] ?? 0;
    }
    return sums;
  });
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

function keepBetter(slot: SlotState, upper: number, lower: number, rows: RowPrices): void {
  const cost = Math.min(upper, slot.bestCostAud);
  const bound = Math.max(lower, slot.bestBoundAud);
  // Answers of different rounds that contradict one another prove nothing together.
  const contradicts = bound - cost > CONTRADICTION * Math.abs(upper) + 1e-12;
  if (contradicts || upper < slot.bestCostAud) {
    slot.bestCostAud = upper;
    slot.bestFlow.set(slot.flow);
    slot.bestUnserved.set(slot.unserved);
  }
  if (contradicts || lower > slot.bestBoundAud) {
    slot.bestBoundAud = lower;
    slot.bestPrices.set(rows.aud);
    slot.bestEdges.set(rows.edge);
  }
}

/** A certificate of a plan that serves less than the demand would prove nothing. */
function assertServed(p: DispatchProblem, t: number, slot: SlotState): void {
  const rows = rowCount(p);
  for (let r = 0; r < rows; r++) {
    const demand = p.demandReqPerS[t * rows + r] as number;
    let placed = slot.unserved[r] as number;
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      placed += slot.flow[e] as number;
    }
    if (Math.abs(placed - demand) <= 1e-9 * demand) continue;
    throw new Error(`slot ${t}, row ${r}: ${placed} req/s placed of ${demand}`);
  }
}
