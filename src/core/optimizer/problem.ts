import type { Lateness } from '../model/lateness.ts';

/**
 * The problem in the coordinator's eyes: everything public, nothing of a site's cost.
 *
 *   min  Σ_t [ Σ_e c_e x_et + C_u Σ_r y_rt + Σ_j g_jt(N_jt) ]
 *   s.t. Σ_{e of row r} x_et + y_rt = λ_rt,   Σ_k s_jk N_jkt ≤ L_jt,   x, y ≥ 0
 *
 * A row r = i·K + k is the demand of zone i in class k; an edge e joins a row to an eligible site;
 * N_jkt is a site's total in a class; y is demand nobody can serve. g_j is known to site j alone.
 */
export interface DispatchProblem {
  slotCount: number;
  classCount: number;
  zoneCount: number;
  sites: SiteCapability[];
  /** λ, req/s, index {@link rowAt}. */
  demandReqPerS: Float64Array;
  /** CSR of the edges: those of row r are rowStart[r] … rowStart[r + 1] − 1. Length I·K + 1. */
  rowStart: Int32Array;
  /** Site of each edge, length E. */
  edgeSite: Int32Array;
  /** c, AUD per (req/s) and slot: the value of network and prefill time. Length E. */
  edgeCostAud: Float64Array;
  /** C_u, AUD per (req/s) and slot, for demand left unserved. */
  unservedCostAud: number;
  /** Whether limits are below what sites compute by themselves, so that they must be told. */
  limited?: true;
  /** Work that may wait; its rows ask for nothing in `demandReqPerS`. */
  batch?: BatchDemand[];
}

/**
 * Work of one class that may be served in any slot of a window. Zones from where the same sites are
 * eligible are one demand, since nobody waits for its network time.
 */
export interface BatchDemand {
  classIndex: number;
  /** Slots of the window, the last included. */
  firstSlot: number;
  lastSlot: number;
  /** Requests per second times slots: Σ_t Σ_j x = amount. */
  amount: number;
  /** Eligible sites. */
  sites: Int32Array;
  /** Rows it comes from, and the share of each, which add up to one. */
  rows: Int32Array;
  rowShare: Float64Array;
  /** Place among the run's jobs, if it is one. */
  job?: number;
}

/** What a site tells the coordinator once: how fast it is, not what it pays. */
export interface SiteCapability {
  id: string;
  /** s, server-seconds per request by class, i.e. load (busy servers) per req/s. Length K. */
  loadPerReqPerS: Float64Array;
  /** L, busy servers the plan may use, by slot. Length T; zero while the site is out. */
  maxLoad: Float64Array;
  /**
   * Prior of the site's congestion cost, for proposals before it has answered: see queueing.ts.
   * Wrong numbers cost rounds, never correctness.
   */
  prior: {
    servers: number;
    variability: number;
    costAudPerWaiting: number;
    lateness?: Lateness;
  };
}

/** Index of zone i, class k in slot t. */
export function rowAt(p: DispatchProblem, t: number, i: number, k: number): number {
  return (t * p.zoneCount + i) * p.classCount + k;
}

/** Index of class k in slot t within a site's totals, prices and marginals (length T·K). */
export function totalAt(classCount: number, t: number, k: number): number {
  return t * classCount + k;
}

export function rowCount(p: DispatchProblem): number {
  return p.zoneCount * p.classCount;
}

export function edgeCount(p: DispatchProblem): number {
  return p.edgeSite.length;
}

/** Load of each site under the flows of one slot (req/s by edge), busy servers. */
export function loadsOf(p: DispatchProblem, flow: Float64Array): Float64Array {
  const loads = new Float64Array(p.sites.length);
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    const k = r % p.classCount;
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      const j = p.edgeSite[e] as number;
      const perReqPerS = p.sites[j]?.loadPerReqPerS[k] as number;
      loads[j] = (loads[j] as number) + (flow[e] as number) * perReqPerS;
    }
  }
  return loads;
}

