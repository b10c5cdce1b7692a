import type { Cut } from '../cut.ts';

/** Newton steps on a slot's epigraph at the start: its reciprocal sum is nearly linear. */
const START_STEPS = 30;

/**
 * The cuts of a horizon's program, slot by slot. With one piece a cut is a plane there. With several,
 * e ≥ piece_i(x) for each, x being the site's totals there and its r, with slack s_i and multiplier ρ_i, Σ_i ρ_i = λ of the cut:
 *
 *   dρ_i = W_i − ρ_i − D_i ds_i,   ds_i = de − β_i·dx + (rounding),   D = ρ/s,   Σ_i (ρ_i + dρ_i) = λ + dλ
 *
 * W_i: wanted ρ + dρ + D ds. All of them follow from dx and dλ: with b = Σ D_i β_i, β̄ = b / Σ D_i,
 *
 *   de = ( Σ_i W_i + b·dx − λ − dλ ) / Σ D_i
 *
 * so to Newton's equations a cut is a plane of marginals β̄ (to 1/ΣD_i on its λ's diagonal) that bends
 * by Σ D_i (β_i − β̄)(β_i − β̄)ᵀ in a site's totals and r.
 */
export class CutPieces {
  /** By cut: its pieces from `from[c·T + t]` to `from[c·T + t + 1]`. */
  readonly from: Int32Array;
  readonly interceptAud: Float64Array;
  /** Index piece·W + k, W = K + 1: by class, and of the peak r, −peakShare. */
  readonly marginalAud: Float64Array;
  /** By piece; zero where it is the only one of its slot. */
  readonly rho: Float64Array;
  readonly slack: Float64Array;
  /** By cut and slot: e, or the plane's value where there is but one piece. */
  readonly value: Float64Array;
  /** Pieces that are one of several. */
  readonly pairs: number;
  /** W. */
  readonly width: number;
  readonly slotCount: number;
  readonly #drho: Float64Array;
  readonly #dslack: Float64Array;
  readonly #dvalue: Float64Array;
  /** D and W by piece; Σ D and Σ (W − D r) − λ by cut and slot. */
  readonly #ratio: Float64Array;
  readonly #wanted: Float64Array;
  readonly #ratioSum: Float64Array;
  readonly #open: Float64Array;
  /** β̄ by cut and slot, W each. */
  readonly #mean: Float64Array;

  constructor(cuts: readonly Cut[], slotCount: number, classCount: number) {
    const T = slotCount;
    const K = classCount;
    const from = new Int32Array(cuts.length * T + 1);
    const intercepts: number[] = [];
    const marginals: number[] = [];
    let pairs = 0;
    cuts.forEach((cut, c) => {
      const S = cut.interceptAud.length / T;
      for (let t = 0; t < T; t++) {
        const start = intercepts.length;
        for (let at = t * S; at < (t + 1) * S; at++) {
          if (at > t * S && isLike(cut, at, t * S, K)) continue;
          intercepts.push(cut.interceptAud[at]!);
          for (let k = 0; k < K; k++) marginals.push(cut.marginalAud[at * K + k]!);
          marginals.push(-cut.peakShare[at]!);
        }
        const count = intercepts.length - start;
        if (count > 1) pairs += count;
        from[c * T + t + 1] = intercepts.length;
      }
    });
    const zeros = (n: number) => new Float64Array(n);
    this.slotCount = T;
    this.width = K + 1;
    this.from = from;
    this.pairs = pairs;
    this.interceptAud = Float64Array.from(intercepts);
    this.marginalAud = Float64Array.from(marginals);
    this.rho = zeros(intercepts.length);
    this.slack = zeros(intercepts.length);
    this.value = zeros(cuts.length * T);
    this.#drho = zeros(intercepts.length);
    this.#dslack = zeros(intercepts.length);
    this.#dvalue = zeros(cuts.length * T);
    this.#ratio = zeros(intercepts.length);
    this.#wanted = zeros(intercepts.length);
    this.#ratioSum = zeros(cuts.length * T);
    this.#open = zeros(cuts.length * T);
    this.#mean = zeros(cuts.length * T * (K + 1));
  }

  /** Whether a cut is a plane in a slot, `at` = c·T + t. */
  isPlane(at: number): boolean {
    return this.from[at + 1]! - this.from[at]! === 1;
  }

