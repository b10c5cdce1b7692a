import type { DispatchProblem } from '../problem.ts';
import { InteriorPoint } from './interior-point.ts';
import { Point } from './point.ts';
import { masterLayout, restrict, type SlotProgram, slotProgram } from './program.ts';
import { recover } from './recover.ts';
import { coldGuess, startAt } from './start.ts';
import type { MasterOptions, MasterSolution, SiteModel } from './types.ts';
import { addCheaperEdges, cheapestEdges, gainLeftAside } from './working-set.ts';

export { type MasterLayout, masterLayout } from './program.ts';
export type { MasterOptions, MasterSolution, SiteModel } from './types.ts';

/**
 * Complementarity to start at, over the objective. From less the iteration needs more steps, even
 * where the prices are nearly right: it has to come back to the central path first.
 */
const START_GAP = 3;
/** Gap at which prices are good enough to look for edges missing from the working set. */
const PRICING_GAP = 1e-2;

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
  const spread = new Point(full);
  const guess = options.guess ?? coldGuess(spread);
  const solver = solveOnWorkingSet(full, guess, options) ?? solveInFull(full, options);
  return recover(p, solver);
}

/** Undefined where the tolerance was not reached. */
function solveOnWorkingSet(
  full: SlotProgram,
  firstGuess: Float64Array,
  options: MasterOptions,
): InteriorPoint | undefined {
  const keep = cheapestEdges(full, firstGuess);
  let guess = firstGuess;
  let tolerance = Math.max(PRICING_GAP, options.tolerance);
  let iterations = 0;
  for (;;) {
    const partial = keep.includes(0);
    if (!partial) tolerance = options.tolerance;
    const point = new Point(partial ? restrict(full, keep) : full);
    startAt(point, guess, START_GAP);
    const solver = new InteriorPoint(point);
    for (;;) {
      if (!solver.run(tolerance, options.maxIterations)) return undefined;
      const missed = partial ? gainLeftAside(full, keep, point) / point.scale() : 0;
      if (missed > tolerance) break;
      if (tolerance === options.tolerance) {
        solver.iterations += iterations;
        solver.gap += missed;
        return solver;
      }
      tolerance = options.tolerance;
    }
    addCheaperEdges(full, keep, point);
    iterations += solver.iterations;
    guess = point.price.slice();
  }
}

/** All edges, from afar: slow and sure. */
function solveInFull(full: SlotProgram, options: MasterOptions): InteriorPoint {
  const point = new Point(full);
  startAt(point, coldGuess(point), START_GAP);
  const solver = new InteriorPoint(point);
  solver.run(options.tolerance, options.maxIterations);
  return solver;
}
