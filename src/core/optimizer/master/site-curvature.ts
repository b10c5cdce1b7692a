import type { EnvelopeMatrix } from './envelope-cholesky.ts';
import type { Point } from './point.ts';

/** Curvature below this cannot be told from none. */
const LEAST_CURVATURE = 1e-14;

/** Q of a point: the models' Hessian with the capacities' κ/w, by site diag(q) + h s sᵀ. */
export class SiteCurvature {
  readonly #point: Point;
  /** h = Φ'' + κ/w by site. */
  readonly #byLoad: Float64Array;
  readonly #step: Float64Array;

  constructor(point: Point) {
    this.#point = point;
    this.#byLoad = new Float64Array(point.program.siteCount);
    this.#step = new Float64Array(point.program.classCount);
  }

  /** Adds Q⁻¹: 1/h by site, or in classic rounds (diag(q) + h s sᵀ)⁻¹. */
  addInverse({ values, base }: EnvelopeMatrix): void {
    const { program, w, kappa, phiSlope } = this.#point;
    const { siteCount: J, classCount: K, classic, siteColumn } = program;
    const step = this.#step;
    for (let j = 0; j < J; j++) {
      const slack = this.#point.isOpen(j) ? kappa[j]! / w[j]! : 0;
      const h = Math.max(phiSlope[j]! + slack, LEAST_CURVATURE);
      this.#byLoad[j] = h;
      const column = siteColumn[j]!;
      if (!classic) {
        const at = base[column]! + column;
        values[at] = values[at]! + 1 / h;
        continue;
      }
      for (let k = 0; k < K; k++) {
        step.fill(0);
        step[k] = 1;
        this.#applyInverse(j, step);
        for (let l = 0; l <= k; l++) {
          const at = base[column + k]! + column + l;
          values[at] = values[at]! + step[l]!;
        }
      }
    }
  }

  /** v ← (diag(q) + h s sᵀ)⁻¹ v for a site's totals (Sherman and Morrison). */
  #applyInverse(j: number, v: Float64Array): void {
    const { classCount: K, perReq, models } = this.#point.program;
    const q = models[j]!.quadratic?.weight;
    const h = this.#byLoad[j]!;
    let ss = 0;
    let sv = 0;
    for (let k = 0; k < K; k++) {
      const weight = Math.max(q?.[k] ?? 0, LEAST_CURVATURE);
      const s = perReq[j * K + k]!;
      v[k] = v[k]! / weight;
      ss += (s * s) / weight;
      sv += s * v[k]!;
    }
    const shrink = (h * sv) / (1 + h * ss);
    for (let k = 0; k < K; k++) {
      const weight = Math.max(q?.[k] ?? 0, LEAST_CURVATURE);
      v[k] = v[k]! - (shrink * perReq[j * K + k]!) / weight;
    }
  }

  /**
   * A load's step from ν. The slack moves by the flows' own sum, which keeps capacity exact; its
   * multiplier by this, since there the sum's rounding would be multiplied by κ/w.
   */
  loadStep(j: number, nu: Float64Array): number {
    const { classCount: K, classic, siteColumn, models, perReq } = this.#point.program;
    const h = this.#byLoad[j]!;
    if (!classic) return nu[siteColumn[j]!]! / h;
    const q = models[j]!.quadratic?.weight;
    let ss = 0;
    let sv = 0;
    for (let k = 0; k < K; k++) {
      const s = perReq[j * K + k]!;
      const scaled = s / Math.max(q?.[k] ?? 0, LEAST_CURVATURE);
      ss += s * scaled;
      sv += scaled * nu[siteColumn[j]! + k]!;
    }
    return sv / (1 + h * ss);
  }
}
