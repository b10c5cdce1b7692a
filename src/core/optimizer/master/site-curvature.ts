import type { EnvelopeMatrix } from './envelope-cholesky.ts';
import type { Point } from './point.ts';
import { isByClass } from './program.ts';

/** Curvature below this cannot be told from none. */
const LEAST_CURVATURE = 1e-14;
/**
 * Where a site has several columns and nothing bends in some mix of them, a step of the site's size may cost this share of its price more: it holds steps back, and is no part of the program.
 */
const HOLD = 1e-7;

/** Q of a point: the models' Hessian with the capacities' κ/w, by site diag(q) + h s sᵀ and what bends besides. */
export class SiteCurvature {
  readonly #point: Point;
  /** h = Φ'' + κ/w by site. */
  readonly #byLoad: Float64Array;
  /** Q⁻¹ of the sites with a column for each class, index (j·W + k)·W + l. */
  readonly #inverse: Float64Array;
  /** Its Cholesky factors, in the same places. */
  readonly #factors: Float64Array;
  readonly #step: Float64Array;
  #sizeAud = 1;
  /** Columns of a site that has several. */
  readonly #width: number;

  constructor(point: Point) {
    const { program } = point;
    const J = program.siteCount;
    const W = program.width ?? program.classCount;
    const some = program.classic || program.byClass?.includes(1);
    this.#point = point;
    this.#byLoad = new Float64Array(J);
    this.#inverse = new Float64Array(some ? J * W * W : 0);
    this.#factors = new Float64Array(some ? J * W * W : 0);
    this.#step = new Float64Array(W);
    this.#width = W;
  }

  /**
   * Adds Q⁻¹: 1/h by site, or a block where it has several columns.
   * @param bend what else bends in such a site, lower triangles of W·W, one after the other
   */
  addInverse({ values, base }: EnvelopeMatrix, bend?: Float64Array): void {
    const { program, w, kappa, phiSlope } = this.#point;
    const { siteCount: J, siteColumn } = program;
    const W = this.#width;
    this.#sizeAud = this.#largestAud();
    for (let j = 0; j < J; j++) {
      const slack = this.#point.isOpen(j) ? kappa[j]! / w[j]! : 0;
      const h = Math.max(phiSlope[j]! + slack, LEAST_CURVATURE);
      this.#byLoad[j] = h;
      const column = siteColumn[j]!;
      if (!isByClass(program, j)) {
        const at = base[column]! + column;
        values[at] = values[at]! + 1 / h;
        continue;
      }
      this.#fill(j, bend);
      this.#invert(j);
      for (let k = 0; k < W; k++) {
        for (let l = 0; l <= k; l++) {
          const at = base[column + k]! + column + l;
          values[at] = values[at]! + this.#inverse[(j * W + k) * W + l]!;
        }
      }
    }
  }

  /** What the dearest site costs at its limit, AUD: the size of what is no total. */
  #largestAud(): number {
    const { program, price } = this.#point;
    const { classCount: K, perReq, limit } = program;
    let largest = 0;
    for (let n = 0; n < price.length; n++) {
      const most = limit[Math.floor(n / K)]! / perReq[n]!;
      largest = Math.max(largest, Math.abs(price[n]!) * most);
    }
    return largest || 1;
  }

  /** diag(q) + h s sᵀ + bend of a site. */
  #fill(j: number, bend: Float64Array | undefined): void {
    const { classCount: K, perReq, limit, models, classic } = this.#point.program;
    const q = models[j]!.quadratic?.weight;
    const W = this.#width;
    const factor = this.#factorOf(j);
    for (let k = 0; k < W; k++) {
      const s = k < K ? perReq[j * K + k]! : 0;
      for (let l = 0; l <= k; l++) {
        const more = bend?.[(j * W + k) * W + l] ?? 0;
        factor[k * W + l] = more + (k < K ? this.#byLoad[j]! * s * perReq[j * K + l]! : 0);
      }
      let least = LEAST_CURVATURE;
      if (!classic && k < K) {
        const price = Math.abs(this.#point.price[j * K + k]!);
        const most = Math.max(limit[j]!, 1e-9) / s;
        least = Math.max(least, (HOLD * price) / most);
      } else if (!classic) least = Math.max(least, HOLD / this.#sizeAud);
      factor[k * W + k] = factor[k * W + k]! + Math.max((k < K && q?.[k]) || 0, least);
    }
  }

  #factorOf(j: number): Float64Array {
    const size = this.#width ** 2;
    return this.#factors.subarray(j * size, (j + 1) * size);
  }

  /** Cholesky of what was filled, and its inverse. */
  #invert(j: number): void {
    const W = this.#width;
    const factor = this.#factorOf(j);
    for (let k = 0; k < W; k++) {
      for (let l = 0; l <= k; l++) {
        let sum = factor[k * W + l]!;
        const before = sum;
        for (let m = 0; m < l; m++) sum -= factor[k * W + m]! * factor[l * W + m]!;
        factor[k * W + l] =
          l < k ? sum / factor[l * W + l]! : Math.sqrt(Math.max(sum, 1e-15 * before));
      }
    }
    for (let l = 0; l < W; l++) {
      this.#step.fill(0);
      this.#step[l] = 1;
      this.#solve(factor);
      for (let k = 0; k < W; k++) this.#inverse[(j * W + k) * W + l] = this.#step[k]!;
    }
  }

  /** #step ← Q⁻¹ #step. */
  #solve(factor: Float64Array): void {
    const W = this.#width;
    const step = this.#step;
    for (let k = 0; k < W; k++) {
      let sum = step[k]!;
      for (let m = 0; m < k; m++) sum -= factor[k * W + m]! * step[m]!;
      step[k] = sum / factor[k * W + k]!;
    }
    for (let k = W - 1; k >= 0; k--) {
      let sum = step[k]!;
      for (let m = k + 1; m < W; m++) sum -= factor[m * W + k]! * step[m]!;
      step[k] = sum / factor[k * W + k]!;
    }
  }

  /**
   * Steps of a site with several columns from ν, valid until the next call: what multiplies a large
   * curvature has to come from here, since the flows' own sums have rounding that it would multiply.
   */
  steps(j: number, nu: Float64Array): Float64Array {
    const column = this.#point.program.siteColumn[j]!;
    for (let k = 0; k < this.#width; k++) this.#step[k] = nu[column + k]!;
    this.#solve(this.#factorOf(j));
    return this.#step;
  }

  /**
   * A load's step from ν. The slack moves by the flows' own sum, which keeps capacity exact; its
   * multiplier by this, since there the sum's rounding would be multiplied by κ/w.
   */
  loadStep(j: number, nu: Float64Array): number {
    const { program } = this.#point;
    const { classCount: K, siteColumn, perReq } = program;
    if (!isByClass(program, j)) return nu[siteColumn[j]!]! / this.#byLoad[j]!;
    const steps = this.steps(j, nu);
    let load = 0;
    for (let k = 0; k < K; k++) load += perReq[j * K + k]! * steps[k]!;
    return load;
  }
}
