import type { DispatchProblem } from '../problem.ts';
import { rowCount } from '../problem.ts';
import type { InteriorPoint } from './interior-point.ts';
import type { Point } from './point.ts';
import type { MasterSolution } from './types.ts';

/** A slot's solution from the point reached. */
export function recover(
  p: DispatchProblem,
  solver: InteriorPoint,
): { solution: MasterSolution; stranded: boolean } {
  const { point } = solver;
  const { program } = point;
  const { x, y, stranded } = exactFlows(solver);
  const solution: MasterSolution = {
    flow: flowOf(p, point, x),
    unserved: new Float64Array(rowCount(p)),
    totals: new Float64Array(program.siteCount * program.classCount),
    prices: point.price.slice(),
    loadPrices: point.phi.map((phi, j) => phi + point.kappa[j]!),
    iterations: solver.iterations,
    gap: solver.gap,
  };
  for (let e = 0; e < x.length; e++) {
    const at = program.total[e]!;
    solution.totals[at] = solution.totals[at]! + x[e]!;
  }
  for (let r = 0; r < program.rows; r++) solution.unserved[program.sourceRow[r]!] = y[r]!;
  return { solution, stranded };
}

/** Flows of a point by edge of the dispatch problem, req/s. */
export function flowOf(p: DispatchProblem, point: Point, x = point.x): Float64Array {
  const flow = new Float64Array(p.edgeSite.length);
  for (let e = 0; e < x.length; e++) flow[point.program.sourceEdge[e]!] = x[e]!;
  return flow;
}

/**
 * The point's flows, made exact: on the demand rows, and within every site's capacity. `stranded`
 * where demand that could be served has been left over for want of precision.
 */
export function exactFlows(solver: { point: Point }): {
  x: Float64Array;
  y: Float64Array;
  stranded: boolean;
} {
  const { point } = solver;
  const { program } = point;
  const { rowStart, demand } = program;
  const x = point.x.slice();
  const y = point.y.slice();
  for (let r = 0; r < program.rows; r++) {
    let sum = 0;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) sum += x[e]!;
    const served = sum > 0 ? demand[r]! - Math.min(y[r]!, demand[r]!) : 0;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) x[e] = (x[e]! * served) / (sum || 1);
    y[r] = demand[r]! - served;
  }
  const room = shedOverload(solver, x, y);
  let stranded = false;
  for (let r = 0; r < program.rows; r++) {
    if (!placeTrace(solver, r, x, y, room)) stranded = true;
  }
  return { x, y, stranded };
}

/** Price of a row over that of unserved demand, from which some of it is rightly unserved. */
const SHORT_OF_CAPACITY = 0.99;

/**
 * An interior point leaves a trace of every row unserved: it goes to the edges whose sites have
 * most room. Spread over all edges it would push full sites over their limit, and an honest site would
 * then be refused, its minimum within the limit being above its cost beyond it. False where its
 * sites are full, so that only a more precise point leaves less.
 */
function placeTrace(
  { point }: { point: Point },
  r: number,
  x: Float64Array,
  y: Float64Array,
  room: Float64Array,
): boolean {
  const { rowStart, unservedCostAud, site, load } = point.program;
  const trace = y[r]!;
  if (point.pi[r]! > SHORT_OF_CAPACITY * unservedCostAud) return true;
  let left = trace;
  while (left > 0) {
    let widest = -1;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
      if (widest < 0 || room[site[e]!]! > room[site[widest]!]!) widest = e;
    }
    const j = site[widest] ?? -1;
    if (!(room[j]! > 0)) break;
    const placed = Math.min(left, room[j]! / load[widest]!);
    x[widest] = x[widest]! + placed;
    room[j] = placed < left ? 0 : room[j]! - placed * load[widest]!;
    left -= placed;
  }
  y[r] = left;
  return left === 0;
}

/**
 * Flows of a site beyond its limit (rounding, or an iteration cut short) go unserved. Returns the
 * load each site has left.
 */
function shedOverload({ point }: { point: Point }, x: Float64Array, y: Float64Array): Float64Array {
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
  return limit.map((l, j) => Math.max(0, l - used[j]!));
}