  /** β_i · x. */
  #along(i: number, x: Float64Array): number {
    let sum = 0;
    for (let k = 0; k < x.length; k++) sum += this.marginalAud[i * x.length + k]! * x[k]!;
    return sum;
  }

  /**
   * Sets e, s and ρ of a cut's slot on the central path: Σ μ/(e − piece_i) = λ.
   * @param x the slot's totals and r; length W
   */
  start(at: number, lambda: number, mu: number, x: Float64Array): void {
    const from = this.from[at]!;
    const to = this.from[at + 1]!;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      const aud = this.interceptAud[i]! + this.#along(i, x);
      this.slack[i] = -aud;
      most = Math.max(most, aud);
    }
    this.value[at] = most;
    if (to - from === 1) return;
    for (let i = from; i < to; i++) this.slack[i] = most + this.slack[i]!;
    const above = distance(this.slack.subarray(from, to), mu / lambda);
    this.value[at] = most + above;
    let sum = 0;
    for (let i = from; i < to; i++) {
      this.slack[i] = this.slack[i]! + above;
      this.rho[i] = mu / this.slack[i]!;
      sum += this.rho[i]!;
    }
    for (let i = from; i < to; i++) this.rho[i] = (this.rho[i]! * lambda) / sum;
  }

  /** The value of a plane, and what the cut's slot adds to the prices of its totals and r, `price`. */
  refresh(at: number, lambda: number, x: Float64Array, price: Float64Array): void {
    const W = x.length;
    const from = this.from[at]!;
    const plane = this.isPlane(at);
    if (plane) this.value[at] = this.interceptAud[from]! + this.#along(from, x);
    for (let i = from; i < this.from[at + 1]!; i++) {
      const weight = plane ? lambda : this.rho[i]!;
      for (let k = 0; k < W; k++) price[k] = price[k]! + weight * this.marginalAud[i * W + k]!;
    }
  }

  /** e − piece_i − s_i, which is nothing but rounding. */
  #residual(i: number, at: number, x: Float64Array): number {
    return this.value[at]! - this.interceptAud[i]! - this.#along(i, x) - this.slack[i]!;
  }

  /** Complementarity, and what the pieces' rows lack, of a cut's slot. */
  measure(at: number, x: Float64Array, into: { complementarity: number; residual: number }): void {
    if (this.isPlane(at)) return;
    for (let i = this.from[at]!; i < this.from[at + 1]!; i++) {
      into.complementarity += this.rho[i]! * this.slack[i]!;
      into.residual += this.rho[i]! * Math.abs(this.#residual(i, at, x));
    }
  }

  /** β̄ of a cut's slot (length W). */
  meanOf(at: number): Float64Array {
    return this.#mean.subarray(at * this.width, (at + 1) * this.width);
  }

  /**
   * β̄ at the point, and into `bend` (W·W, the lower triangle) how the cut's slot bends.
   * @returns 1 / Σ D, zero for a plane
   */
  factorize(at: number, bend: Float64Array): number {
    const W = this.width;
    const from = this.from[at]!;
    const to = this.from[at + 1]!;
    const mean = this.meanOf(at);
    if (to - from === 1) {
      mean.set(this.marginalAud.subarray(from * W, to * W));
      return 0;
    }
    let sum = 0;
    mean.fill(0);
    for (let i = from; i < to; i++) {
      const ratio = this.rho[i]! / this.slack[i]!;
      this.#ratio[i] = ratio;
      sum += ratio;
      for (let k = 0; k < W; k++) mean[k] = mean[k]! + ratio * this.marginalAud[i * W + k]!;
    }
    for (let k = 0; k < W; k++) mean[k] = mean[k]! / sum;
    for (let i = from; i < to; i++) {
      for (let k = 0; k < W; k++) {
        const off = this.#ratio[i]! * (this.marginalAud[i * W + k]! - mean[k]!);
        for (let l = 0; l <= k; l++) {
          const more = off * (this.marginalAud[i * W + l]! - mean[l]!);
          bend[k * W + l] = bend[k * W + l]! + more;
        }
      }
    }
    this.#ratioSum[at] = sum;
    return 1 / sum;
  }

  /**
   * The constant part of a direction: what it adds to the prices of totals and r, into `pull`.
   * @returns what the slot adds to the right-hand side of the cut's row
   */
  aim(
    at: number,
    lambda: number,
    { target, correction }: { target: number; correction: number },
    x: Float64Array,
    pull: Float64Array,
  ): number {
    if (this.isPlane(at)) return 0;
    const W = x.length;
    let open = -lambda;
    for (let i = this.from[at]!; i < this.from[at + 1]!; i++) {
      const second = correction * this.#drho[i]! * this.#dslack[i]!;
      const wanted =
        (target - second) / this.slack[i]! - this.#ratio[i]! * this.#residual(i, at, x);
      this.#wanted[i] = wanted;
      open += wanted;
      const change = wanted - this.rho[i]!;
      for (let k = 0; k < W; k++) pull[k] = pull[k]! + change * this.marginalAud[i * W + k]!;
    }
    this.#open[at] = open;
    const mean = this.meanOf(at);
    for (let k = 0; k < W; k++) pull[k] = pull[k]! - open * mean[k]!;
    return open / this.#ratioSum[at]!;
  }

  /**
   * The steps of a cut's slot, from those of its totals and r (`dx`) and of its λ.
   * @param stable the same steps, from ν: see site-curvature.ts
   * @returns de, or the plane's step
   */
  step(
    at: number,
    lambdaStep: number,
    x: Float64Array,
    dx: Float64Array,
    stable: Float64Array,
    count: (value: number, step: number, multiplier: number, multiplierStep: number) => void,
  ): number {
    const from = this.from[at]!;
    const to = this.from[at + 1]!;
    if (to - from === 1) return this.#along(from, dx);
    let sum = this.#open[at]! - lambdaStep;
    for (let i = from; i < to; i++) {
      sum += this.#ratio[i]! * this.#along(i, stable);
    }
    const step = sum / this.#ratioSum[at]!;
    for (let i = from; i < to; i++) {
      const apart = step - this.#along(i, stable);
      this.#dslack[i] = step - this.#along(i, dx) + this.#residual(i, at, x);
      this.#drho[i] = this.#wanted[i]! - this.rho[i]! - this.#ratio[i]! * apart;
      count(this.slack[i]!, this.#dslack[i]!, this.rho[i]!, this.#drho[i]!);
    }
    this.#dvalue[at] = step;
    return step;
  }

  /** Moves e, s and ρ; the values of planes follow from the totals. */
  move(step: number): void {
    for (let i = 0; i < this.rho.length; i++) {
      this.rho[i] = this.rho[i]! + step * this.#drho[i]!;
      this.slack[i] = this.slack[i]! + step * this.#dslack[i]!;
    }
    for (let at = 0; at < this.value.length; at++) {
      this.value[at] = this.value[at]! + step * this.#dvalue[at]!;
    }
  }
}

/** The x above the highest piece with Σ unit/(x + below_i) = 1, by Newton's method. */
function distance(below: Float64Array, unit: number): number {
  // At this distance the highest alone would sum up to one, so the root is not nearer.
  let above = unit;
  for (let n = 0; n < START_STEPS; n++) {
    let sum = 0;
    let slope = 0;
    for (const b of below) {
      const inverse = unit / (above + b);
      sum += inverse;
      slope += (inverse * inverse) / unit;
    }
    // On 1/sum, which is concave in x.
    const move = ((1 - 1 / sum) * sum * sum) / slope;
    above += move;
    if (!(move > 1e-14 * above)) break;
  }
  return above;
}

/** Whether a cut is more than a plane in its site's totals. */
export function isBent(cut: Cut, slotCount: number): boolean {
  const pieces = cut.interceptAud.length;
  const S = pieces / slotCount;
  const K = cut.marginalAud.length / pieces;
  if (cut.peakShare.some((share) => share > 0)) return true;
  for (let at = 0; at < pieces; at++) if (!isLike(cut, at, at - (at % S), K)) return true;
  return false;
}

function isLike(cut: Cut, at: number, first: number, K: number): boolean {
  if (cut.interceptAud[at] !== cut.interceptAud[first]) return false;
  if (cut.peakShare[at] !== cut.peakShare[first]) return false;
  for (let k = 0; k < K; k++) {
    if (cut.marginalAud[at * K + k] !== cut.marginalAud[first * K + k]) return false;
  }
  return true;
}
