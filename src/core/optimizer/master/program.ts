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
  /** Sites with a column for each class in learned rounds, too; none if absent. */
  byClass?: Uint8Array;
  /** Columns of a site that has several, if more than classes. */
  width?: number;
  columns: number;
  /** First column of each site. */
  siteColumn: Int32Array;
}

/** What all slots of a problem share: found once, used in every slot and round. */
export interface MasterLayout {
  /** Place of each site in the order of elimination. */
  place: Int32Array;
  /** All rows and edges, within a row by rising place of their site, as learned rounds see them. */
  learned: EdgeArrays;
  /** Column and weight of the same edges in classic rounds. */
  classic: Pick<EdgeArrays, 'column' | 'weight'>;
  /** s by total j·K + k. */
  perReq: Float64Array;
  /** The rows, each its own source. */
  sourceRow: Int32Array;
}

export type EdgeArrays = Pick<
  SlotProgram,
  'rowStart' | 'sourceEdge' | 'site' | 'total' | 'column' | 'costAud' | 'load' | 'weight'
>;

export function masterLayout(p: DispatchProblem): MasterLayout {
  const K = p.classCount;
  const J = p.sites.length;
  const E = p.edgeSite.length;
  const place = new Int32Array(J);
  siteOrder(p).forEach((j, n) => {
    place[j] = n;
  });
  const perReq = new Float64Array(J * K);
  p.sites.forEach((site, j) => {
    perReq.set(site.loadPerReqPerS, j * K);
  });
  const learned = edgeArrays(p.rowStart.slice(), E);
  const classic = { column: new Int32Array(E), weight: new Float64Array(E).fill(1) };
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    const from = p.rowStart[r]!;
    const row = learned.sourceEdge.subarray(from, p.rowStart[r + 1]);
    for (let n = 0; n < row.length; n++) row[n] = from + n;
    row.sort((a, b) => place[p.edgeSite[a]!]! - place[p.edgeSite[b]!]!);
    for (let n = from; n < from + row.length; n++) {
      const e = learned.sourceEdge[n]!;
      const j = p.edgeSite[e]!;
      const total = j * K + (r % K);
      learned.site[n] = j;
      learned.total[n] = total;
      learned.column[n] = place[j]!;
      learned.costAud[n] = p.edgeCostAud[e]!;
      learned.load[n] = perReq[total]!;
      learned.weight[n] = perReq[total]!;
      classic.column[n] = place[j]! * K + (r % K);
    }
  }
  const sourceRow = Int32Array.from({ length: rowCount(p) }, (_, r) => r);
  return { place, learned, classic, perReq, sourceRow };
}

/** Busy servers below which a site counts as closed. */
export const CLOSED = 1e-9;

/** The program with all edges of a slot. */
export function slotProgram(
  p: DispatchProblem,
  slot: number,
  models: SiteModel[],
  layout: MasterLayout,
): SlotProgram {
  const K = p.classCount;
  const rows = rowCount(p);
  const classic = models.some((m) => m.quadratic !== undefined);
  const limit = Float64Array.from(p.sites, (s) => s.maxLoad[slot]!);
  const demand = p.demandReqPerS.subarray(slot * rows, (slot + 1) * rows);
  const program: SlotProgram = {
    ...layout.learned,
    ...(classic && layout.classic),
    rows,
    sourceRow: layout.sourceRow,
    demand,
    classCount: K,
    siteCount: p.sites.length,
    unservedCostAud: p.unservedCostAud,
    perReq: layout.perReq,
    limit,
    models,
    classic,
    columns: classic ? p.sites.length * K : p.sites.length,
    siteColumn: classic ? layout.place.map((n) => n * K) : layout.place,
  };
  const whole = demand.every((d) => d > 0) && limit.every((l) => l > CLOSED);
  return whole ? program : withoutIdle(program);
}

/** The same program without rows that ask for nothing and edges to closed sites. */
function withoutIdle(program: SlotProgram): SlotProgram {
  const keep = Uint8Array.from(program.site, (j) => (program.limit[j]! > CLOSED ? 1 : 0));
  const sourceRow = program.sourceRow.filter((r) => program.demand[r]! > 0);
  for (let r = 0; r < program.rows; r++) {
    if (!(program.demand[r]! > 0)) keep.fill(0, program.rowStart[r], program.rowStart[r + 1]);
  }
  const open = restrict(program, keep);
  const rowStart = new Int32Array(sourceRow.length + 1);
  sourceRow.forEach((r, n) => {
    rowStart[n + 1] = open.rowStart[r + 1]!;
  });
  return {
    ...open,
    rows: sourceRow.length,
    sourceRow,
    rowStart,
    demand: Float64Array.from(sourceRow, (r) => program.demand[r]!),
  };
}

/** The same program with some of its edges: `keep` marks them, length of the edges of `full`. */
export function restrict(full: SlotProgram, keep: Uint8Array): SlotProgram {
  let count = 0;
  for (let e = 0; e < keep.length; e++) count += keep[e]!;
  const part = edgeArrays(new Int32Array(full.rows + 1), count);
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
    part.rowStart[r + 1] = at;
  }
  return { ...full, ...part };
}

function edgeArrays(rowStart: Int32Array, edges: number): EdgeArrays {
  return {
    rowStart,
    sourceEdge: new Int32Array(edges),
    site: new Int32Array(edges),
    total: new Int32Array(edges),
    column: new Int32Array(edges),
    costAud: new Float64Array(edges),
    load: new Float64Array(edges),
    weight: new Float64Array(edges),
  };
}

/** Whether a site has a column for each class, not one for its load. */
export function isByClass(program: SlotProgram, j: number): boolean {
  return program.classic || program.byClass?.[j] === 1;
}

/** By column, the first column it shares a row or a site's block with. */
export function envelope(program: SlotProgram): Int32Array {
  const first = Int32Array.from({ length: program.columns }, (_, c) => c);
  program.siteColumn.forEach((from, j) => {
    if (!isByClass(program, j)) return;
    for (let k = 0; k < (program.width ?? program.classCount); k++) first[from + k] = from;
  });
  for (let r = 0; r < program.rows; r++) {
    const from = program.rowStart[r]!;
    for (let e = from; e < program.rowStart[r + 1]!; e++) {
      const c = program.column[e]!;
      first[c] = Math.min(first[c]!, program.column[from]!);
    }
  }
  return first;
}
