import { interiorPoint } from '../../optimizer/site-plant/interior-point.ts';
import type { Column } from '../../optimizer/site-plant/program.ts';
import { type Entry, ProgramBuilder } from '../../optimizer/site-plant/program-builder.ts';
import { Tableau } from './simplex.ts';

/** One slot's linear program: which edges serve which rows at which sites. */
export interface SlotProgram {
  /** By edge: its row, its site, and busy servers per req/s. */
  edgeRow: Int32Array;
  edgeSite: Int32Array;
  edgeLoad: Float64Array;
  /** By row, req/s; all of it is to be served. */
  demandReqPerS: Float64Array;
  /** By site, busy servers. */
  maxLoad: Float64Array;
}

/** Σ perEdge · x, over a slot. */
export interface Aim {
  perEdge: Float64Array;
}

export interface Cap extends Aim {
  most: number;
}

/** Of the interior point: as exact as doubles allow. */
const TOLERANCE = 1e-11;

/** What rows may be off in the simplex method's result before it is not taken. */
const FEASIBILITY = 1e-8;

/**
 * Minimizes the first aim, then the second among flows whose first is within `slack` of its least, and
 * so on; caps hold throughout. Returns req/s by edge, by the simplex method; where rounding stands in its
 * way, by an interior point, which needs no basis. Flows meet demand and limits to about 1e-8: whoever
 * uses them makes them exact.
 * @param slack share of the least, ≥ 0; of its size where it is negative
 */
export function lexicographic(
  program: SlotProgram,
  aims: readonly Aim[],
  slack: number,
  caps: readonly Cap[] = [],
): Float64Array {
  return bySimplex(program, aims, slack, caps) ?? byInteriorPoint(program, aims, slack, caps);
}

/** Undefined where a program has no feasible flow, or rounding hides one. */
export function bySimplex(
  p: SlotProgram,
  aims: readonly Aim[],
  slack: number,
  caps: readonly Cap[],
): Float64Array | undefined {
  const isOpen = (e: number) =>
    (p.demandReqPerS[p.edgeRow[e] as number] as number) > 0 &&
    (p.maxLoad[p.edgeSite[e] as number] as number) > 0;
  const edges = Int32Array.from(p.edgeRow.keys()).filter(isOpen);
  // Variables are shares of their row's demand, rows are over their limits or largest coefficients.
  const demand = Float64Array.from(edges, (e) => p.demandReqPerS[p.edgeRow[e] as number] as number);
  const tableau = new Tableau(edges.length, p.maxLoad.length + caps.length + aims.length);
  const lines = (of: Float64Array) => Array.from(of, () => new Float64Array(edges.length));
  const [asked, loads] = [lines(p.demandReqPerS), lines(p.maxLoad)];
  edges.forEach((e, n) => {
    const j = p.edgeSite[e] as number;
    const load = (p.edgeLoad[e] as number) * (demand[n] as number);
    (asked[p.edgeRow[e] as number] as Float64Array)[n] = 1;
    (loads[j] as Float64Array)[n] = load / (p.maxLoad[j] as number);
  });
  const scaled = ({ perEdge }: Aim) => {
    const row = new Float64Array(edges.length);
    let size = 0;
    for (let n = 0; n < row.length; n++) {
      row[n] = (perEdge[edges[n] as number] as number) * (demand[n] as number);
      size = Math.max(size, Math.abs(row[n] as number));
    }
    size ||= 1;
    for (let n = 0; n < row.length; n++) row[n] = (row[n] as number) / size;
    return { row, size };
  };
  asked.forEach((row, r) => {
    if ((p.demandReqPerS[r] as number) > 0) tableau.equal(row, 1);
  });
  loads.forEach((row, j) => {
    if ((p.maxLoad[j] as number) > 0) tableau.atMost(row, 1);
  });
  for (const cap of caps) {
    const { row, size } = scaled(cap);
    tableau.atMost(row, cap.most / size);
  }
  if (!tableau.start()) return undefined;
  const binding: Cap[] = [...caps];
  const flow = new Float64Array(p.edgeRow.length);
  for (const aim of aims) {
    const { row, size } = scaled(aim);
    if (!tableau.minimize(row)) return undefined;
    const found = tableau.values();
    edges.forEach((e, n) => {
      flow[e] = (found[n] as number) * (demand[n] as number);
    });
    const least = total(aim, flow);
    const most = least + slack * Math.abs(least);
    binding.push({ perEdge: aim.perEdge, most });
    if (!tableau.atMost(row, most / size)) return undefined;
  }
  return isFeasible(p, flow, binding) ? flow : undefined;
}