/** Totals of each site under flows (req/s by edge, by slot), req/s. Length T·K each. */
export function totalsOf(p: DispatchProblem, flow: Float64Array[]): Float64Array[] {
  const K = p.classCount;
  const totals = p.sites.map(() => new Float64Array(p.slotCount * K));
  flow.forEach((slotFlow, t) => {
    for (let r = 0; r + 1 < p.rowStart.length; r++) {
      const at = totalAt(K, t, r % K);
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        const site = totals[p.edgeSite[e] as number] as Float64Array;
        site[at] = (site[at] as number) + (slotFlow[e] as number);
      }
    }
  });
  return totals;
}

/**
 * The most each site could be asked for, by slot and class (length T·K): the demand of all rows that
 * may use it. Public, and valid for every feasible plan, so it bounds the sites' subproblems.
 */
export function totalsBoxes(p: DispatchProblem): Float64Array[] {
  const boxes = p.sites.map(() => new Float64Array(p.slotCount * p.classCount));
  const rows = rowCount(p);
  for (let r = 0; r < rows; r++) {
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      const box = boxes[p.edgeSite[e] as number] as Float64Array;
      for (let t = 0; t < p.slotCount; t++) {
        const at = totalAt(p.classCount, t, r % p.classCount);
        box[at] = (box[at] as number) + (p.demandReqPerS[t * rows + r] as number);
      }
    }
  }
  p.batch?.forEach((batch) => {
    for (const j of batch.sites) {
      const box = boxes[j] as Float64Array;
      for (let t = batch.firstSlot; t <= batch.lastSlot; t++) {
        const at = totalAt(p.classCount, t, batch.classIndex);
        box[at] = (box[at] as number) + batch.amount;
      }
    }
  });
  return boxes;
}

/** Checks shapes and ranges; throws RangeError naming the field. Call once per problem. */
export function assertProblem(p: DispatchProblem): void {
  const rows = rowCount(p);
  const need = (ok: boolean, what: string) => {
    if (!ok) throw new RangeError(`dispatch problem: ${what}`);
  };
  need(
    p.demandReqPerS.length === p.slotCount * rows,
    `demandReqPerS has ${p.demandReqPerS.length} entries, expected ${p.slotCount * rows}`,
  );
  need(
    p.rowStart.length === rows + 1,
    `rowStart has ${p.rowStart.length} entries, expected ${rows + 1}`,
  );
  need(p.edgeCostAud.length === p.edgeSite.length, 'edgeCostAud and edgeSite differ in length');
  need(p.rowStart[rows] === p.edgeSite.length, 'rowStart does not end at the number of edges');
  need(
    p.demandReqPerS.every((d) => d >= 0 && d < Infinity),
    'demandReqPerS must be finite and ≥ 0',
  );
  need(
    p.edgeCostAud.every((c) => Number.isFinite(c)),
    'edgeCostAud must be finite',
  );
  need(
    p.edgeSite.every((j) => j >= 0 && j < p.sites.length),
    'edgeSite names a site that is not there',
  );
  p.batch?.forEach((b, n) => {
    need(b.amount >= 0 && b.amount < Infinity, `batch demand ${n}: amount must be finite and ≥ 0`);
    need(
      b.firstSlot >= 0 && b.firstSlot <= b.lastSlot && b.lastSlot < p.slotCount,
      `batch demand ${n}: slots ${b.firstSlot} to ${b.lastSlot} are no window of ${p.slotCount}`,
    );
  });
  for (const site of p.sites) {
    need(
      site.maxLoad.length === p.slotCount && site.maxLoad.every((l) => l >= 0 && l < Infinity),
      `site ${site.id}: maxLoad must be ${p.slotCount} finite values ≥ 0`,
    );
    need(
      site.loadPerReqPerS.length === p.classCount &&
        site.loadPerReqPerS.every((s) => s > 0 && s < Infinity),
      `site ${site.id}: loadPerReqPerS must be ${p.classCount} finite values > 0`,
    );
  }
}
