import { Newton } from './newton.ts';
import type { Measure, Point } from './point.ts';

/** Directions of the method at a point; {@link Newton} where slots stand alone. */
export interface Directions {
  /** Largest relative decrease of a positive variable: one over the longest step. */
  readonly fall: number;
  /** Σ of the products of paired steps, AUD. */
  readonly secondOrder: number;
  factorize(): void;
  /** Towards complementarity `target`; `correction` weighs the second order. */
  direction(target: number, correction: number): void;
  /** Moves the point's variables; what follows from them is refreshed by the caller. */
  move(step: number): void;
}

const STEP_TO_BOUNDARY = 0.995;
/** A step may raise complementarity and residual this much before it is halved, so often at most. */
const GROWTH_ALLOWED = 1.5;
const MAX_HALVINGS = 6;
/** Relative gap from which the best point so far is remembered. */
const WORTH_KEEPING = 1e-2;

/**
 * Primal–dual interior-point method with Mehrotra's predictor–corrector (Nocedal and Wright,
 * Numerical Optimization, ch. 14, 16.6) on a slot's program.
 */
export class InteriorPoint {
  readonly point: Point;
  iterations = 0;
  /** Complementarity and residuals left, over the objective's scale. */
  gap = Number.POSITIVE_INFINITY;
  /** How far the point is from optimal, as it stands. */
  measure: Measure;
  readonly #newton: Directions;
  /** The best point so far, and its gap. */
  readonly #best: { gap: number; values: Float64Array[] };

  /** Goes on from a strictly interior point, see start.ts. */
  constructor(point: Point, newton: Directions = new Newton(point)) {
    this.point = point;
    this.measure = point.measure();
    this.#newton = newton;
    const values = point.solution().map((value) => value.slice());
    this.#best = { gap: Number.POSITIVE_INFINITY, values };
  }

  /** Iterates to the tolerance, or as near as doubles allow; true if it was reached. */
  run(tolerance: number, maxIterations: number): boolean {
    const { point } = this;
    const newton = this.#newton;
    while (this.iterations < maxIterations) {
      const { complementarity, residual, scale } = this.measure;
      this.gap = (complementarity + residual) / scale;
      if (this.gap <= tolerance) return true;
      // Past the precision of doubles the iteration falls apart; the best point before it counts.
      if (!(this.gap <= 100 * this.#best.gap) && this.#best.gap < WORTH_KEEPING) break;
      this.#remember();
      newton.factorize();
      newton.direction(0, 0);
      const affine = 1 / Math.max(1, newton.fall);
      // Of the affine step, since its first order takes away exactly what there is.
      const left = (1 - affine) * complementarity + affine * affine * newton.secondOrder;
      const centering = Math.min(1, Math.max((left / complementarity) ** 2, 1e-8));
      // In full, the correction of a step that could not be taken makes the iteration cycle
      // (Colombo and Gondzio 2008): it counts by how much of the step there was.
      newton.direction((centering * complementarity) / point.pairs, affine * affine);
      const step = Math.min(1, STEP_TO_BOUNDARY / newton.fall);
      this.iterations++;
      if (!(step > 1e-8)) break;
      this.#advance(step, GROWTH_ALLOWED * (complementarity + residual));
    }
    this.#restoreBest();
    return this.gap <= tolerance;
  }

  #remember(): void {
    if (this.gap >= this.#best.gap || this.gap >= WORTH_KEEPING) return;
    this.#best.gap = this.gap;
    this.point.solution().forEach((value, n) => {
      (this.#best.values[n] as Float64Array).set(value);
    });
  }

  #restoreBest(): void {
    if (!(this.#best.gap < this.gap)) return;
    this.gap = this.#best.gap;
    this.point.solution().forEach((value, n) => {
      value.set(this.#best.values[n] as Float64Array);
    });
    this.point.refresh();
    this.measure = this.point.measure();
  }

  /**
   * Moves, by less than `step` where that lands on a far steeper part of a learned curve: Newton's
   * linearisation is worth nothing across a barrier, and full steps then jump to and fro over it.
   */
  #advance(step: number, allowed: number): void {
    this.#move(step);
    if (this.point.program.classic) return;
    let length = step;
    for (let n = 0; n < MAX_HALVINGS; n++) {
      const { complementarity, residual } = this.measure;
      if (complementarity + residual <= allowed) return;
      this.#move(-0.5 * length);
      length *= 0.5;
    }
  }

  #move(step: number): void {
    this.#newton.move(step);
    this.point.refresh();
    this.measure = this.point.measure();
  }
}
