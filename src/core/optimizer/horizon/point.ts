import { type Measure, Point } from '../master/point.ts';
import type { HorizonProgram } from './program.ts';

/** Supporting plane of a site's coupled cost: c(N) ≥ intercept + marginal · N, AUD. */
export interface Cut {
  interceptAud: number;
  /** AUD per (req/s) and slot. Length T·K. */
  marginalAud: Float64Array;
}

/** Least weight of a cut to begin with, over the others'. */
const LEAST_WEIGHT = 1e-3;

/** Σ |marginal|. */
export function steepness(cut: Cut): number {
  return cut.marginalAud.reduce((sum, m) => sum + Math.abs(m), 0);
}

/**
 * A point of a horizon's program. Besides a slot's variables there are, for the coupled cost θ_j of
 * every site that has cuts, θ_j ≥ cut_i(N_j): a slack σ_i and a multiplier λ_i each.
 */
export class HorizonPoint extends Point {
  declare readonly program: HorizonProgram;
  readonly cuts: readonly Cut[];
  /** By cut, its site, and the place of that site among those with cuts. */
  readonly cutSite: Int32Array;
  readonly cutGroup: Int32Array;
  readonly groups: number;
  readonly lambda: Float64Array;
  readonly sigma: Float64Array;
  readonly theta: Float64Array;
  /** By cut, the total n of each of its T·K marginals. */
  readonly cutTotals: readonly Int32Array[];
  /** The cuts' values at the totals. */
  readonly cutValue: Float64Array;

  /** @param cuts by site of the fleet */
  constructor(program: HorizonProgram, cuts: readonly (readonly Cut[])[]) {
    const all = cuts.flatMap((of, j) => of.map((cut) => ({ cut, j })));
    super(program, all.length);
    const sites = [...new Set(all.map(({ j }) => j))];
    this.cuts = all.map(({ cut }) => cut);
    this.cutSite = Int32Array.from(all, ({ j }) => j);
    this.cutGroup = Int32Array.from(all, ({ j }) => sites.indexOf(j));
    this.groups = sites.length;
    this.lambda = Float64Array.from(cuts.flatMap(firstWeights));
    this.sigma = new Float64Array(all.length);
    this.theta = new Float64Array(sites.length);
    this.cutValue = new Float64Array(all.length);
    const { slotCount: T, classCount: K, fleetSize: J } = program;
    this.cutTotals = all.map(({ j }) =>
      Int32Array.from({ length: T * K }, (_, at) => (Math.floor(at / K) * J + j) * K + (at % K)),
    );
  }

  /** Sets θ and σ so that every cut's complementarity is at least μ. */
  startCuts(mu: number): void {
    this.theta.fill(Number.NEGATIVE_INFINITY);
    this.cutGroup.forEach((g, i) => {
      this.theta[g] = Math.max(this.theta[g]!, this.cutValue[i]! + mu / this.lambda[i]!);
    });
    this.cutGroup.forEach((g, i) => {
      this.sigma[i] = this.theta[g]! - this.cutValue[i]!;
    });
  }

  override solution(): Float64Array[] {
    return [...super.solution(), this.lambda, this.theta, this.sigma];
  }

  override refreshModels(): void {
    super.refreshModels();
    this.cuts.forEach(({ interceptAud, marginalAud }, i) => {
      const weight = this.lambda[i]!;
      const totals = this.cutTotals[i]!;
      let value = interceptAud;
      for (let at = 0; at < totals.length; at++) {
        const n = totals[at]!;
        value += marginalAud[at]! * this.total[n]!;
        this.price[n] = this.price[n]! + weight * marginalAud[at]!;
      }
      this.cutValue[i] = value;
    });
  }

  override measure(): Measure {
    const measure = super.measure();
    for (let i = 0; i < this.cuts.length; i++) {
      const open = this.theta[this.cutGroup[i]!]! - this.cutValue[i]! - this.sigma[i]!;
      measure.complementarity += this.sigma[i]! * this.lambda[i]!;
      measure.residual += this.lambda[i]! * Math.abs(open);
    }
    return measure;
  }
}

/** λ to begin with: the steepest cuts are those from beyond what a site can serve, and count least. */
function firstWeights(cuts: readonly Cut[]): number[] {
  const sizes = cuts.map(steepness);
  const level = Math.max(...sizes, Number.MIN_VALUE) * LEAST_WEIGHT;
  const inverse = sizes.map((size) => 1 / (size + level));
  const sum = inverse.reduce((a, b) => a + b, 0);
  return inverse.map((weight) => weight / sum);
}
