import { type Certificate, certify, publicBound, publicCost, rowPrices } from './certificate.ts';
import { type DispatchProblem, rowCount, totalsBox } from './problem.ts';
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

/** Upper bound from the costs at z, lower bound from the minima at p, kept by slot if better. */
export function certifyRound(
  p: DispatchProblem,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): Certificate {
  const prices = state.sites.map((s) => s.prices);
  state.slots.forEach((slot, t) => {
    assertServed(p, t, slot);
    let upper = publicCost(p, slot.flow, slot.unserved);
    const rows = rowPrices(p, t, prices);
    let lower = publicBound(p, t, rows);
    for (const answer of answers) {
      if (!answer) continue;
      upper += answer.costAud[t] as number;
      lower += answer.boundAud[t] as number;
    }
    keepBetter(slot, upper, lower, rows);
  });
  return standingCertificate(state);
}

function keepBetter(slot: SlotState, upper: number, lower: number, rows: Float64Array): void {
  if (upper < slot.bestCostAud) {
    slot.bestCostAud = upper;
    slot.bestFlow.set(slot.flow);
    slot.bestUnserved.set(slot.unserved);
  }
  if (lower > slot.bestBoundAud) {
    slot.bestBoundAud = lower;
    slot.bestPrices.set(rows);
  }
  // Answers of different rounds that contradict one another prove nothing together.
  if (slot.bestBoundAud - slot.bestCostAud > CONTRADICTION * Math.abs(upper) + 1e-12) {
    slot.bestCostAud = upper;
    slot.bestFlow.set(slot.flow);
    slot.bestUnserved.set(slot.unserved);
    slot.bestBoundAud = lower;
    slot.bestPrices.set(rows);
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

/** The same for a proposal that no site has been asked about, from what all of them bid. */
export function certifyByBids(p: DispatchProblem, state: ConsensusState): Certificate {
  state.slots.forEach((slot, t) => {
    assertServed(p, t, slot);
    let upper = publicCost(p, slot.flow, slot.unserved);
    const rows = rowPrices(
      p,
      t,
      state.sites.map((s) => s.prices),
    );
    let lower = publicBound(p, t, rows);
    state.sites.forEach((site, j) => {
      if (!site.bid) return;
      const capability = p.sites[j] as DispatchProblem['sites'][number];
      upper += mostCostAud(site.bid, capability, site.totals, t);
      lower += leastBoundAud(site.bid, capability, site.prices, totalsBox(p, j), t);
    });
    keepBetter(slot, upper, lower, rows);
  });
  return standingCertificate(state);
}
