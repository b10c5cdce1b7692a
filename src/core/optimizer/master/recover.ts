import type { DispatchProblem } from '../problem.ts';
import { rowCount } from '../problem.ts';
import type { InteriorPoint } from './interior-point.ts';
import type { MasterSolution } from './types.ts';

/** The point reached, made exact: on the demand rows, and within every site's capacity. */
export function recover(p: DispatchProblem, solver: InteriorPoint): MasterSolution {
  const { point } = solver;
  const { program } = point;
  const { rowStart, demand, limit } = program;
  const x = point.x.slice();
  const y = point.y.slice();
  const room = Float64Array.from(limit, (l, j) => l - point.load[j]!);
  for (let r = 0; r < program.rows; r++) {
    placeTrace(solver, r, x, y, room);
    let sum = 0;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) sum += x[e]!;
    const served = demand[r]! - Math.min(y[r]!, demand[r]!);
    if (sum > 0) {
      const factor = served / sum;
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) x[e] = x[e]! * factor;
      y[r] = demand[r]! - served;
    } else {
      y[r] = demand[r]!;
    }
  }
  shedOverload(solver, x, y);
  const solution: MasterSolution = {
    flow: new Float64Array(p.edgeSite.length),
    unserved: new Float64Array(rowCount(p)),
    totals: new Float64Array(program.siteCount * program.classCount),
    prices: point.price.slice(),
    loadPrices: point.phi.map((phi, j) => phi + point.kappa[j]!),
    iterations: solver.iterations,
    gap: solver.gap,
  };
  for (let e = 0; e < x.length; e++) {
    solution.flow[program.sourceEdge[e]!] = x[e]!;
    const at = program.total[e]!;
    solution.totals[at] = solution.totals[at]! + x[e]!;
  }
  for (let r = 0; r < program.rows; r++) solution.unserved[program.sourceRow[r]!] = y[r]!;
  return solution;
}

/**
 * An interior point leaves a trace of every row unserved: it goes to the edge whose site has most
 * room. Spread over all edges it would push full sites over their limit, and an honest site would
 * then be refused, its minimum within the limit being above its cost beyond it.
 */
function placeTrace(
  { point }: InteriorPoint,
  r: number,
  x: Float64Array,
  y: Float64Array,
  room: Float64Array,
): void {
  const { rowStart, demand, site, load } = point.program;
  const trace = y[r]!;
  if (trace >= 1e-6 * demand[r]!) return;
  let widest = -1;
  for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
    if (widest < 0 || room[site[e]!]! > room[site[widest]!]!) widest = e;
  }
  if (widest < 0) return;
  const j = site[widest]!;
  const placed = Math.min(trace, Math.max(0, room[j]! / load[widest]!));
  x[widest] = x[widest]! + placed;
  y[r] = trace - placed;
  room[j] = room[j]! - placed * load[widest]!;
}

/** Flows of a site beyond its limit (rounding, or an iteration cut short) go unserved. */
function shedOverload({ point }: InteriorPoint, x: Float64Array, y: Float64Array): void {
  const { siteCount, site, load, limit, rows, rowStart } = point.program;
  const used = new Float64Array(siteCount);
  for (let e = 0; e < x.length; e++) used[site[e]!] = used[site[e]!]! + x[e]! * load[e]!;
  for (let r = 0; r < rows; r++) {
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
      const most = limit[site[e]!]!;
      // Less than this is the rounding of the sums themselves.
      if (!(used[site[e]!]! > most * (1 + 1e-13))) continue;
      const kept = x[e]! * (most / used[site[e]!]!);
      y[r] = y[r]! + x[e]! - kept;
      x[e] = kept;
    }
  }
}
