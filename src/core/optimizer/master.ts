import { factorize, solveFactorized } from './cholesky.ts';
import type { DispatchProblem } from './problem.ts';
import { rowCount } from './problem.ts';
import type { CongestionCurve } from './site-curve.ts';

/**
 * The master: one slot's dispatch against models of the sites,
 *
 *   min  Σ_e c_e x_e + C_u Σ_r y_r + Σ_j [ Σ_k (a_jk n_jk + q_jk/2 (n_jk − b_jk)²) + Φ_j(ℓ_j) ]
 *   s.t. Σ_{e∈r} x_e + y_r = λ_r,  ℓ_j + w_j = L_j,  x, y, w ≥ 0
 *
 * with n_jk the site's totals, ℓ_j its load and Φ' a learned curve (learned rounds, q = 0) or the
 * quadratic of two-block ADMM (classic rounds, Φ = 0). Solved by a primal–dual interior-point method
 * with Mehrotra's predictor–corrector (Nocedal and Wright, Numerical Optimization, ch. 14, 16.6):
 * rows and edges are eliminated by hand, which leaves a dense system of one unknown per site (and
 * per site and class in classic rounds), whatever the number of zones.
 */
export interface SiteModel {
  /** a_k, AUD per (req/s). Length K. */
  offsetAud: Float64Array;
  /** Φ'; absent in classic rounds. */
  congestion?: CongestionCurve;
  /** q and b by class, length K each; present in classic rounds and with a proximal term. */
  quadratic?: { weight: Float64Array; center: Float64Array };
}

export interface MasterSolution {
  /** x, req/s. Length E. */
  flow: Float64Array;
  /** y, req/s. Length I·K. */
  unserved: Float64Array;
  /** n, req/s, index j·K + k. */
  totals: Float64Array;
  /** Marginal cost of the model, capacity rent included: index j·K + k, AUD per (req/s). */
  prices: Float64Array;
  iterations: number;
  /** Complementarity left, relative to the objective's scale. */
  gap: number;
}

export interface MasterOptions {
  /** Relative complementarity to stop at. */
  tolerance: number;
  maxIterations: number;
}

const STEP_TO_BOUNDARY = 0.995;
/** A step may raise complementarity and residual this much before it is halved, so often at most. */
const GROWTH_ALLOWED = 1.5;
const MAX_HALVINGS = 6;
/** Relative gap from which the best point so far is remembered. */
const WORTH_KEEPING = 1e-2;

export function solveMaster(
  p: DispatchProblem,
  slot: number,
  models: SiteModel[],
  options: MasterOptions,
): MasterSolution {
  return new InteriorPoint(p, slot, models).solve(options);
}

/** The iteration's arrays, named as in the docstring above; d… are directions. */
class InteriorPoint {
  readonly p: DispatchProblem;
  readonly models: SiteModel[];
  readonly K: number;
  readonly J: number;
  readonly rows: number;
  readonly E: number;
  readonly lambda: Float64Array;
  readonly limit: Float64Array;
  /** Row, class·site index of each edge; edges of rows without demand stay at zero. */
  readonly edgeRow: Int32Array;
  readonly edgeTotal: Int32Array;
  readonly edgeLoad: Float64Array;
  readonly live: Uint8Array;
  readonly open: Uint8Array;
  readonly classic: boolean;
  /** Unknowns of the reduced system: site loads, or site–class totals in classic rounds. */
  readonly columns: number;
  /** Column of each edge and the edge's weight in it. */
  readonly edgeColumn: Int32Array;
  readonly edgeWeight: Float64Array;

  readonly x: Float64Array;
  readonly z: Float64Array;
  readonly y: Float64Array;
  readonly zy: Float64Array;
  readonly pi: Float64Array;
  readonly w: Float64Array;
  readonly kappa: Float64Array;
  readonly n: Float64Array;
  readonly load: Float64Array;
  /** Φ' and Φ'' at the loads, and the models' gradient by total. */
  readonly phi: Float64Array;
  readonly phiSlope: Float64Array;
  readonly gradient: Float64Array;
  readonly scale: number;
  readonly complementarities: number;

