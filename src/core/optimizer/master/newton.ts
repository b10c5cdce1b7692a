import { EnvelopeMatrix } from './envelope-cholesky.ts';
import type { Point } from './point.ts';
import { envelope } from './program.ts';
import { SiteCurvature } from './site-curvature.ts';

/**
 * Newton directions of the interior-point method. Rows and edges are eliminated by hand, which
 * leaves C (D⁻¹ − D⁻¹Aᵀ R⁻¹ A D⁻¹) Cᵀ + Q⁻¹ with one unknown per column (ν): D = z/x by edge, A the
 * rows, R = A D⁻¹ Aᵀ + y/z_y, C the columns, Q the models' Hessian with the capacity's.
 */
export class Newton {
  readonly dx: Float64Array;
  readonly dz: Float64Array;
  readonly dy: Float64Array;
  readonly dzy: Float64Array;
  readonly dpi: Float64Array;
  readonly dw: Float64Array;
  readonly dkappa: Float64Array;
  /** Largest relative decrease of any of them: one over the longest step that keeps all positive. */
  fall = 0;
  /** Σ dx dz + Σ dy dz_y + Σ dw dκ, AUD. */
  secondOrder = 0;
  readonly #point: Point;
  readonly #matrix: EnvelopeMatrix;
  readonly #nu: Float64Array;
  /** x/z, 1/x and x/z times the edge's weight by edge; y/z_y, 1/y and R⁻¹ by row. */
  readonly #v: Float64Array;
  readonly #inverseX: Float64Array;
  readonly #weighted: Float64Array;
  readonly #ratioY: Float64Array;
  readonly #inverseY: Float64Array;
  readonly #inverseSum: Float64Array;
  /** Wanted z + dz + (z/x) dx by edge. */
  readonly #aim: Float64Array;
  /** Right-hand sides by edge and row. */
  readonly #g: Float64Array;
  readonly #gy: Float64Array;
  readonly #rowRhs: Float64Array;
  readonly #curvature: SiteCurvature;
  /** Constant part of dκ by site; price plus s times it by total. */
  readonly #slackTarget: Float64Array;
  readonly #totalPull: Float64Array;
  readonly #siteStep: Float64Array;

  constructor(point: Point) {
    const { program } = point;
    const E = program.sourceEdge.length;
    const { rows, siteCount: J, classCount: K, columns } = program;
    this.#point = point;
    this.dx = new Float64Array(E);
    this.dz = new Float64Array(E);
    this.dy = new Float64Array(rows);
    this.dzy = new Float64Array(rows);
    this.dpi = new Float64Array(rows);
    this.dw = new Float64Array(J);
    this.dkappa = new Float64Array(J);
    this.#matrix = new EnvelopeMatrix(envelope(program));
    this.#nu = new Float64Array(columns);
    this.#v = new Float64Array(E);
    this.#inverseX = new Float64Array(E);
    this.#weighted = new Float64Array(E);
    this.#aim = new Float64Array(E);
    this.#ratioY = new Float64Array(rows);
    this.#inverseY = new Float64Array(rows);
    this.#inverseSum = new Float64Array(rows);
    this.#g = new Float64Array(E);
    this.#gy = new Float64Array(rows);
    this.#rowRhs = new Float64Array(rows);
    this.#curvature = new SiteCurvature(point);
    this.#slackTarget = new Float64Array(J);
    this.#totalPull = new Float64Array(J * K);
    this.#siteStep = new Float64Array(J);
  }

