import { type DispatchProblem, rowCount } from './problem.ts';
import type { ConsensusState, SlotState } from './state.ts';

/**
 * Makes the standing proposal of slot t its best plan. What sites cannot serve of it, and batch demand
 * that found no slot, is unserved there; both are in the proposal's cost at that price already.
 * @param shed by site, req/s, length T·K; undefined where a site serves all
 */
export function keepPlan(
  p: DispatchProblem,
  state: ConsensusState,
  t: number,
  shed: (Float64Array | undefined)[],
): void {
  const slot = state.slots[t] as SlotState;
  slot.bestFlow.set(slot.flow);
  slot.bestUnserved.set(slot.unserved);
  takeShed(p, state, t, shed);
  p.batch?.forEach((batch, b) => {
    if (batch.lastSlot !== t) return;
    batch.rows.forEach((r, n) => {
      const left = (state.batchUnserved[b] as number) * (batch.rowShare[n] as number);
      slot.bestUnserved[r] = (slot.bestUnserved[r] as number) + left;
    });
  });
}

/** Every zone loses the same share of what it sent. */
function takeShed(
  p: DispatchProblem,
  state: ConsensusState,
  t: number,
  shed: (Float64Array | undefined)[],
): void {
  if (!shed.some((of) => of !== undefined)) return;
  const K = p.classCount;
  const { bestFlow, bestUnserved } = state.slots[t] as SlotState;
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    const at = t * K + (r % K);
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      const j = p.edgeSite[e] as number;
      const lost = shed[j]?.[at] ?? 0;
      if (!(lost > 0)) continue;
      const flow = bestFlow[e] as number;
      const share = Math.min(1, lost / (state.sites[j]?.totals[at] as number));
      bestFlow[e] = flow * (1 - share);
      bestUnserved[r] = (bestUnserved[r] as number) + flow * share;
    }
  }
}

/** A certificate of a plan that serves less than the demand would prove nothing. */
export function assertServed(p: DispatchProblem, state: ConsensusState): void {
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