function isFeasible(p: SlotProgram, flow: Float64Array, caps: readonly Cap[]): boolean {
  const served = new Float64Array(p.demandReqPerS.length);
  const load = new Float64Array(p.maxLoad.length);
  flow.forEach((x, e) => {
    const [r, j] = [p.edgeRow[e] as number, p.edgeSite[e] as number];
    served[r] = (served[r] as number) + x;
    load[j] = (load[j] as number) + x * (p.edgeLoad[e] as number);
  });
  const off = (value: number, of: number) => value <= FEASIBILITY * Math.max(Math.abs(of), 1e-9);
  return (
    p.demandReqPerS.every((d, r) => off(Math.abs((served[r] as number) - d), d)) &&
    p.maxLoad.every((most, j) => off((load[j] as number) - most, most)) &&
    caps.every((cap) => off(total(cap, flow) - cap.most, cap.most))
  );
}

export function byInteriorPoint(
  program: SlotProgram,
  aims: readonly Aim[],
  slack: number,
  caps: readonly Cap[],
): Float64Array {
  const binding: Cap[] = [...caps];
  let flow: Float64Array = new Float64Array(program.edgeRow.length);
  for (const aim of aims) {
    flow = minimize(program, aim, binding);
    const least = total(aim, flow);
    binding.push({ perEdge: aim.perEdge, most: least + slack * Math.abs(least) });
  }
  return flow;
}

export function total({ perEdge }: Aim, flow: Float64Array): number {
  return flow.reduce((sum, x, e) => sum + x * (perEdge[e] as number), 0);
}

function minimize(p: SlotProgram, aim: Aim, caps: readonly Cap[]): Float64Array {
  const builder = new ProgramBuilder();
  const rowOf = Array.from(p.demandReqPerS, (d) => (d > 0 ? builder.row(d) : -1));
  const siteOf = Array.from(p.maxLoad, (l) => (l > 0 ? builder.row(l) : -1));
  const capOf = caps.map((cap) => builder.row(cap.most));
  const columnOf = new Int32Array(p.edgeRow.length);
  let audScale = 0;
  for (let e = 0; e < p.edgeRow.length; e++) {
    const r = p.edgeRow[e] as number;
    const j = p.edgeSite[e] as number;
    const row = rowOf[r] as number;
    const site = siteOf[j] as number;
    const open = row >= 0 && site >= 0;
    const demand = p.demandReqPerS[r] as number;
    const cost = aim.perEdge[e] as number;
    const entries: Entry[] = [
      [row, 1],
      [site, p.edgeLoad[e] as number],
      ...caps.map(({ perEdge }, c): Entry => [capOf[c] as number, perEdge[e] as number]),
    ];
    const column: Column = { cost, upper: open ? Infinity : 0, entries, size: demand };
    columnOf[e] = builder.column(column);
    if (open) audScale = Math.max(audScale, Math.abs(cost) * demand);
  }
  p.maxLoad.forEach((l, j) => {
    if (l > 0) builder.slack(siteOf[j] as number, l);
  });
  caps.forEach((cap, c) => {
    builder.slack(capOf[c] as number, Math.max(Math.abs(cap.most), 1e-9));
  });
  const built = builder.build(audScale || 1);
  const { x } = interiorPoint(built, TOLERANCE);
  return Float64Array.from(columnOf, (c) =>
    c < 0 ? 0 : Math.max(0, (x[c] as number) * (built.size[c] as number)),
  );
}
