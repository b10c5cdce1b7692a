import { CLOSED, type MasterLayout, type SlotProgram } from '../master/program.ts';
import type { SiteModel } from '../master/types.ts';
import { type DispatchProblem, rowCount } from '../problem.ts';

/**
 * The masters of all slots as one program, for plans whose slots depend on one another: a "site" of
 * it is a site in a slot, s = t·J + j, a total is n = s·K + k. Rows of the slots come first, in their
 * order; then one row for each batch demand, whose edges lead to every slot it may be served in.
 */
export interface HorizonProgram extends SlotProgram {
  /** Rows from this one on are batch demands. */
  ownRows: number;
  /** By own row, its slot. */
  rowSlot: Int32Array;
  /** Sites of the fleet, and slots. */
  fleetSize: number;
  slotCount: number;
}

export function horizonProgram(
  p: DispatchProblem,
  models: SiteModel[][],
  layout: MasterLayout,
  coupled: readonly boolean[] = [],
): HorizonProgram {
  const J = p.sites.length;
  const K = p.classCount;
  const T = p.slotCount;
  // Beside cuts every site has a column for each class, and one more.
  const classic = isClassic(models) && !coupled.includes(true);
  const limit = Float64Array.from({ length: T * J }, (_, s) => {
    return (p.sites[s % J] as DispatchProblem['sites'][number]).maxLoad[Math.floor(s / J)]!;
  });
  const byClass = Uint8Array.from({ length: T * J }, (_, s) => (coupled[s % J] ? 1 : 0));
  const width = (j: number) => (classic ? K : coupled[j] ? K + 1 : 1);
  const order = Array.from(layout.place.keys()).sort((a, b) => layout.place[a]! - layout.place[b]!);
  const firstColumn = new Int32Array(J);
  let columnsPerSlot = 0;
  for (const j of order) {
    firstColumn[j] = columnsPerSlot;
    columnsPerSlot += width(j);
  }
  const siteColumn = Int32Array.from({ length: T * J }, (_, s) => {
    return Math.floor(s / J) * columnsPerSlot + firstColumn[s % J]!;
  });
  const edges: EdgeList = { site: [], k: [], costAud: [], sourceEdge: [] };
  const rows: RowList = { start: [0], source: [], demand: [], slot: [] };
  addOwnRows(p, layout, limit, edges, rows);
  const ownRows = rows.source.length;
  addBatchRows(p, layout, limit, edges, rows);
  const perReq = new Float64Array(T * J * K);
  for (let t = 0; t < T; t++) perReq.set(layout.perReq, t * J * K);
  const total = Int32Array.from(edges.site, (s, e) => s * K + edges.k[e]!);
  const load = Float64Array.from(total, (n) => perReq[n]!);
  return {
    classCount: K,
    siteCount: T * J,
    fleetSize: J,
    slotCount: T,
    rows: rows.source.length,
    ownRows,
    rowSlot: Int32Array.from(rows.slot),
    sourceRow: Int32Array.from(rows.source),
    demand: Float64Array.from(rows.demand),
    rowStart: Int32Array.from(rows.start),
    sourceEdge: Int32Array.from(edges.sourceEdge),
    site: Int32Array.from(edges.site),
    total,
    column: Int32Array.from(
      edges.site,
      (s, e) => siteColumn[s]! + (classic || coupled[s % J] ? edges.k[e]! : 0),
    ),
    costAud: Float64Array.from(edges.costAud),
    load,
    weight: load.map((l, e) => (classic || coupled[edges.site[e]! % J] ? 1 : l)),
    unservedCostAud: p.unservedCostAud,
    perReq,
    limit,
    models: models.flat(),
    classic,
    byClass,
    ...(!classic && { width: K + 1 }),
    columns: T * columnsPerSlot,
    siteColumn,
  };
}

/** Whether models are the quadratics of classic rounds. */
export function isClassic(models: readonly SiteModel[][]): boolean {
  return models.some((slot) => slot.some((m) => m.quadratic !== undefined));
}

interface EdgeList {
  site: number[];
  k: number[];
  costAud: number[];
  /** t·E + e, or −1 for batch demand. */
  sourceEdge: number[];
}

interface RowList {
  start: number[];
  /** t·R + r, or T·R + b for batch demand b. */
  source: number[];
  demand: number[];
  slot: number[];
}

function addEdge(
  edges: EdgeList,
  site: number,
  k: number,
  costAud: number,
  sourceEdge: number,
): void {
  edges.site.push(site);
  edges.k.push(k);
  edges.costAud.push(costAud);
  edges.sourceEdge.push(sourceEdge);
}

/** The row that the edges added since the last one make. */
function endRow(
  rows: RowList,
  edges: EdgeList,
  source: number,
  demand: number,
  slot: number,
): void {
  rows.start.push(edges.site.length);
  rows.source.push(source);
  rows.demand.push(demand);
  rows.slot.push(slot);
}

function addOwnRows(
  p: DispatchProblem,
  layout: MasterLayout,
  limit: Float64Array,
  edges: EdgeList,
  rows: RowList,
): void {
  const J = p.sites.length;
  const R = rowCount(p);
  const { rowStart, sourceEdge } = layout.learned;
  for (let t = 0; t < p.slotCount; t++) {
    for (let r = 0; r < R; r++) {
      const demand = p.demandReqPerS[t * R + r]!;
      if (!(demand > 0)) continue;
      for (let n = rowStart[r]!; n < rowStart[r + 1]!; n++) {
        const e = sourceEdge[n]!;
        const s = t * J + p.edgeSite[e]!;
        if (!(limit[s]! > CLOSED)) continue;
        addEdge(edges, s, r % p.classCount, p.edgeCostAud[e]!, t * p.edgeSite.length + e);
      }
      endRow(rows, edges, t * R + r, demand, t);
    }
  }
}

function addBatchRows(
  p: DispatchProblem,
  layout: MasterLayout,
  limit: Float64Array,
  edges: EdgeList,
  rows: RowList,
): void {
  const J = p.sites.length;
  p.batch?.forEach((batch, b) => {
    if (!(batch.amount > 0)) return;
    const byPlace = [...batch.sites].sort((a, c) => layout.place[a]! - layout.place[c]!);
    for (let t = batch.firstSlot; t <= batch.lastSlot; t++) {
      for (const j of byPlace) {
        const s = t * J + j;
        if (!(limit[s]! > CLOSED)) continue;
        addEdge(edges, s, batch.classIndex, 0, -1);
      }
    }
    endRow(rows, edges, p.slotCount * rowCount(p) + b, batch.amount, -1);
  });
}