  /** Assembles and factorises the reduced matrix at the point, by pairs: no cancellation. */
  factorize(): void {
    const { x, z, y, zy, program } = this.#point;
    const { rowStart, column, weight } = program;
    const { values, base } = this.#matrix;
    const v = this.#v;
    const inverseX = this.#inverseX;
    const weighted = this.#weighted;
    values.fill(0);
    for (let r = 0; r < y.length; r++) {
      const from = rowStart[r]!;
      const to = rowStart[r + 1]!;
      const ratioY = y[r]! / zy[r]!;
      let sum = ratioY;
      for (let e = from; e < to; e++) {
        const ratio = x[e]! / z[e]!;
        inverseX[e] = 1 / x[e]!;
        v[e] = ratio;
        weighted[e] = ratio * weight[e]!;
        sum += ratio;
      }
      const inverseSum = 1 / sum;
      this.#ratioY[r] = ratioY;
      this.#inverseY[r] = 1 / y[r]!;
      this.#inverseSum[r] = inverseSum;
      let before = ratioY;
      for (let e = from; e < to; e++) {
        const scaled = weighted[e]! * inverseSum;
        const at = base[column[e]!]!;
        for (let f = from; f < e; f++) {
          const i = at + column[f]!;
          values[i] = values[i]! - scaled * weighted[f]!;
        }
        const diagonal = at + column[e]!;
        values[diagonal] = values[diagonal]! + scaled * before * weight[e]!;
        before += v[e]!;
      }
      let after = 0;
      for (let e = to - 1; e > from; e--) {
        after += v[e]!;
        const c = column[e - 1]!;
        const diagonal = base[c]! + c;
        values[diagonal] =
          values[diagonal]! + weighted[e - 1]! * inverseSum * after * weight[e - 1]!;
      }
    }
    this.#curvature.addInverse(this.#matrix);
    this.#matrix.factorize();
  }

  /** Direction towards complementarity `target`; `correction` weighs the second order. */
  direction(target: number, correction: number): void {
    const { program, x, y, pi } = this.#point;
    const { rowStart, column, total, costAud, demand, unservedCostAud } = program;
    const { dx, dz, dy, dzy } = this;
    const nu = this.#nu;
    const v = this.#v;
    const weighted = this.#weighted;
    const g = this.#g;
    const aim = this.#aim;
    const inverseX = this.#inverseX;
    const totalPull = this.#totalPull;
    const ratioY = this.#ratioY;
    const inverseY = this.#inverseY;
    const inverseSum = this.#inverseSum;
    const rowRhs = this.#rowRhs;
    const rowGy = this.#gy;
    this.#slackDirection(target, correction);
    nu.fill(0);
    for (let r = 0; r < y.length; r++) {
      const from = rowStart[r]!;
      const to = rowStart[r + 1]!;
      const rowPrice = pi[r]!;
      const secondY = correction * dy[r]! * dzy[r]!;
      const gy = rowPrice - unservedCostAud + (target - secondY) * inverseY[r]!;
      rowGy[r] = gy;
      let rhs = demand[r]! - y[r]! - ratioY[r]! * gy;
      for (let e = from; e < to; e++) {
        const wanted = (target - correction * dx[e]! * dz[e]!) * inverseX[e]!;
        const ge = rowPrice - costAud[e]! - totalPull[total[e]!]! + wanted;
        aim[e] = wanted;
        g[e] = ge;
        rhs -= x[e]! + v[e]! * ge;
      }
      rowRhs[r] = rhs;
      const shift = rhs * inverseSum[r]!;
      for (let e = from; e < to; e++) {
        const c = column[e]!;
        nu[c] = nu[c]! + weighted[e]! * (g[e]! + shift);
      }
    }
    this.#matrix.solve(nu);
    this.#recover(target, correction);
  }

  /** Moves the point's variables along the direction. */
  move(step: number): void {
    const { x, z, y, zy, pi, w, kappa } = this.#point;
    add(x, this.dx, step);
    add(z, this.dz, step);
    add(y, this.dy, step);
    add(zy, this.dzy, step);
    add(pi, this.dpi, step);
    add(w, this.dw, step);
    add(kappa, this.dkappa, step);
  }

