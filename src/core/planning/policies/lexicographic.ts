import { interiorPoint } from '../../optimizer/site-plant/interior-point.ts';
import type { Column } from '../../optimizer/site-plant/program.ts';
import { type Entry, ProgramBuilder } from '../../optimizer/site-plant/program-builder.ts';

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

const TOLERANCE = 1e-11;

/**
 * Minimizes the first aim, then the second among flows whose first is within `slack` of its least, and
 * so on; caps hold throughout. Returns req/s by edge. Flows meet demand and limits as an interior-point
 * method does, to about 1e-9: whoever uses them makes them exact.
 * @param slack share of the least, ≥ 0; of its size where it is negative
 */
export function lexicographic(
  program: SlotProgram,
  aims: readonly Aim[],
  slack: number,
  caps: readonly Cap[] = [],
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
