import { EnvelopeMatrix } from '../master/envelope-cholesky.ts';
import type { Directions } from '../master/interior-point.ts';
import { add } from '../master/newton.ts';
import { envelope } from '../master/program.ts';
import { SiteCurvature } from '../master/site-curvature.ts';
import { Border } from './border.ts';
import type { HorizonPoint } from './point.ts';

/**
 * Newton directions of a horizon's program: as in master/newton.ts edges and own rows are eliminated
 * by hand, which leaves the slots' systems side by side; what joins them is in {@link Border}.
 */
export class HorizonNewton implements Directions {
  fall = 0;
  secondOrder = 0;
  readonly #point: HorizonPoint;
  readonly #slots: EnvelopeMatrix;
  readonly #border: Border;
  readonly #dx: Float64Array;
  readonly #dz: Float64Array;
  readonly #dy: Float64Array;
  readonly #dzy: Float64Array;
  readonly #dpi: Float64Array;
  readonly #dw: Float64Array;
  readonly #dkappa: Float64Array;
  readonly #dlambda: Float64Array;
  readonly #dsigma: Float64Array;
  readonly #dtheta: Float64Array;
  readonly #nu: Float64Array;
  readonly #omega: Float64Array;
  /** x/z by edge, R by row. */
  readonly #v: Float64Array;
  readonly #rowSum: Float64Array;
  readonly #curvature: SiteCurvature;
  /** Right-hand sides: by edge, g and the wanted z + dz + (z/x) dx; by row, g_y and what is open. */
  readonly #g: Float64Array;
  readonly #aim: Float64Array;
  readonly #gy: Float64Array;
  readonly #rowRhs: Float64Array;
  readonly #slackTarget: Float64Array;
  /** By total: what cuts and capacities add to its price, and Σ of the edges' steps so far. */
  readonly #pull: Float64Array;
  readonly #totalStep: Float64Array;
  /** How cuts bend in a site's totals, see site-curvature.ts; what their pieces add to their rows. */
  readonly #bend: Float64Array;
  readonly #give: Float64Array;
  readonly #cutAim: Float64Array;
  /** By site with cuts: steps of r and ζ, 1 − Σ (ρ + …) peakShare and the wanted ζ + dζ + (ζ/r) dr. */
  readonly #dpeak: Float64Array;
  readonly #dpeakRent: Float64Array;
  readonly #peakPull: Float64Array;
  readonly #peakAim: Float64Array;

  constructor(point: HorizonPoint) {
    const { program } = point;
    const E = program.sourceEdge.length;
    const { rows, siteCount: S, columns } = program;
    const zeros = (n: number) => new Float64Array(n);
    this.#point = point;
    this.#slots = new EnvelopeMatrix(envelope({ ...program, rows: program.ownRows }));
    this.#border = new Border(point);
    this.#dx = zeros(E);
    this.#dz = zeros(E);
    this.#dy = zeros(rows);
    this.#dzy = zeros(rows);
    this.#dpi = zeros(rows);
    this.#dw = zeros(S);
    this.#dkappa = zeros(S);
    this.#dlambda = zeros(point.cuts.length);
    this.#dsigma = zeros(point.cuts.length);
    this.#dtheta = zeros(point.groups);
    this.#nu = zeros(columns);
    this.#omega = zeros(this.#border.size);
    this.#v = zeros(E);
    this.#rowSum = zeros(rows);
    this.#curvature = new SiteCurvature(point);
    this.#g = zeros(E);
    this.#aim = zeros(E);
    this.#gy = zeros(rows);
    this.#rowRhs = zeros(rows);
    this.#slackTarget = zeros(S);
    this.#pull = zeros(point.total.length);
    this.#totalStep = zeros(point.total.length);
    this.#dpeak = zeros(point.groups);
    this.#dpeakRent = zeros(point.groups);
    this.#peakPull = zeros(point.groups);
    this.#peakAim = zeros(point.groups);
    this.#bend = zeros(S * point.pieces.width ** 2);
    this.#give = zeros(point.cuts.length);
    this.#cutAim = zeros(point.cuts.length);
  }

