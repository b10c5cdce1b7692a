import { CLOSED, type SlotProgram } from './program.ts';

/** Objectives below this count as zero, AUD. */
export const LEAST_SCALE_AUD = 1e-12;

/** A primal–dual point of a slot's program, and what the models say at it. */
export class Point {
  readonly program: SlotProgram;
  /** Flow and its multiplier by edge. */
  readonly x: Float64Array;
  readonly z: Float64Array;
  /** By row: unserved demand and its multiplier, and the price of demand π. */
  readonly y: Float64Array;
  readonly zy: Float64Array;
  readonly pi: Float64Array;
  /** By site: free capacity and its rent κ. */
  readonly w: Float64Array;
  readonly kappa: Float64Array;
  /** ℓ by site; Φ' and Φ'' there. */
  readonly load: Float64Array;
  readonly phi: Float64Array;
  readonly phiSlope: Float64Array;
  /** n, ∇m and ∇m + s κ by total j·K + k. */
  readonly total: Float64Array;
  readonly gradient: Float64Array;
  readonly price: Float64Array;
  /** Number of complementary pairs. */
  readonly pairs: number;

  /** @param morePairs complementary pairs that a subclass adds */
  constructor(program: SlotProgram, morePairs = 0) {
    const { rows, siteCount: J, classCount: K } = program;
    const E = program.sourceEdge.length;
    this.program = program;
    this.x = new Float64Array(E);
    this.z = new Float64Array(E);
    this.y = new Float64Array(rows);
    this.zy = new Float64Array(rows);
    this.pi = new Float64Array(rows);
    this.w = new Float64Array(J);
    this.kappa = new Float64Array(J);
    this.load = new Float64Array(J);
    this.phi = new Float64Array(J);
    this.phiSlope = new Float64Array(J);
    this.total = new Float64Array(J * K);
    this.gradient = new Float64Array(J * K);
    this.price = new Float64Array(J * K);
    let open = 0;
    for (let j = 0; j < J; j++) if (this.isOpen(j)) open++;
    this.pairs = Math.max(1, E + rows + open + morePairs);
  }

  isOpen(j: number): boolean {
    return this.program.limit[j]! > CLOSED;
  }

  /** What a solution is made of; the rest follows from it or is only of use on the way. */
  solution(): Float64Array[] {
    return [this.x, this.y, this.pi, this.kappa];
  }

  /** Totals, loads and the models at x; prices at κ. */
  refresh(): void {
    const { program, x, total } = this;
    total.fill(0);
    for (let e = 0; e < x.length; e++) {
      const at = program.total[e]!;
      total[at] = total[at]! + x[e]!;
    }
    this.refreshModels();
  }

  /** Loads, gradients and prices at the totals. */
  refreshModels(): void {
    const { classCount: K, siteCount: J, models, perReq } = this.program;
    const at = { value: 0, slope: 0 };
    for (let j = 0; j < J; j++) {
      const model = models[j]!;
      let load = 0;
      for (let k = 0; k < K; k++) load += perReq[j * K + k]! * this.total[j * K + k]!;
      this.load[j] = load;
      at.value = 0;
      at.slope = 0;
      model.congestion?.at(load, at);
      this.phi[j] = at.value;
      this.phiSlope[j] = at.slope;
      for (let k = 0; k < K; k++) {
        const n = j * K + k;
        const q = model.quadratic;
        const pull = q ? q.weight[k]! * (this.total[n]! - q.center[k]!) : 0;
        this.gradient[n] = model.offsetAud[k]! + perReq[n]! * at.value + pull;
        this.price[n] = this.gradient[n]! + perReq[n]! * this.kappa[j]!;
      }
    }
  }

  /** How far the point is from optimal. */
  measure(): Measure {
    const { program, x, z, y, zy, pi, w, kappa, price } = this;
    const { rowStart, total, costAud, demand } = program;
    let complementarity = 0;
    let residual = 0;
    let scale = 0;
    for (let r = 0; r < y.length; r++) {
      const rowPrice = pi[r]!;
      let open = demand[r]! - y[r]!;
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const flow = x[e]!;
        const cost = costAud[e]! + price[total[e]!]!;
        complementarity += flow * z[e]!;
        scale += flow * Math.abs(costAud[e]!);
        residual += flow * Math.abs(cost - rowPrice - z[e]!);
        open -= flow;
      }
      complementarity += y[r]! * zy[r]!;
      scale += y[r]! * Math.abs(rowPrice);
      // Rounding of the sum is no residual.
      if (Math.abs(open) > 1e-14 * demand[r]!) residual += Math.abs(open * rowPrice);
    }
    for (let j = 0; j < w.length; j++) complementarity += w[j]! * kappa[j]!;
    for (let n = 0; n < this.total.length; n++) {
      scale += this.total[n]! * Math.abs(this.gradient[n]!);
    }
    return { complementarity, residual, scale: Math.max(scale, LEAST_SCALE_AUD) };
  }
}

export interface Measure {
  /** Σ x z + Σ y z_y + Σ w κ, AUD. */
  complementarity: number;
  /** What stationarity and the demand rows lack, AUD: |dual residual|·x and |λ − Σ x − y|·π. */
  residual: number;
  /** What the flows and what is left unserved cost, AUD: the objective's scale. */
  scale: number;
}
