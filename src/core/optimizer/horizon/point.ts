import { type Cut, cutAt } from '../cut.ts';
import { type Measure, Point } from '../master/point.ts';
import { CutPieces } from './pieces.ts';
import type { HorizonProgram } from './program.ts';

/** Least weight of a cut to begin with, over the others'. */
const LEAST_WEIGHT = 1e-3;

/**
 * A point of a horizon's program. Besides a slot's variables there are, for the coupled cost θ_j of
 * every site that has cuts, θ_j ≥ cut_i(N_j, r_j): a slack σ_i and a multiplier λ_i each, what the cut's
 * pieces need in {@link CutPieces}, and the peak's r_j, which costs r_j.
 */
export class HorizonPoint extends Point {
  declare readonly program: HorizonProgram;
  readonly cuts: readonly Cut[];
  readonly pieces: CutPieces;
  /** By cut, its site, and the place of that site among those with cuts. */
  readonly cutSite: Int32Array;
  readonly cutGroup: Int32Array;
  readonly groups: number;
  readonly lambda: Float64Array;
  readonly sigma: Float64Array;
  readonly theta: Float64Array;
  /** By site with cuts: r, its multiplier ζ, and 1 − Σ ρ peakShare, which it is to be. */
  readonly peak: Float64Array;
  readonly peakRent: Float64Array;
  readonly peakPrice: Float64Array;
  /** Σ_t of the cuts' slots. */
  readonly cutValue: Float64Array;
  readonly #gathered: Float64Array;

  /** @param cuts by site of the fleet */
  constructor(program: HorizonProgram, cuts: readonly (readonly Cut[])[]) {
    const all = cuts.flatMap((of, j) => of.map((cut) => ({ cut, j })));
    const flat = all.map(({ cut }) => cut);
    const pieces = new CutPieces(flat, program.slotCount, program.classCount);
    const sites = [...new Set(all.map(({ j }) => j))];
    super(program, all.length + pieces.pairs + sites.length);
    this.cuts = flat;
    this.pieces = pieces;
    this.cutSite = Int32Array.from(all, ({ j }) => j);
    this.cutGroup = Int32Array.from(all, ({ j }) => sites.indexOf(j));
    this.groups = sites.length;
    this.lambda = Float64Array.from(cuts.flatMap(firstWeights));
    this.sigma = new Float64Array(all.length);
    this.theta = new Float64Array(sites.length);
    this.peak = new Float64Array(sites.length);
    this.peakRent = new Float64Array(sites.length);
    this.peakPrice = new Float64Array(sites.length);
    this.cutValue = new Float64Array(all.length);
    this.#gathered = new Float64Array(pieces.width);
  }

  /** First total of cut i's site in slot t. */
  totalOf(i: number, t: number): number {
    return (t * this.program.fleetSize + this.cutSite[i]!) * this.program.classCount;
  }

  /** A slot's totals and r of cut i out of arrays by total and by site with cuts; valid until the next call. */
  gather(i: number, t: number, byTotal: Float64Array, byGroup: Float64Array): Float64Array {
    const K = this.program.classCount;
    const n = this.totalOf(i, t);
    for (let k = 0; k < K; k++) this.#gathered[k] = byTotal[n + k]!;
    this.#gathered[K] = byGroup[this.cutGroup[i]!]!;
    return this.#gathered;
  }

  /** Adds what was gathered for cut i and slot t to such arrays. */
  scatter(
    i: number,
    t: number,
    x: Float64Array,
    byTotal: Float64Array,
    byGroup: Float64Array,
  ): void {
    const K = this.program.classCount;
    const n = this.totalOf(i, t);
    const g = this.cutGroup[i]!;
    for (let k = 0; k < K; k++) byTotal[n + k] = byTotal[n + k]! + x[k]!;
    byGroup[g] = byGroup[g]! + x[K]!;
  }

  /**
   * Sets r where the last cuts have it, the pieces on the central path at μ, and θ and σ so that every
   * cut's complementarity is at least that.
   */
  startCuts(mu: number): void {
    const { slotCount: T, classCount: K, fleetSize: J } = this.program;
    this.cuts.forEach((cut, i) => {
      const totals = new Float64Array(T * K);
      for (let t = 0; t < T; t++) {
        const n = (t * J + this.cutSite[i]!) * K;
        totals.set(this.total.subarray(n, n + K), t * K);
      }
      const { peakAud } = cutAt(cut, totals);
      this.peak[this.cutGroup[i]!] = Math.max(peakAud, mu);
    });
    for (let g = 0; g < this.groups; g++) this.peakRent[g] = mu / this.peak[g]!;
    for (let i = 0; i < this.cuts.length; i++) {
      for (let t = 0; t < T; t++) {
        this.pieces.start(i * T + t, this.lambda[i]!, mu, this.gather(i, t, this.total, this.peak));
      }
    }
    this.refreshModels();
    this.theta.fill(Number.NEGATIVE_INFINITY);
    this.cutGroup.forEach((g, i) => {
      this.theta[g] = Math.max(this.theta[g]!, this.cutValue[i]! + mu / this.lambda[i]!);
    });
    this.cutGroup.forEach((g, i) => {
      this.sigma[i] = this.theta[g]! - this.cutValue[i]!;
    });
  }

  override solution(): Float64Array[] {
    const { lambda, theta, sigma, peak, peakRent } = this;
    const { rho, slack, value } = this.pieces;
    return [...super.solution(), lambda, theta, sigma, peak, peakRent, rho, slack, value];
  }

  override refreshModels(): void {
    super.refreshModels();
    const T = this.program.slotCount;
    this.peakPrice.fill(1);
    const price = new Float64Array(this.pieces.width);
    for (let i = 0; i < this.cuts.length; i++) {
      let value = 0;
      for (let t = 0; t < T; t++) {
        const at = i * T + t;
        price.fill(0);
        this.pieces.refresh(at, this.lambda[i]!, this.gather(i, t, this.total, this.peak), price);
        this.scatter(i, t, price, this.price, this.peakPrice);
        value += this.pieces.value[at]!;
      }
      this.cutValue[i] = value;
    }
  }

  override measure(): Measure {
    const measure = super.measure();
    const T = this.program.slotCount;
    for (let i = 0; i < this.cuts.length; i++) {
      const open = this.theta[this.cutGroup[i]!]! - this.cutValue[i]! - this.sigma[i]!;
      measure.complementarity += this.sigma[i]! * this.lambda[i]!;
      measure.residual += this.lambda[i]! * Math.abs(open);
      for (let t = 0; t < T; t++) {
        this.pieces.measure(i * T + t, this.gather(i, t, this.total, this.peak), measure);
      }
    }
    for (let g = 0; g < this.groups; g++) {
      measure.complementarity += this.peak[g]! * this.peakRent[g]!;
      measure.residual += this.peak[g]! * Math.abs(this.peakPrice[g]! - this.peakRent[g]!);
    }
    return measure;
  }
}

/** λ to begin with: the steepest cuts are those from beyond what a site can serve, and count least. */
function firstWeights(cuts: readonly Cut[]): number[] {
  const sizes = cuts.map(steepness);
  // Flat cuts, of a plant that adds nothing, count alike.
  const level = Math.max(0, ...sizes) * LEAST_WEIGHT || 1;
  const inverse = sizes.map((size) => 1 / (size + level));
  const sum = inverse.reduce((a, b) => a + b, 0);
  return inverse.map((weight) => weight / sum);
}

/** Σ |marginal| of its pieces. */
export function steepness(cut: Cut): number {
  return cut.marginalAud.reduce((sum, m) => sum + Math.abs(m), 0);
}
