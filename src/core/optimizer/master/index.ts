import type { DispatchProblem } from '../problem.ts';
import { InteriorPoint } from './interior-point.ts';
import { Point } from './point.ts';
import { masterLayout, restrict, type SlotProgram, slotProgram } from './program.ts';
import { flowOf, recover } from './recover.ts';
import { coldGuess, startAt } from './start.ts';
import { PRICING_GAP, PRICING_SLACK, relativeTolerance, START_GAP } from './stopping.ts';
import type { MasterOptions, MasterSolution, SiteModel } from './types.ts';
import { addCheaperEdges, gainLeftAside, keepUsedEdges, promisingEdges } from './working-set.ts';

export { type MasterLayout, masterLayout } from './program.ts';
export type { MasterOptions, MasterSolution, SiteModel, SlotModels } from './types.ts';

/** Where demand that could be served has been left over for want of precision. */
const STRANDED_TOLERANCE = 1e-8;
/** Edges of a row tried first: how far above the cheapest at the expected prices, and how many. */
const BAND = 5e-3;
const MOST_EDGES = 4;
/** Edges a row gains at a time. */
const MOST_ADDED = 3;
/** Times the set is chosen anew at better prices; after that it only grows, which ends. */
const FRESH_SETS = 2;

/**
 * The master: one slot's dispatch against models of the sites,
 *
 *   min  Σ_e c_e x_e + C_u Σ_r y_r + Σ_j [ Σ_k (a_jk n_jk + q_jk/2 (n_jk − b_jk)²) + Φ_j(ℓ_j) ]
 *   s.t. Σ_{e∈r} x_e + y_r = λ_r,  ℓ_j + w_j = L_j,  x, y, w ≥ 0
 *
 * with n_jk the site's totals, ℓ_j its load and Φ' a learned curve (learned rounds, q = 0) or the
 * quadratic of two-block ADMM (classic rounds, Φ = 0). An interior-point method solves it on the
 * edges that matter at the expected prices; the others are priced out, and let in where they pay.
 */
export function solveMaster(
  p: DispatchProblem,
  slot: number,
  models: SiteModel[],
  options: MasterOptions,
): MasterSolution {
  const full = slotProgram(p, slot, models, options.layout ?? masterLayout(p));
  const guess = options.guess ?? coldGuess(new Point(full));
  const solver = solveOnWorkingSet(p, full, guess, options) ?? solveInFull(full, options);
  const { solution, stranded } = recover(p, solver);
  if (!stranded) return solution;
  const finer = Math.min(relativeTolerance(options, solver), STRANDED_TOLERANCE);
  solver.run(finer, options.maxIterations);
  return recover(p, solver).solution;
}

/** Undefined where the tolerance was not reached. */
function solveOnWorkingSet(
  p: DispatchProblem,
  full: SlotProgram,
  firstGuess: Float64Array,
  options: MasterOptions,
): InteriorPoint | undefined {
  const band = options.guess ? BAND : Number.POSITIVE_INFINITY;
  let keep = promisingEdges(full, firstGuess, band, MOST_EDGES);
  if (options.expectedFlow) keepUsedEdges(full, keep, options.expectedFlow);
  let guess = firstGuess;
  let final = false;
  let iterations = 0;
  for (let pass = 1; ; pass++) {
    const partial = keep.includes(0);
    const point = new Point(partial ? restrict(full, keep) : full);
    startAt(point, guess, START_GAP);
    const solver = new InteriorPoint(point);
    for (;;) {
      const wanted = relativeTolerance(options, solver);
      const tolerance = final ? wanted : Math.max(PRICING_GAP, wanted);
      if (!solver.run(tolerance, options.maxIterations)) return undefined;
      const missed = partial ? gainLeftAside(full, keep, point) / solver.measure.scale : 0;
      if (missed > PRICING_SLACK * tolerance) break;
      // The scale has settled by now.
      if (solver.gap <= relativeTolerance(options, solver)) {
        solver.iterations += iterations;
        solver.gap += missed;
        return solver;
      }
      final = true;
    }
    iterations += solver.iterations;
    guess = point.price.slice();
    if (pass <= FRESH_SETS) {
      keep = promisingEdges(full, guess, BAND, MOST_EDGES);
      keepUsedEdges(full, keep, flowOf(p, point));
    } else {
      addCheaperEdges(full, keep, point, MOST_ADDED);
    }
  }
}

/** All edges, from afar: slow and sure. */
function solveInFull(full: SlotProgram, options: MasterOptions): InteriorPoint {
  const point = new Point(full);
  startAt(point, coldGuess(point), START_GAP);
  const solver = new InteriorPoint(point);
  solver.run(PRICING_GAP, options.maxIterations);
  solver.run(relativeTolerance(options, solver), options.maxIterations);
  return solver;
}
