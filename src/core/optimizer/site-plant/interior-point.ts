import type { EnvelopeMatrix } from '../master/envelope-cholesky.ts';
import type { Program } from './program.ts';

const STEP_TO_BOUNDARY = 0.995;
const MAX_ITERATIONS = 120;
/**
 * Weights of a proximal term around the point at each step, tried in turn. It moves no optimum, and
 * keeps Θ from growing beyond what doubles can cancel: some degenerate programs keep residuals of
 * 1e-8 otherwise. Where costs are far apart in size, a large one slows the way to the smaller costs.
 */
const PROXIMITIES = [1e-9, 1e-5, 1e-7];
/** A gap that needs no other try. */
const GOOD_GAP = 1e-11;
/** A step may raise complementarity and residuals this much before it is halved, so often at most. */
const GROWTH_ALLOWED = 2;
const MAX_HALVINGS = 6;

/**
 * Primal–dual interior-point method with Mehrotra's predictor–corrector (Nocedal and Wright, ch. 14)
 * on a {@link Program}. Stops at a relative gap of `tolerance`, or at the best point doubles allow:
 * whoever uses the multipliers makes of them what holds exactly (multipliers.ts).
 */
export function interiorPoint(program: Program, tolerance: number): Solution {
  let best: Solution | undefined;
  for (const proximity of PROXIMITIES) {
    const ipm = new InteriorPoint(program, proximity);
    ipm.run(tolerance);
    const iterations = ipm.iterations + (best?.iterations ?? 0);
    if (!best || ipm.best.gap < best.gap) best = { ...ipm.best, iterations };
    if (best.gap <= GOOD_GAP) break;
  }
  return best as Solution;
}

export interface Solution {
  /** In scaled units. */
  x: Float64Array;
  y: Float64Array;
  /** Complementarity and residuals left, over the objective's scale. */
  gap: number;
  iterations: number;
}

class InteriorPoint {
  readonly best: { x: Float64Array; y: Float64Array; gap: number };
  iterations = 0;
  readonly #p: Program;
  readonly #proximity: number;
  readonly #matrix: EnvelopeMatrix;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  /** Multipliers of 0 ≤ x, and of x ≤ u where that is finite. */
  readonly #z: Float64Array;
  readonly #w: Float64Array;
  readonly #rp: Float64Array;
  readonly #rd: Float64Array;
  readonly #theta: Float64Array;
  readonly #dx: Float64Array;
  readonly #dy: Float64Array;
  readonly #dz: Float64Array;
  readonly #dw: Float64Array;
  readonly #g: Float64Array;
  #pairs = 0;
  #mu = 0;
  #residual = 0;
  #scale = 1;

