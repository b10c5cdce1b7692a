import { type DispatchProblem, rowCount } from './problem.ts';

/** A proof of how far a plan can be from the optimum. */
export interface Certificate {
  /** U: true cost of the plan, AUD over the horizon. */
  objectiveAud: number;
  /** L: no plan costs less, AUD over the horizon. */
  lowerBoundAud: number;
  /** (U − L)/|U|, dimensionless. */
  gap: number;
}

/**
 * (U − L)/|U|; rounding may leave U a hair under L, which is a gap of zero.
 * @param roundingAud differences up to this are rounding: without it an objective that cancels out to
 *   zero is never proven. Of the size of the money that changes hands, or it would prove what it hides.
 */
export function certify(objectiveAud: number, lowerBoundAud: number, roundingAud = 0): Certificate {
  const difference = objectiveAud - lowerBoundAud;
  const gap = difference <= roundingAud ? 0 : difference / Math.abs(objectiveAud);
  return { objectiveAud, lowerBoundAud, gap };
}

/** Prices of the demand rows of a slot. Length I·K each. */
export interface RowPrices {
  /** π, AUD per (req/s) and slot. */
  aud: Float64Array;
  /** The edge at which π is had; −1 where demand is worth C_u. */
  edge: Int32Array;
}

/**
 * π_r = min(C_u, min_{e∈r} (c_e + p_{j(e),k})): what a request more would cost in each row of slot t at
 * the sites' prices p (one array of T·K by site).
 */
export function rowPrices(p: DispatchProblem, t: number, prices: Float64Array[]): RowPrices {
  const aud = new Float64Array(rowCount(p));
  const edge = new Int32Array(aud.length).fill(-1);
  for (let r = 0; r < aud.length; r++) {
    const k = r % p.classCount;
    let cheapest = p.unservedCostAud;
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      const j = p.edgeSite[e] as number;
      if ((p.sites[j] as { maxLoad: Float64Array }).maxLoad[t] === 0) continue;
      const price = (prices[j] as Float64Array)[t * p.classCount + k] as number;
      if (!((p.edgeCostAud[e] as number) + price < cheapest)) continue;
      cheapest = (p.edgeCostAud[e] as number) + price;
      edge[r] = e;
    }
    aud[r] = cheapest;
  }
  return { aud, edge };
}

/**
 * The coordinator's part of the lower bound in slot t, Σ_r λ_r π_r. With the sites' own minima at the
 * same prices it is the Lagrangian dual of the dispatch problem, so it bounds every plan from below
 * whatever the prices.
 * @param rows π, of {@link rowPrices}
 */
export function publicBound(p: DispatchProblem, t: number, rows: Float64Array): number {
  let bound = 0;
  for (let r = 0; r < rows.length; r++) {
    const demand = p.demandReqPerS[t * rows.length + r] as number;
    if (demand > 0) bound += demand * (rows[r] as number);
  }
  return bound;
}

/** The same for batch demand, which is served where and when it is cheapest: Σ_b D_b min(C_u, p). */
export function batchBound(p: DispatchProblem, prices: Float64Array[]): number {
  let bound = 0;
  for (const batch of p.batch ?? []) {
    let cheapest = p.unservedCostAud;
    for (const j of batch.sites) {
      for (let t = batch.firstSlot; t <= batch.lastSlot; t++) {
        if ((p.sites[j] as { maxLoad: Float64Array }).maxLoad[t] === 0) continue;
        const price = prices[j]?.[t * p.classCount + batch.classIndex] as number;
        cheapest = Math.min(cheapest, price);
      }
    }
    bound += batch.amount * cheapest;
  }
  return bound;
}

/** The coordinator's part of a plan's cost in slot t: network time, and demand left unserved. */
export function publicCost(p: DispatchProblem, flow: Float64Array, unserved: Float64Array): number {
  let cost = 0;
  for (let e = 0; e < flow.length; e++) cost += (flow[e] as number) * (p.edgeCostAud[e] as number);
  for (let r = 0; r < unserved.length; r++) cost += (unserved[r] as number) * p.unservedCostAud;
  return cost;
}