  readonly dx: Float64Array;
  readonly dz: Float64Array;
  readonly dy: Float64Array;
  readonly dzy: Float64Array;
  readonly dpi: Float64Array;
  readonly dw: Float64Array;
  readonly dkappa: Float64Array;
  readonly matrix: Float64Array;
  readonly nu: Float64Array;
  readonly gx: Float64Array;
  readonly gy: Float64Array;
  readonly rowSum: Float64Array;
  readonly rowRhs: Float64Array;
  readonly curvature: Float64Array;
  /** Constant part of dκ by site, and the step of each site's load. */
  readonly slackTarget: Float64Array;
  readonly siteStep: Float64Array;

  constructor(p: DispatchProblem, slot: number, models: SiteModel[]) {
    this.p = p;
    this.models = models;
    this.K = p.classCount;
    this.J = p.sites.length;
    this.rows = rowCount(p);
    this.E = p.edgeSite.length;
    const { K, J, rows, E } = this;
    this.lambda = p.demandReqPerS.subarray(slot * rows, (slot + 1) * rows);
    this.limit = Float64Array.from(p.sites, (s) => s.maxLoad[slot] as number);
    this.open = Uint8Array.from(this.limit, (l) => (l > 1e-9 ? 1 : 0));
    this.edgeRow = new Int32Array(E);
    this.edgeTotal = new Int32Array(E);
    this.edgeLoad = new Float64Array(E);
    this.live = new Uint8Array(E);
    this.classic = models.some((m) => m.quadratic !== undefined);
    this.columns = this.classic ? J * K : J;
    this.edgeColumn = new Int32Array(E);
    this.edgeWeight = new Float64Array(E);
    this.x = new Float64Array(E);
    this.z = new Float64Array(E);
    this.y = new Float64Array(rows);
    this.zy = new Float64Array(rows);
    this.pi = new Float64Array(rows);
    this.w = new Float64Array(J);
    this.kappa = new Float64Array(J);
    this.n = new Float64Array(J * K);
    this.load = new Float64Array(J);
    this.phi = new Float64Array(J);
    this.phiSlope = new Float64Array(J);
    this.gradient = new Float64Array(J * K);
    this.dx = new Float64Array(E);
    this.dz = new Float64Array(E);
    this.dy = new Float64Array(rows);
    this.dzy = new Float64Array(rows);
    this.dpi = new Float64Array(rows);
    this.dw = new Float64Array(J);
    this.dkappa = new Float64Array(J);
    this.matrix = new Float64Array(this.columns * this.columns);
    this.nu = new Float64Array(this.columns);
    this.gx = new Float64Array(E);
    this.gy = new Float64Array(rows);
    this.rowSum = new Float64Array(rows);
    this.rowRhs = new Float64Array(rows);
    this.curvature = new Float64Array(J);
    this.slackTarget = new Float64Array(J);
    this.siteStep = new Float64Array(J);
    this.scale = this.start();
    let count = 0;
    for (let e = 0; e < E; e++) count += this.live[e] as number;
    for (let r = 0; r < rows; r++) if ((this.lambda[r] as number) > 0) count++;
    for (let j = 0; j < J; j++) count += this.open[j] as number;
    this.complementarities = Math.max(1, count);
  }