  constructor(p: Program, proximity: number) {
    this.#proximity = proximity;
    const n = p.columnCount;
    const column = () => new Float64Array(n);
    this.#p = p;
    this.#matrix = p.normalMatrix();
    this.#x = Float64Array.from(p.upper, (u) => (u < Infinity ? 0.5 * u : 1));
    this.#y = new Float64Array(p.rowCount);
    this.#z = Float64Array.from(p.cost, (c) => Math.max(1, Math.abs(c)));
    this.#w = Float64Array.from(p.upper, (u, j) => (u < Infinity ? this.#z[j]! : 0));
    this.#rp = new Float64Array(p.rowCount);
    this.#rd = column();
    this.#theta = column();
    this.#dx = column();
    this.#dy = new Float64Array(p.rowCount);
    this.#dz = column();
    this.#dw = column();
    this.#g = column();
    for (let j = 0; j < n; j++) this.#pairs += p.upper[j]! < Infinity ? 2 : 1;
    this.best = { x: this.#x.slice(), y: this.#y.slice(), gap: Number.POSITIVE_INFINITY };
    this.#measure();
  }

  run(tolerance: number): void {
    let sinceBest = 0;
    while (true) {
      const gap = (this.#mu * this.#pairs + this.#residual) / this.#scale;
      if (gap < this.best.gap) {
        this.best.gap = gap;
        this.best.x.set(this.#x);
        this.best.y.set(this.#y);
        sinceBest = 0;
      } else sinceBest++;
      // Past the precision of doubles the iteration wanders.
      const lost = sinceBest > 4 && this.best.gap < 1e-6;
      if (gap <= tolerance || lost || this.iterations >= MAX_ITERATIONS || !(gap < Infinity))
        return;
      this.iterations++;
      this.#factorize();
      this.#direction(0, 0);
      const affine = Math.min(1, 1 / this.#fall());
      const centering = this.#centering(affine);
      this.#direction(centering * this.#mu, affine * affine);
      this.#advance(Math.min(1, STEP_TO_BOUNDARY / this.#fall()));
    }
  }

  /** Residuals, complementarity and the objective's scale at the point. */
  #measure(): void {
    const p = this.#p;
    this.#rp.set(p.rhs);
    p.addProduct(this.#x, -1, this.#rp);
    let residual = 0;
    let scale = 0;
    let pairs = 0;
    for (let j = 0; j < p.columnCount; j++) {
      const x = this.#x[j]!;
      const curve = p.curve[j] ? p.slopeAt(j, x) : 0;
      const gradient = p.cost[j]! + curve;
      const rd = gradient - p.columnProduct(j, this.#y) - this.#z[j]! + this.#w[j]!;
      this.#rd[j] = rd;
      residual += Math.abs(rd) * x;
      scale += Math.abs(gradient) * x;
      pairs += x * this.#z[j]!;
      if (p.upper[j]! < Infinity) pairs += (p.upper[j]! - x) * this.#w[j]!;
    }
    for (let i = 0; i < p.rowCount; i++) {
      const y = Math.abs(this.#y[i]!);
      scale += y * Math.abs(p.rhs[i]!);
      // What rounding of the row's sum leaves is no residual.
      residual += Math.max(0, Math.abs(this.#rp[i]!) - 4e-15 * Math.abs(p.rhs[i]!)) * y;
    }
    this.#residual = residual;
    this.#mu = pairs / this.#pairs;
    this.#scale = Math.max(scale, 1e-12);
  }

  #factorize(): void {
    const p = this.#p;
    for (let j = 0; j < p.columnCount; j++) {
      const x = this.#x[j]!;
      const curvature = p.curve[j] ? p.curvatureAt(j, x) : 0;
      let hessian = this.#proximity + curvature + this.#z[j]! / x;
      if (p.upper[j]! < Infinity) hessian += this.#w[j]! / (p.upper[j]! - x);
      this.#theta[j] = 1 / hessian;
    }
    p.fillNormal(this.#theta, this.#matrix);
    this.#matrix.factorize();
  }

  /** Newton's step towards complementarity `target`, with so much of the last step's second order. */
  #direction(target: number, secondOrder: number): void {
    const p = this.#p;
    for (let j = 0; j < p.columnCount; j++) {
      const x = this.#x[j]!;
      const dx = this.#dx[j]!;
      // `dz` and `dw` hold right-hand sides until the step is known.
      const rz = target - x * this.#z[j]! - secondOrder * dx * this.#dz[j]!;
      this.#dz[j] = rz;
      let g = -this.#rd[j]! + rz / x;
      if (p.upper[j]! < Infinity) {
        const free = p.upper[j]! - x;
        const rw = target - free * this.#w[j]! + secondOrder * dx * this.#dw[j]!;
        this.#dw[j] = rw;
        g -= rw / free;
      }
      this.#g[j] = g;
    }
    this.#solveNormal();
    for (let j = 0; j < p.columnCount; j++) {
      const x = this.#x[j]!;
      const dx = this.#theta[j]! * (this.#g[j]! + p.columnProduct(j, this.#dy));
      this.#dx[j] = dx;
      this.#dz[j] = (this.#dz[j]! - this.#z[j]! * dx) / x;
      if (p.upper[j]! < Infinity) {
        this.#dw[j] = (this.#dw[j]! + this.#w[j]! * dx) / (p.upper[j]! - x);
      }
    }
  }

  /** A Θ Aᵀ dy = r_p − A Θ g, refined once: the matrix is ill-conditioned near the end. */
  #solveNormal(): void {
    const p = this.#p;
    const step = new Float64Array(p.columnCount);
    this.#dy.fill(0);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < p.columnCount; j++) {
        step[j] = this.#theta[j]! * (this.#g[j]! + p.columnProduct(j, this.#dy));
      }
      const rest = this.#rp.slice();
      p.addProduct(step, -1, rest);
      this.#matrix.solve(rest);
      for (let i = 0; i < p.rowCount; i++) this.#dy[i] = this.#dy[i]! + rest[i]!;
    }
  }

  /** What share of its distance to the nearest bound a whole step would take. */
  #fall(): number {
    const { upper, columnCount } = this.#p;
    let fall = 0;
    for (let j = 0; j < columnCount; j++) {
      fall = Math.max(fall, -this.#dx[j]! / this.#x[j]!, -this.#dz[j]! / this.#z[j]!);
      if (upper[j]! < Infinity) {
        fall = Math.max(
          fall,
          this.#dx[j]! / (upper[j]! - this.#x[j]!),
          -this.#dw[j]! / this.#w[j]!,
        );
      }
    }
    return fall;
  }

  /** Mehrotra's: the cube of what share of complementarity an affine step would leave. */
  #centering(step: number): number {
    const { upper, columnCount } = this.#p;
    let left = 0;
    for (let j = 0; j < columnCount; j++) {
      const x = this.#x[j]! + step * this.#dx[j]!;
      left += x * (this.#z[j]! + step * this.#dz[j]!);
      if (upper[j]! < Infinity) left += (upper[j]! - x) * (this.#w[j]! + step * this.#dw[j]!);
    }
    return Math.min(1, Math.max((left / (this.#mu * this.#pairs)) ** 3, 1e-6));
  }

  /** Moves; by less where a curve's linearisation proves worthless across its barrier. */
  #advance(step: number): void {
    const allowed = GROWTH_ALLOWED * (this.#mu * this.#pairs + this.#residual);
    this.#move(step);
    let length = step;
    for (let n = 0; n < MAX_HALVINGS && this.#p.hasCurves; n++) {
      if (this.#mu * this.#pairs + this.#residual <= allowed) return;
      this.#move(-0.5 * length);
      length *= 0.5;
    }
  }

  #move(step: number): void {
    add(this.#x, this.#dx, step);
    add(this.#y, this.#dy, step);
    add(this.#z, this.#dz, step);
    add(this.#w, this.#dw, step);
    this.#measure();
  }
}

function add(value: Float64Array, delta: Float64Array, step: number): void {
  for (let i = 0; i < value.length; i++) value[i] = value[i]! + step * delta[i]!;
}