  /** Constant parts of dw and dκ: dκ = (target − second)/w − κ − (κ/w)(slack residual − S dx). */
  #slackDirection(target: number, correction: number): void {
    const { program, w, kappa, load, price } = this.#point;
    const { siteCount: J, classCount: K, limit, perReq } = program;
    for (let j = 0; j < J; j++) {
      let constant = 0;
      if (this.#point.isOpen(j)) {
        const second = correction * this.dw[j]! * this.dkappa[j]!;
        const residual = limit[j]! - load[j]! - w[j]!;
        constant = (target - second) / w[j]! - kappa[j]! - (kappa[j]! / w[j]!) * residual;
        this.dw[j] = residual;
      }
      this.#slackTarget[j] = constant;
      for (let k = 0; k < K; k++) {
        const n = j * K + k;
        this.#totalPull[n] = price[n]! + perReq[n]! * constant;
      }
    }
  }

  /**
   * The eliminated unknowns, from ν. A row's dπ is refined once: flows near a vertex have x/z of 10⁹
   * and more, so the row's balance is closed on the rounded terms themselves.
   */
  #recover(target: number, correction: number): void {
    const { program, x, z, y, zy } = this.#point;
    const { rowStart, column, weight, load, site, demand } = program;
    const { dx, dz, dy, dzy } = this;
    const nu = this.#nu;
    const v = this.#v;
    const g = this.#g;
    const aim = this.#aim;
    const inverseX = this.#inverseX;
    const siteStep = this.#siteStep;
    const rowRhs = this.#rowRhs;
    const rowGy = this.#gy;
    const ratiosY = this.#ratioY;
    const inversesY = this.#inverseY;
    const inverseSums = this.#inverseSum;
    const dpis = this.dpi;
    let fall = 0;
    let secondOrder = 0;
    siteStep.fill(0);
    for (let r = 0; r < y.length; r++) {
      const from = rowStart[r]!;
      const to = rowStart[r + 1]!;
      const inverseSum = inverseSums[r]!;
      const inverseY = inversesY[r]!;
      const gy = rowGy[r]!;
      const ratioY = ratiosY[r]!;
      let pull = rowRhs[r]!;
      for (let e = from; e < to; e++) {
        const columnPull = weight[e]! * nu[column[e]!]!;
        g[e] = g[e]! - columnPull;
        pull += v[e]! * columnPull;
      }
      let dpi = pull * inverseSum;
      let open = demand[r]! - y[r]! - ratioY * (gy + dpi);
      for (let e = from; e < to; e++) open -= x[e]! + v[e]! * (g[e]! + dpi);
      dpi += open * inverseSum;
      dpis[r] = dpi;
      for (let e = from; e < to; e++) {
        const step = v[e]! * (g[e]! + dpi);
        const fallX = -step * inverseX[e]!;
        const multiplierStep = aim[e]! - z[e]! * (1 - fallX);
        // 1/z = (x/z)/x.
        const fallZ = -multiplierStep * v[e]! * inverseX[e]!;
        dx[e] = step;
        dz[e] = multiplierStep;
        const j = site[e]!;
        siteStep[j] = siteStep[j]! + load[e]! * step;
        secondOrder += step * multiplierStep;
        if (fallX > fall) fall = fallX;
        if (fallZ > fall) fall = fallZ;
      }
      const second = correction * dy[r]! * dzy[r]!;
      const step = ratioY * (gy + dpi);
      const multiplierStep = (target - second) * inverseY - zy[r]! - (gy + dpi);
      const fallY = -step * inverseY;
      const fallZy = -multiplierStep * ratioY * inverseY;
      dy[r] = step;
      dzy[r] = multiplierStep;
      secondOrder += step * multiplierStep;
      if (fallY > fall) fall = fallY;
      if (fallZy > fall) fall = fallZy;
    }
    for (let j = 0; j < program.siteCount; j++) {
      if (!this.#point.isOpen(j)) continue;
      const ratio = this.#point.kappa[j]! / this.#point.w[j]!;
      this.dw[j] = this.dw[j]! - siteStep[j]!;
      this.dkappa[j] = this.#slackTarget[j]! + ratio * this.#curvature.loadStep(j, nu);
      secondOrder += this.dw[j]! * this.dkappa[j]!;
      fall = Math.max(fall, -this.dw[j]! / this.#point.w[j]!);
      fall = Math.max(fall, -this.dkappa[j]! / this.#point.kappa[j]!);
    }
    this.fall = fall;
    this.secondOrder = secondOrder;
  }
}

/** value ← value + step · delta. */
export function add(value: Float64Array, delta: Float64Array, step: number): void {
  for (let i = 0; i < value.length; i++) value[i] = value[i]! + step * delta[i]!;
}