  /**
   * Strictly interior start: demand spread over its edges by the sites' free capacity, at most half
   * of each site, the rest unserved. Returns the objective's scale.
   */
  start(): number {
    const { p, K, J, rows } = this;
    const wanted = new Float64Array(J);
    const share = new Float64Array(this.E);
    for (let r = 0; r < rows; r++) {
      const demand = this.lambda[r] as number;
      let capacity = 0;
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        const j = p.edgeSite[e] as number;
        this.edgeRow[e] = r;
        this.edgeTotal[e] = j * K + (r % K);
        this.edgeLoad[e] = (p.sites[j] as { loadPerReqPerS: Float64Array }).loadPerReqPerS[
          r % K
        ] as number;
        this.edgeColumn[e] = this.classic ? (this.edgeTotal[e] as number) : j;
        this.edgeWeight[e] = this.classic ? 1 : (this.edgeLoad[e] as number);
        this.live[e] = demand > 0 && this.open[j] === 1 ? 1 : 0;
        if (this.live[e]) capacity += this.limit[j] as number;
      }
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        if (!this.live[e]) continue;
        const j = p.edgeSite[e] as number;
        share[e] = (0.98 * demand * (this.limit[j] as number)) / capacity;
        wanted[j] = (wanted[j] as number) + (share[e] as number) * (this.edgeLoad[e] as number);
      }
    }
    for (let r = 0; r < rows; r++) {
      const demand = this.lambda[r] as number;
      if (!(demand > 0)) continue;
      let placed = 0;
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        if (!this.live[e]) continue;
        const j = p.edgeSite[e] as number;
        const room = (0.5 * (this.limit[j] as number)) / Math.max(wanted[j] as number, 1e-300);
        this.x[e] = (share[e] as number) * Math.min(1, Math.max(room, 1e-3));
        placed += this.x[e] as number;
      }
      this.y[r] = Math.max(demand - placed, 0.01 * demand);
    }
    this.refresh();
    for (let j = 0; j < J; j++) {
      const limit = this.limit[j] as number;
      this.w[j] = Math.max(limit - (this.load[j] as number), 0.05 * limit);
    }
    return this.startDual();
  }

  /** Multipliers on one central path: μ is the mean spread of the edges' costs times their flow. */
  startDual(): number {
    const { p, rows } = this;
    let costSum = 0;
    let spreadSum = 0;
    let count = 0;
    for (let r = 0; r < rows; r++) {
      const demand = this.lambda[r] as number;
      if (!(demand > 0)) continue;
      let cheapest = p.unservedCostAud;
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        if (this.live[e]) cheapest = Math.min(cheapest, this.edgeCost(e));
      }
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        if (!this.live[e]) continue;
        spreadSum += (this.x[e] as number) * (this.edgeCost(e) - cheapest);
        costSum += (this.x[e] as number) * Math.abs(this.edgeCost(e));
        count++;
      }
      this.pi[r] = cheapest;
    }
    const edges = Math.max(count, 1);
    const mu = Math.max(spreadSum / edges, (1e-3 * costSum) / edges, 1e-12);
    for (let e = 0; e < this.E; e++) if (this.live[e]) this.z[e] = mu / (this.x[e] as number);
    for (let r = 0; r < rows; r++) {
      if (!((this.lambda[r] as number) > 0)) continue;
      this.zy[r] = Math.max(mu / (this.y[r] as number), 0.5 * p.unservedCostAud);
    }
    for (let j = 0; j < this.J; j++) if (this.open[j]) this.kappa[j] = mu / (this.w[j] as number);
    return Math.max(costSum, 1e-9);
  }

  /** Public and modelled marginal cost of an edge at the present totals. */
  edgeCost(e: number): number {
    return (
      (this.p.edgeCostAud[e] as number) + (this.gradient[this.edgeTotal[e] as number] as number)
    );
  }

  /** Totals, loads and the models' gradient at x. */
  refresh(): void {
    const { K, J } = this;
    this.n.fill(0);
    this.load.fill(0);
    for (let e = 0; e < this.E; e++) {
      if (!this.live[e]) continue;
      const at = this.edgeTotal[e] as number;
      this.n[at] = (this.n[at] as number) + (this.x[e] as number);
    }
    const out = { value: 0, slope: 0 };
    for (let j = 0; j < J; j++) {
      const s = (this.p.sites[j] as { loadPerReqPerS: Float64Array }).loadPerReqPerS;
      const model = this.models[j] as SiteModel;
      let load = 0;
      for (let k = 0; k < K; k++) load += (s[k] as number) * (this.n[j * K + k] as number);
      this.load[j] = load;
      out.value = 0;
      out.slope = 0;
      model.congestion?.at(load, out);
      this.phi[j] = out.value;
      this.phiSlope[j] = out.slope;
      for (let k = 0; k < K; k++) {
        const q = model.quadratic;
        const pull = q
          ? (q.weight[k] as number) * ((this.n[j * K + k] as number) - (q.center[k] as number))
          : 0;
        this.gradient[j * K + k] =
          (model.offsetAud[k] as number) + (s[k] as number) * out.value + pull;
      }
    }
  }

  complementarity(): number {
    let sum = 0;
    for (let e = 0; e < this.E; e++)
      if (this.live[e]) sum += (this.x[e] as number) * (this.z[e] as number);
    for (let r = 0; r < this.rows; r++) {
      if ((this.lambda[r] as number) > 0) sum += (this.y[r] as number) * (this.zy[r] as number);
    }
    for (let j = 0; j < this.J; j++) {
      if (this.open[j]) sum += (this.w[j] as number) * (this.kappa[j] as number);
    }
    return sum;
  }

  solve(options: MasterOptions): MasterSolution {
    let iterations = 0;
    let relativeGap = Number.POSITIVE_INFINITY;
    const best = {
      gap: Number.POSITIVE_INFINITY,
      solution: undefined as MasterSolution | undefined,
    };
    for (; iterations < options.maxIterations; iterations++) {
      const total = this.complementarity();
      const dual = this.dualResidual();
      relativeGap = (total + dual) / this.scale;
      if (relativeGap <= options.tolerance) break;
      // Past the precision of doubles the iteration falls apart; the best point before it counts.
      if (!(relativeGap <= 100 * best.gap) && best.gap < WORTH_KEEPING) break;
      if (relativeGap < best.gap) {
        best.gap = relativeGap;
        if (relativeGap < WORTH_KEEPING) best.solution = this.solution(iterations, relativeGap);
      }
      const mu = total / this.complementarities;
      this.assemble();
      this.direction(0, 0);
      const affine = this.stepLength();
      const muAffine = this.complementarityAfter(affine) / this.complementarities;
      const centering = Math.min(1, Math.max((muAffine / mu) ** 3, 1e-8));
      // In full, the correction of a step that could not be taken makes the iteration cycle
      // (Colombo and Gondzio 2008): it counts by how much of the step there was.
      this.direction(centering * mu, affine * affine);
      const step = Math.min(1, STEP_TO_BOUNDARY * this.stepLength());
      if (!(step > 1e-8)) break;
      this.advance(step, GROWTH_ALLOWED * (total + dual));
    }
    return relativeGap <= best.gap || best.solution === undefined
      ? this.solution(iterations, relativeGap)
      : best.solution;
  }

  /** Σ x |dual residual|: what the stationarity error can cost, in AUD. */
  dualResidual(): number {
    let sum = 0;
    for (let e = 0; e < this.E; e++) {
      if (!this.live[e]) continue;
      sum += (this.x[e] as number) * Math.abs(this.edgeResidual(e));
    }
    return sum;
  }

  /** c + ∇m + s κ − π − z of an edge. */
  edgeResidual(e: number): number {
    const j = this.p.edgeSite[e] as number;
    return (
      this.edgeCost(e) +
      (this.edgeLoad[e] as number) * (this.kappa[j] as number) -
      (this.pi[this.edgeRow[e] as number] as number) -
      (this.z[e] as number)
    );
  }

  /** The reduced matrix C (D⁻¹ − D⁻¹Aᵀ R⁻¹ A D⁻¹) Cᵀ + Q⁻¹, by pairs within a row: no cancellation. */
  assemble(): void {
    const { p, columns, matrix } = this;
    matrix.fill(0);
    for (let r = 0; r < this.rows; r++) {
      if (!((this.lambda[r] as number) > 0)) continue;
      const from = p.rowStart[r] as number;
      const to = p.rowStart[r + 1] as number;
      const inverseY = (this.y[r] as number) / (this.zy[r] as number);
      let sum = inverseY;
      for (let e = from; e < to; e++) {
        if (!this.live[e]) continue;
        this.gx[e] = (this.x[e] as number) / (this.z[e] as number);
        sum += this.gx[e] as number;
      }
      this.rowSum[r] = sum;
      for (let e = from; e < to; e++) {
        if (!this.live[e]) continue;
        const scaled = ((this.gx[e] as number) * (this.edgeWeight[e] as number)) / sum;
        const ce = this.edgeColumn[e] as number;
        let others = inverseY;
        for (let f = from; f < to; f++) {
          if (f === e || !this.live[f]) continue;
          const vf = this.gx[f] as number;
          others += vf;
          const cf = this.edgeColumn[f] as number;
          if (cf > ce) continue;
          const at = ce * columns + cf;
          matrix[at] = (matrix[at] as number) - scaled * vf * (this.edgeWeight[f] as number);
        }
        const diagonal = ce * columns + ce;
        matrix[diagonal] =
          (matrix[diagonal] as number) + scaled * others * (this.edgeWeight[e] as number);
      }
    }
    this.addInverseCurvature();
    factorize(matrix, columns);
  }

  /**
   * Adds Q⁻¹, the inverse of the models' Hessian with the capacity's: 1/h by site in learned rounds;
   * in classic ones (diag(q) + h s sᵀ)⁻¹ by Sherman and Morrison.
   */
  addInverseCurvature(): void {
    const { J, K, columns, matrix } = this;
    for (let j = 0; j < J; j++) {
      const slack = this.open[j] ? (this.kappa[j] as number) / (this.w[j] as number) : 0;
      const h = Math.max((this.phiSlope[j] as number) + slack, 1e-14);
      this.curvature[j] = h;
      if (!this.classic) {
        const at = j * columns + j;
        matrix[at] = (matrix[at] as number) + 1 / h;
        continue;
      }
      const step = new Float64Array(K);
      for (let k = 0; k < K; k++) {
        step.fill(0);
        step[k] = 1;
        this.applyInverseCurvature(j, step);
        for (let l = 0; l <= k; l++) {
          const at = (j * K + k) * columns + j * K + l;
          matrix[at] = (matrix[at] as number) + (step[l] as number);
        }
      }
    }
  }

  /** v ← (diag(q) + h s sᵀ)⁻¹ v for a site's totals. */
  applyInverseCurvature(j: number, v: Float64Array): void {
    const s = (this.p.sites[j] as { loadPerReqPerS: Float64Array }).loadPerReqPerS;
    const weight = (this.models[j] as SiteModel).quadratic?.weight;
    const h = this.curvature[j] as number;
    let ss = 0;
    let sv = 0;
    for (let k = 0; k < this.K; k++) {
      const q = Math.max(weight?.[k] ?? 0, 1e-14);
      v[k] = (v[k] as number) / q;
      ss += (s[k] as number) ** 2 / q;
      sv += (s[k] as number) * (v[k] as number);
    }
    const shrink = (h * sv) / (1 + h * ss);
    for (let k = 0; k < this.K; k++) {
      v[k] = (v[k] as number) - (shrink * (s[k] as number)) / Math.max(weight?.[k] ?? 0, 1e-14);
    }
  }

  /**
   * A load's step from ν. The slack moves by the flows' own sum, which keeps capacity exact; its
   * multiplier by this, since there the sum's rounding would be multiplied by κ/w.
   */
  modelLoadStep(j: number): number {
    const h = this.curvature[j] as number;
    if (!this.classic) return (this.nu[j] as number) / h;
    const s = (this.p.sites[j] as { loadPerReqPerS: Float64Array }).loadPerReqPerS;
    const weight = (this.models[j] as SiteModel).quadratic?.weight;
    let ss = 0;
    let sv = 0;
    for (let k = 0; k < this.K; k++) {
      const scaled = (s[k] as number) / Math.max(weight?.[k] ?? 0, 1e-14);
      ss += (s[k] as number) * scaled;
      sv += scaled * (this.nu[j * this.K + k] as number);
    }
    return sv / (1 + h * ss);
  }

  /** Newton direction towards complementarity `target`; `correction` weighs the second order. */
  direction(target: number, correction: number): void {
    const { p, J, rows, columns, nu } = this;
    nu.fill(0);
    for (let j = 0; j < J; j++) {
      if (!this.open[j]) continue;
      const w = this.w[j] as number;
      const kappa = this.kappa[j] as number;
      const second = correction * (this.dw[j] as number) * (this.dkappa[j] as number);
      const slackResidual = (this.limit[j] as number) - (this.load[j] as number) - w;
      // dκ = (target − second)/w − κ − (κ/w)(slackResidual − S dx)
      this.slackTarget[j] = (target - second) / w - kappa - (kappa / w) * slackResidual;
      this.dw[j] = slackResidual;
    }
    for (let r = 0; r < rows; r++) {
      const demand = this.lambda[r] as number;
      if (!(demand > 0)) continue;
      const y = this.y[r] as number;
      const zy = this.zy[r] as number;
      const secondY = correction * (this.dy[r] as number) * (this.dzy[r] as number);
      const residualY = p.unservedCostAud - (this.pi[r] as number) - zy;
      const gy = -residualY + (target - secondY) / y - zy;
      this.gy[r] = gy;
      let rhs = demand - y - (y / zy) * gy;
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        if (!this.live[e]) continue;
        const x = this.x[e] as number;
        const z = this.z[e] as number;
        const second = correction * (this.dx[e] as number) * (this.dz[e] as number);
        const j = p.edgeSite[e] as number;
        const g =
          -this.edgeResidual(e) +
          (target - second) / x -
          z -
          (this.edgeLoad[e] as number) * (this.slackTarget[j] as number);
        this.gx[e] = g;
        rhs -= x + (x / z) * g;
      }
      this.rowRhs[r] = rhs;
      const shift = rhs / (this.rowSum[r] as number);
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        if (!this.live[e]) continue;
        const v =
          ((this.x[e] as number) / (this.z[e] as number)) * ((this.gx[e] as number) + shift);
        const at = this.edgeColumn[e] as number;
        nu[at] = (nu[at] as number) + (this.edgeWeight[e] as number) * v;
      }
    }
    solveFactorized(this.matrix, columns, nu);
    this.recover(target, correction);
  }

  /** The eliminated unknowns, from ν. */
  recover(target: number, correction: number): void {
    const { p, J } = this;
    this.siteStep.fill(0);
    for (let r = 0; r < this.rows; r++) {
      if (!((this.lambda[r] as number) > 0)) continue;
      const from = p.rowStart[r] as number;
      const to = p.rowStart[r + 1] as number;
      let pull = this.rowRhs[r] as number;
      for (let e = from; e < to; e++) {
        if (!this.live[e]) continue;
        this.gx[e] = (this.gx[e] as number) - this.columnPull(e);
        pull += ((this.x[e] as number) / (this.z[e] as number)) * this.columnPull(e);
      }
      const dpi = this.rowStep(r, pull / (this.rowSum[r] as number));
      this.dpi[r] = dpi;
      for (let e = from; e < to; e++) {
        if (!this.live[e]) continue;
        const x = this.x[e] as number;
        const z = this.z[e] as number;
        const second = correction * (this.dx[e] as number) * (this.dz[e] as number);
        const dx = (x / z) * ((this.gx[e] as number) + dpi);
        this.dx[e] = dx;
        const j = p.edgeSite[e] as number;
        this.siteStep[j] = (this.siteStep[j] as number) + (this.edgeLoad[e] as number) * dx;
        this.dz[e] = (target - second) / x - z - (z / x) * dx;
      }
      const y = this.y[r] as number;
      const zy = this.zy[r] as number;
      const second = correction * (this.dy[r] as number) * (this.dzy[r] as number);
      const dy = (y / zy) * ((this.gy[r] as number) + dpi);
      this.dy[r] = dy;
      this.dzy[r] = (target - second) / y - zy - (zy / y) * dy;
    }
    for (let j = 0; j < J; j++) {
      if (!this.open[j]) continue;
      const slackRatio = (this.kappa[j] as number) / (this.w[j] as number);
      this.dw[j] = (this.dw[j] as number) - (this.siteStep[j] as number);
      this.dkappa[j] = (this.slackTarget[j] as number) + slackRatio * this.modelLoadStep(j);
    }
  }

  /**
   * dπ of a row, refined once: flows near a vertex have x/z of 10⁹ and more, so the row's balance is
   * closed on the rounded terms themselves.
   */
  rowStep(r: number, dpi: number): number {
    const { p } = this;
    const y = this.y[r] as number;
    let open =
      (this.lambda[r] as number) -
      y -
      (y / (this.zy[r] as number)) * ((this.gy[r] as number) + dpi);
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      if (!this.live[e]) continue;
      const x = this.x[e] as number;
      open -= x + (x / (this.z[e] as number)) * ((this.gx[e] as number) + dpi);
    }
    return dpi + open / (this.rowSum[r] as number);
  }

  columnPull(e: number): number {
    return (this.edgeWeight[e] as number) * (this.nu[this.edgeColumn[e] as number] as number);
  }

  stepLength(): number {
    let step = 1;
    const limit = (value: Float64Array, delta: Float64Array) => {
      for (let i = 0; i < value.length; i++) {
        const d = delta[i] as number;
        if (d < 0 && (value[i] as number) > 0) step = Math.min(step, -(value[i] as number) / d);
      }
    };
    limit(this.x, this.dx);
    limit(this.z, this.dz);
    limit(this.y, this.dy);
    limit(this.zy, this.dzy);
    limit(this.w, this.dw);
    limit(this.kappa, this.dkappa);
    return step;
  }

  complementarityAfter(step: number): number {
    let sum = 0;
    const add = (a: Float64Array, da: Float64Array, b: Float64Array, db: Float64Array) => {
      for (let i = 0; i < a.length; i++) {
        sum +=
          ((a[i] as number) + step * (da[i] as number)) *
          ((b[i] as number) + step * (db[i] as number));
      }
    };
    add(this.x, this.dx, this.z, this.dz);
    add(this.y, this.dy, this.zy, this.dzy);
    add(this.w, this.dw, this.kappa, this.dkappa);
    return sum;
  }

  /**
   * Moves, by less than `step` where that lands on a far steeper part of a learned curve: Newton's
   * linearisation is worth nothing across a barrier, and full steps then jump to and fro over it.
   */
  advance(step: number, allowed: number): void {
    this.move(step);
    this.refresh();
    let length = step;
    for (let n = 0; n < MAX_HALVINGS; n++) {
      if (this.classic || this.complementarity() + this.dualResidual() <= allowed) return;
      this.move(-0.5 * length);
      length *= 0.5;
      this.refresh();
    }
  }

  move(step: number): void {
    const advance = (value: Float64Array, delta: Float64Array) => {
      for (let i = 0; i < value.length; i++)
        value[i] = (value[i] as number) + step * (delta[i] as number);
    };
    advance(this.x, this.dx);
    advance(this.z, this.dz);
    advance(this.y, this.dy);
    advance(this.zy, this.dzy);
    advance(this.pi, this.dpi);
    advance(this.w, this.dw);
    advance(this.kappa, this.dkappa);
  }

  /** The present point, exact on the demand rows and within every site's capacity. */
  solution(iterations: number, gap: number): MasterSolution {
    const { p, K, J } = this;
    const flow = this.x.slice();
    const unserved = this.y.slice();
    const room = Float64Array.from(this.limit, (l, j) => l - (this.load[j] as number));
    for (let r = 0; r < this.rows; r++) {
      const demand = this.lambda[r] as number;
      if (!(demand > 0)) continue;
      this.placeTrace(r, flow, unserved, room);
      let sum = 0;
      const from = p.rowStart[r] as number;
      const to = p.rowStart[r + 1] as number;
      for (let e = from; e < to; e++) sum += flow[e] as number;
      const factor = (demand - (unserved[r] as number)) / Math.max(sum, 1e-300);
      for (let e = from; e < to; e++) flow[e] = (flow[e] as number) * factor;
    }
    this.shedOverload(flow, unserved);
    const totals = new Float64Array(J * K);
    for (let e = 0; e < this.E; e++) {
      const at = this.edgeTotal[e] as number;
      totals[at] = (totals[at] as number) + (flow[e] as number);
    }
    const prices = new Float64Array(J * K);
    for (let j = 0; j < J; j++) {
      const s = (p.sites[j] as { loadPerReqPerS: Float64Array }).loadPerReqPerS;
      for (let k = 0; k < K; k++) {
        prices[j * K + k] =
          (this.gradient[j * K + k] as number) + (s[k] as number) * (this.kappa[j] as number);
      }
    }
    return { flow, unserved, totals, prices, iterations, gap };
  }

  /**
   * An interior point leaves a trace of every row unserved: it goes to the edge whose site has most
   * room. Spread over all edges it would push full sites over their limit, and an honest site would
   * then be refused, its minimum within the limit being above its cost beyond it.
   */
  placeTrace(r: number, flow: Float64Array, unserved: Float64Array, room: Float64Array): void {
    const trace = unserved[r] as number;
    if (trace >= 1e-6 * (this.lambda[r] as number)) return;
    let widest = -1;
    for (let e = this.p.rowStart[r] as number; e < (this.p.rowStart[r + 1] as number); e++) {
      if (!this.live[e]) continue;
      const free = room[this.p.edgeSite[e] as number] as number;
      if (widest < 0 || free > (room[this.p.edgeSite[widest] as number] as number)) widest = e;
    }
    if (widest < 0) return;
    const j = this.p.edgeSite[widest] as number;
    const load = this.edgeLoad[widest] as number;
    const placed = Math.min(trace, Math.max(0, (room[j] as number) / load));
    flow[widest] = (flow[widest] as number) + placed;
    unserved[r] = trace - placed;
    room[j] = (room[j] as number) - placed * load;
  }

  /** Flows of a site beyond its limit (rounding, or an iteration cut short) go unserved. */
  shedOverload(flow: Float64Array, unserved: Float64Array): void {
    const load = new Float64Array(this.J);
    for (let e = 0; e < this.E; e++) {
      const j = this.p.edgeSite[e] as number;
      load[j] = (load[j] as number) + (flow[e] as number) * (this.edgeLoad[e] as number);
    }
    for (let e = 0; e < this.E; e++) {
      const j = this.p.edgeSite[e] as number;
      const limit = this.limit[j] as number;
      // Less than this is the rounding of the sums themselves.
      if (!((load[j] as number) > limit * (1 + 1e-13))) continue;
      const kept = (flow[e] as number) * (limit / (load[j] as number));
      const r = this.edgeRow[e] as number;
      unserved[r] = (unserved[r] as number) + (flow[e] as number) - kept;
      flow[e] = kept;
    }
  }
}
