import { Newton } from './newton.ts';
import type { Measure, Point } from './point.ts';

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
  readonly #newton: Newton;
  readonly #best: {
    gap: number;
    x: Float64Array;
    y: Float64Array;
    pi: Float64Array;
    kappa: Float64Array;
  };

  /** Goes on from a strictly interior point, see start.ts. */
  constructor(point: Point) {
    this.point = point;
    this.measure = point.measure();
    this.#newton = new Newton(point);
    const { x, y, pi, kappa } = point;
    this.#best = {
      gap: Number.POSITIVE_INFINITY,
      x: x.slice(),
      y: y.slice(),
      pi: pi.slice(),
      kappa: kappa.slice(),
    };
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
      const centering = Math.min(1, Math.max((left / complementarity) ** 3, 1e-8));
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
    const { x, y, pi, kappa } = this.point;
    this.#best.gap = this.gap;
    this.#best.x.set(x);
    this.#best.y.set(y);
    this.#best.pi.set(pi);
    this.#best.kappa.set(kappa);
  }

  #restoreBest(): void {
    const best = this.#best;
    if (!(best.gap < this.gap)) return;
    this.gap = best.gap;
    this.point.x.set(best.x);
    this.point.y.set(best.y);
    this.point.pi.set(best.pi);
    this.point.kappa.set(best.kappa);
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
    const { x, z, y, zy, pi, w, kappa } = this.point;
    const { dx, dz, dy, dzy, dpi, dw, dkappa } = this.#newton;
    add(x, dx, step);
    add(z, dz, step);
    add(y, dy, step);
    add(zy, dzy, step);
    add(pi, dpi, step);
    add(w, dw, step);
    add(kappa, dkappa, step);
    this.point.refresh();
    this.measure = this.point.measure();
  }
}

function add(value: Float64Array, delta: Float64Array, step: number): void {
  for (let i = 0; i < value.length; i++) value[i] = value[i]! + step * delta[i]!;
}
