import { type DispatchProblem, rowCount } from '../problem.ts';
import { siteOrder } from './site-order.ts';
import type { SiteModel } from './types.ts';

/**
 * One slot's master in compact form: rows with demand only, edges to open sites only, and within a
 * row the edges by rising column. A column is an unknown of the reduced system: a site's load, or in
 * classic rounds a site's total in one class.
 */
export interface SlotProgram {
  classCount: number;
  siteCount: number;
  rows: number;
  /** Row of the dispatch problem, and λ > 0. Length `rows`. */
  sourceRow: Int32Array;
  demand: Float64Array;
  /** CSR of the edges by row. Length `rows` + 1. */
  rowStart: Int32Array;
  /** By edge: the dispatch problem's edge, its site, its total j·K + k, its column. */
  sourceEdge: Int32Array;
  site: Int32Array;
  total: Int32Array;
  column: Int32Array;
  /** By edge: c, s, and the coefficient of x in its column (s, or 1 in classic rounds). */
  costAud: Float64Array;
  load: Float64Array;
  weight: Float64Array;
  unservedCostAud: number;
  /** s by total j·K + k. */
  perReq: Float64Array;
  /** L by site; zero is closed. */
  limit: Float64Array;
  models: SiteModel[];
  classic: boolean;
  columns: number;
  /** First column of each site. */
  siteColumn: Int32Array;
}

/** What all slots of a problem share: found once, used in every round. */
export interface MasterLayout {
  /** Place of each site in the order of elimination. */
  place: Int32Array;
  /** The problem's edges, within a row by rising place of their site. */
  edges: Int32Array;
}

export function masterLayout(p: DispatchProblem): MasterLayout {
  const place = new Int32Array(p.sites.length);
  siteOrder(p).forEach((j, n) => {
    place[j] = n;
  });
  const edges = Int32Array.from(p.edgeSite, (_, e) => e);
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    edges
      .subarray(p.rowStart[r], p.rowStart[r + 1])
      .sort((a, b) => place[p.edgeSite[a]!]! - place[p.edgeSite[b]!]!);
  }
  return { place, edges };
}

/** Busy servers below which a site counts as closed. */
const CLOSED = 1e-9;

/** The program with all edges of a slot. */
export function slotProgram(
  p: DispatchProblem,
  slot: number,
  models: SiteModel[],
  layout: MasterLayout,
): SlotProgram {
  const K = p.classCount;
  const J = p.sites.length;
  const all = rowCount(p);
  const classic = models.some((m) => m.quadratic !== undefined);
  const limit = Float64Array.from(p.sites, (s) => s.maxLoad[slot]!);
  const perReq = new Float64Array(J * K);
  p.sites.forEach((site, j) => {
    perReq.set(site.loadPerReqPerS, j * K);
  });
  const program = allocate(all, p.edgeSite.length);
  let row = 0;
  let at = 0;
  for (let r = 0; r < all; r++) {
    const demand = p.demandReqPerS[slot * all + r]!;
    if (!(demand > 0)) continue;
    const k = r % K;
    for (let n = p.rowStart[r]!; n < p.rowStart[r + 1]!; n++) {
      const e = layout.edges[n]!;
      const j = p.edgeSite[e]!;
      if (!(limit[j]! > CLOSED)) continue;
      const load = perReq[j * K + k]!;
      program.sourceEdge[at] = e;
      program.site[at] = j;
      program.total[at] = j * K + k;
      program.column[at] = classic ? layout.place[j]! * K + k : layout.place[j]!;
      program.costAud[at] = p.edgeCostAud[e]!;
      program.load[at] = load;
      program.weight[at] = classic ? 1 : load;
      at++;
    }
    program.sourceRow[row] = r;
    program.demand[row] = demand;
    row++;
    program.rowStart[row] = at;
  }
  return {
    ...trim(program, row, at),
    rows: row,
    classCount: K,
    siteCount: J,
    unservedCostAud: p.unservedCostAud,
    perReq,
    limit,
    models,
    classic,
    columns: classic ? J * K : J,
    siteColumn: classic ? layout.place.map((n) => n * K) : layout.place,
  };
}

/** The same program with some of its edges: `keep` marks them, length of the edges of `full`. */
export function restrict(full: SlotProgram, keep: Uint8Array): SlotProgram {
  let count = 0;
  for (let e = 0; e < keep.length; e++) count += keep[e]!;
  const part = allocate(0, count);
  const rowStart = new Int32Array(full.rows + 1);
  let at = 0;
  for (let r = 0; r < full.rows; r++) {
    for (let e = full.rowStart[r]!; e < full.rowStart[r + 1]!; e++) {
      if (!keep[e]) continue;
      part.sourceEdge[at] = full.sourceEdge[e]!;
      part.site[at] = full.site[e]!;
      part.total[at] = full.total[e]!;
      part.column[at] = full.column[e]!;
      part.costAud[at] = full.costAud[e]!;
      part.load[at] = full.load[e]!;
      part.weight[at] = full.weight[e]!;
      at++;
    }
    rowStart[r + 1] = at;
  }
  return { ...full, ...part, rowStart, sourceRow: full.sourceRow, demand: full.demand };
}

function allocate(rows: number, edges: number) {
  return {
    sourceRow: new Int32Array(rows),
    demand: new Float64Array(rows),
    rowStart: new Int32Array(rows + 1),
    sourceEdge: new Int32Array(edges),
    site: new Int32Array(edges),
    total: new Int32Array(edges),
    column: new Int32Array(edges),
    costAud: new Float64Array(edges),
    load: new Float64Array(edges),
    weight: new Float64Array(edges),
  };
}

function trim(all: ReturnType<typeof allocate>, rows: number, edges: number): typeof all {
  return {
    sourceRow: all.sourceRow.subarray(0, rows),
    demand: all.demand.subarray(0, rows),
    rowStart: all.rowStart.subarray(0, rows + 1),
    sourceEdge: all.sourceEdge.subarray(0, edges),
    site: all.site.subarray(0, edges),
    total: all.total.subarray(0, edges),
    column: all.column.subarray(0, edges),
    costAud: all.costAud.subarray(0, edges),
    load: all.load.subarray(0, edges),
    weight: all.weight.subarray(0, edges),
  };
}