  move(step: number): void {
    const { x, z, y, zy, pi, w, kappa, lambda, sigma, theta, peak, peakRent, pieces } = this.#point;
    add(x, this.#dx, step);
    add(z, this.#dz, step);
    add(y, this.#dy, step);
    add(zy, this.#dzy, step);
    add(pi, this.#dpi, step);
    add(w, this.#dw, step);
    add(kappa, this.#dkappa, step);
    add(lambda, this.#dlambda, step);
    add(sigma, this.#dsigma, step);
    add(theta, this.#dtheta, step);
    add(peak, this.#dpeak, step);
    add(peakRent, this.#dpeakRent, step);
    pieces.move(step);
  }

  factorize(): void {
    const { x, z, y, zy, program } = this.#point;
    this.#slots.values.fill(0);
    this.#border.clear();
    for (let r = 0; r < program.rows; r++) {
      let sum = y[r]! / zy[r]!;
      for (let e = program.rowStart[r]!; e < program.rowStart[r + 1]!; e++) {
        this.#v[e] = x[e]! / z[e]!;
        sum += this.#v[e]!;
      }
      this.#rowSum[r] = sum;
      if (r < program.ownRows) this.#addOwnRow(r, y[r]! / zy[r]!);
      else this.#addBatchRow(r);
    }
    this.#factorizeCuts();
    this.#curvature.addInverse(this.#slots, this.#bend);
    this.#slots.factorize();
    this.#border.factorize(this.#v, this.#rowSum, this.#slots, this.#give);
  }

  #factorizeCuts(): void {
    const { cuts, pieces, program } = this.#point;
    const { slotCount: T, classCount: K } = program;
    const W = pieces.width;
    this.#bend.fill(0);
    for (let i = 0; i < cuts.length; i++) {
      let give = 0;
      for (let t = 0; t < T; t++) {
        const from = (this.#point.totalOf(i, t) / K) * W * W;
        give += pieces.factorize(i * T + t, this.#bend.subarray(from, from + W * W));
      }
      this.#give[i] = give;
    }
  }

  /** Summed by pairs of edges, which avoids cancellation: see master/newton.ts. */
  #addOwnRow(r: number, inverseY: number): void {
    const { rowStart, column, weight } = this.#point.program;
    const { values, base } = this.#slots;
    const v = this.#v;
    const sum = this.#rowSum[r]!;
    const from = rowStart[r]!;
    const to = rowStart[r + 1]!;
    let before = inverseY;
    for (let e = from; e < to; e++) {
      const scaled = (v[e]! * weight[e]!) / sum;
      const at = base[column[e]!]!;
      for (let f = from; f < e; f++) {
        const i = at + column[f]!;
        values[i] = values[i]! - scaled * v[f]! * weight[f]!;
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
        values[diagonal]! + ((v[e - 1]! * weight[e - 1]!) / sum) * after * weight[e - 1]!;
    }
  }

  /** Its π stays an unknown, so its edges meet nobody else's. */
  #addBatchRow(r: number): void {
    const { rowStart, column, weight } = this.#point.program;
    const { values, base } = this.#slots;
    const border = this.#border.batchColumn(r);
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
      const c = column[e]!;
      const scaled = this.#v[e]! * weight[e]!;
      values[base[c]! + c] = values[base[c]! + c]! + scaled * weight[e]!;
      border[c] = border[c]! - scaled;
    }
  }

  direction(target: number, correction: number): void {
    this.#slackDirection(target, correction);
    const { program, x, y, zy, pi, lambda, sigma, theta, peak } = this.#point;
    const { rowStart, column, weight, total, costAud, demand, ownRows } = program;
    const nu = this.#nu;
    const omega = this.#omega;
    const cuts = lambda.length;
    nu.fill(0);
    this.#totalStep.fill(0);
    for (let r = 0; r < program.rows; r++) {
      const second = correction * this.#dy[r]! * this.#dzy[r]!;
      const gy = pi[r]! - program.unservedCostAud + (target - second) / y[r]!;
      let rhs = demand[r]! - y[r]! - (y[r]! / zy[r]!) * gy;
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const wanted = (target - correction * this.#dx[e]! * this.#dz[e]!) / x[e]!;
        this.#aim[e] = wanted;
        this.#g[e] = pi[r]! - costAud[e]! - this.#pull[total[e]!]! + wanted;
        rhs -= x[e]! + this.#v[e]! * this.#g[e]!;
      }
      this.#gy[r] = gy;
      this.#rowRhs[r] = rhs;
      const own = r < ownRows;
      const shift = own ? rhs / this.#rowSum[r]! : 0;
      if (!own) omega[cuts + r - ownRows] = rhs;
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const step = this.#v[e]! * (this.#g[e]! + shift);
        const c = column[e]!;
        nu[c] = nu[c]! + weight[e]! * step;
        const n = total[e]!;
        this.#totalStep[n] = this.#totalStep[n]! + step;
      }
    }
    for (let i = 0; i < cuts; i++) {
      const wanted = (target - correction * this.#dlambda[i]! * this.#dsigma[i]!) / lambda[i]!;
      const open = theta[this.#point.cutGroup[i]!]! - this.#point.cutValue[i]! - sigma[i]!;
      omega[i] = this.#along(i, this.#totalStep) + wanted - open - sigma[i]! + this.#cutAim[i]!;
    }
    this.#dtheta.fill(1);
    this.#point.cutGroup.forEach((g, i) => {
      this.#dtheta[g] = this.#dtheta[g]! - lambda[i]!;
    });
    this.#slots.solve(nu);
    peak.forEach((_, g) => {
      this.#dpeak[g] = this.#peakAim[g]! - this.#peakPull[g]!;
    });
    this.#border.solve(nu, omega, this.#dtheta, this.#dpeak);
    this.#recover(target, correction);
  }

  /** β_i · (a vector by total). */
  #along(i: number, byTotal: Float64Array): number {
    const { program, pieces } = this.#point;
    const { slotCount: T, classCount: K } = program;
    let sum = 0;
    for (let t = 0; t < T; t++) {
      const n = this.#point.totalOf(i, t);
      const mean = pieces.meanOf(i * T + t);
      for (let k = 0; k < K; k++) sum += mean[k]! * byTotal[n + k]!;
    }
    return sum;
  }

  /** Constant parts of dw and dκ, and what they make of the totals' prices. */
  #slackDirection(target: number, correction: number): void {
    const { program, w, kappa, load, price } = this.#point;
    const { siteCount, classCount: K, limit, perReq } = program;
    for (let s = 0; s < siteCount; s++) {
      let constant = 0;
      if (this.#point.isOpen(s)) {
        const second = correction * this.#dw[s]! * this.#dkappa[s]!;
        const residual = limit[s]! - load[s]! - w[s]!;
        constant = (target - second) / w[s]! - kappa[s]! - (kappa[s]! / w[s]!) * residual;
        this.#dw[s] = residual;
      }
      this.#slackTarget[s] = constant;
      for (let k = 0; k < K; k++) {
        const n = s * K + k;
        this.#pull[n] = price[n]! + perReq[n]! * constant;
      }
    }
    this.#cutDirection(target, correction);
  }

  /** Constant parts of the steps of the cuts' pieces, in the totals' prices and the cuts' rows. */
  #cutDirection(target: number, correction: number): void {
    const { cuts, pieces, lambda, total, program, peak, peakPrice } = this.#point;
    const T = program.slotCount;
    const pull = new Float64Array(pieces.width);
    this.#peakPull.set(peakPrice);
    for (let i = 0; i < cuts.length; i++) {
      let aim = 0;
      for (let t = 0; t < T; t++) {
        const x = this.#point.gather(i, t, total, peak);
        pull.fill(0);
        aim += pieces.aim(i * T + t, lambda[i]!, { target, correction }, x, pull);
        this.#point.scatter(i, t, pull, this.#pull, this.#peakPull);
      }
      this.#cutAim[i] = aim;
    }
    peak.forEach((r, g) => {
      const second = correction * this.#dpeak[g]! * this.#dpeakRent[g]!;
      this.#peakAim[g] = (target - second) / r;
    });
  }

  /** The eliminated unknowns, from ν and ω; a row's dπ is refined once, see master/newton.ts. */
  #recover(target: number, correction: number): void {
    const { program, x, z, y, zy, lambda, sigma } = this.#point;
    const { rowStart, column, weight, load, site, demand, total, ownRows } = program;
    const cuts = lambda.length;
    const v = this.#v;
    const g = this.#g;
    const siteStep = new Float64Array(program.siteCount);
    const cutPull = new Float64Array(this.#point.total.length);
    const { slotCount: T, classCount: K } = program;
    for (let i = 0; i < cuts; i++) {
      const step = this.#omega[i]!;
      for (let t = 0; t < T; t++) {
        const n = this.#point.totalOf(i, t);
        const mean = this.#point.pieces.meanOf(i * T + t);
        for (let k = 0; k < K; k++) cutPull[n + k] = cutPull[n + k]! + step * mean[k]!;
      }
    }
    this.fall = 0;
    this.secondOrder = 0;
    this.#totalStep.fill(0);
    for (let r = 0; r < program.rows; r++) {
      const from = rowStart[r]!;
      const to = rowStart[r + 1]!;
      const gy = this.#gy[r]!;
      const ratioY = y[r]! / zy[r]!;
      let pull = this.#rowRhs[r]!;
      for (let e = from; e < to; e++) {
        const columnPull = weight[e]! * this.#nu[column[e]!]! + cutPull[total[e]!]!;
        g[e] = g[e]! - columnPull;
        pull += v[e]! * columnPull;
      }
      let dpi = r < ownRows ? pull / this.#rowSum[r]! : this.#omega[cuts + r - ownRows]!;
      let open = demand[r]! - y[r]! - ratioY * (gy + dpi);
      for (let e = from; e < to; e++) open -= x[e]! + v[e]! * (g[e]! + dpi);
      dpi += open / this.#rowSum[r]!;
      this.#dpi[r] = dpi;
      for (let e = from; e < to; e++) {
        const step = v[e]! * (g[e]! + dpi);
        const multiplierStep = this.#aim[e]! - z[e]! - step / v[e]!;
        this.#dx[e] = step;
        this.#dz[e] = multiplierStep;
        siteStep[site[e]!] = siteStep[site[e]!]! + load[e]! * step;
        this.#totalStep[total[e]!] = this.#totalStep[total[e]!]! + step;
        this.#count(x[e]!, step, z[e]!, multiplierStep);
      }
      const second = correction * this.#dy[r]! * this.#dzy[r]!;
      const step = ratioY * (gy + dpi);
      const multiplierStep = (target - second) / y[r]! - zy[r]! - step / ratioY;
      this.#dy[r] = step;
      this.#dzy[r] = multiplierStep;
      this.#count(y[r]!, step, zy[r]!, multiplierStep);
    }
    const { w, kappa, theta, cutGroup, cutValue, pieces, peak, peakRent } = this.#point;
    const here = new Float64Array(pieces.width);
    for (let s = 0; s < program.siteCount; s++) {
      if (!this.#point.isOpen(s)) continue;
      this.#dw[s] = this.#dw[s]! - siteStep[s]!;
      this.#dkappa[s] =
        this.#slackTarget[s]! + (kappa[s]! / w[s]!) * this.#curvature.loadStep(s, this.#nu);
      this.#count(w[s]!, this.#dw[s]!, kappa[s]!, this.#dkappa[s]!);
    }
    for (let i = 0; i < cuts; i++) {
      const open = theta[cutGroup[i]!]! - cutValue[i]! - sigma[i]!;
      this.#dlambda[i] = this.#omega[i]!;
      let step = 0;
      for (let t = 0; t < T; t++) {
        here.set(this.#point.gather(i, t, this.#point.total, this.#point.peak));
        const dx = this.#point.gather(i, t, this.#totalStep, this.#dpeak);
        const at = i * T + t;
        const stable = pieces.isPlane(at)
          ? dx
          : this.#curvature.steps(this.#point.totalOf(i, t) / K, this.#nu);
        step += pieces.step(at, this.#omega[i]!, here, dx, stable, this.#counted);
      }
      this.#dsigma[i] = this.#dtheta[cutGroup[i]!]! - step + open;
      this.#count(lambda[i]!, this.#dlambda[i]!, sigma[i]!, this.#dsigma[i]!);
    }
    peak.forEach((r, g) => {
      this.#dpeakRent[g] = this.#peakAim[g]! - peakRent[g]! - (peakRent[g]! / r) * this.#dpeak[g]!;
      this.#count(r, this.#dpeak[g]!, peakRent[g]!, this.#dpeakRent[g]!);
    });
  }

  readonly #counted = (value: number, step: number, multiplier: number, other: number) =>
    this.#count(value, step, multiplier, other);

  /** A pair's part in the longest step and in the second order. */
  #count(value: number, step: number, multiplier: number, multiplierStep: number): void {
    this.fall = Math.max(this.fall, -step / value, -multiplierStep / multiplier);
    this.secondOrder += step * multiplierStep;
  }
}
