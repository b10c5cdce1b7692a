import type { Border } from './border.ts';
import type { HorizonPoint } from './point.ts';

/**
 * The cuts' part of the border. With V = diag(x/z), rows eliminated and W = C (V − V Aᵀ R⁻¹ A V) Cᵀ
 * over totals, which joins only totals of one slot and class, a cut with marginals β has the column
 * S C⁻¹ W β beside the slots' system (S: totals to columns), and two cuts meet in β W β'.
 */
export class CutCurvature {
  readonly #point: HorizonPoint;
  /** Sites with cuts, and by site of the fleet its place among them or −1. */
  readonly #sites: number[];
  readonly #place: Int32Array;
  /** By slot and class: W between every site and those with cuts, index j·C + c. */
  readonly #w: Float64Array[];

  constructor(point: HorizonPoint) {
    const { slotCount, classCount, fleetSize } = point.program;
    this.#point = point;
    this.#sites = [...new Set(point.cutSite)];
    this.#place = new Int32Array(fleetSize).fill(-1);
    this.#sites.forEach((j, c) => {
      this.#place[j] = c;
    });
    const size = fleetSize * this.#sites.length;
    this.#w = Array.from({ length: slotCount * classCount }, () => new Float64Array(size));
  }

  fill(v: Float64Array, rowSum: Float64Array, border: Border): void {
    if (this.#sites.length === 0) return;
    this.#fillW(v, rowSum);
    this.#point.cuts.forEach((_, i) => {
      this.#addColumn(i, border.column(i));
      this.#addMeetings(i, border);
    });
    this.#addBatch(v, border);
  }

  #fillW(v: Float64Array, rowSum: Float64Array): void {
    const { program } = this.#point;
    const { fleetSize: J, classCount: K, rowStart, site, total, ownRows } = program;
    const C = this.#sites.length;
    for (const w of this.#w) w.fill(0);
    for (let r = 0; r < program.rows; r++) {
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const j = site[e]! % J;
        const c = this.#place[j]!;
        if (c < 0) continue;
        const t = (site[e]! - j) / J;
        const w = this.#w[t * K + (total[e]! % K)]!;
        const ve = v[e]!;
        if (r >= ownRows) {
          w[j * C + c] = w[j * C + c]! + ve;
          continue;
        }
        const scaled = ve / rowSum[r]!;
        let others = rowSum[r]! - ve;
        others = Math.max(others, 0);
        for (let f = rowStart[r]!; f < rowStart[r + 1]!; f++) {
          if (f === e) continue;
          const at = (site[f]! % J) * C + c;
          w[at] = w[at]! - scaled * v[f]!;
        }
        w[j * C + c] = w[j * C + c]! + scaled * others;
      }
    }
  }

  /** Σ_k s_k (W β)_k by column of the slots' system. */
  #addColumn(i: number, column: Float64Array): void {
    const { fleetSize: J, classCount: K, slotCount: T, perReq, siteColumn } = this.#point.program;
    const { marginalAud } = this.#point.cuts[i]!;
    const C = this.#sites.length;
    const c = this.#place[this.#point.cutSite[i]!]!;
    for (let t = 0; t < T; t++) {
      for (let k = 0; k < K; k++) {
        const beta = marginalAud[t * K + k]!;
        if (beta === 0) continue;
        const w = this.#w[t * K + k]!;
        for (let j = 0; j < J; j++) {
          const at = siteColumn[t * J + j]!;
          column[at] = column[at]! + perReq[j * K + k]! * w[j * C + c]! * beta;
        }
      }
    }
  }

  #addMeetings(i: number, border: Border): void {
    const { cuts, cutSite, lambda, sigma } = this.#point;
    const C = this.#sites.length;
    const j = cutSite[i]!;
    for (let l = 0; l <= i; l++) {
      const c = this.#place[cutSite[l]!]!;
      let sum = 0;
      this.#w.forEach((w, at) => {
        sum += cuts[i]!.marginalAud[at]! * w[j * C + c]! * cuts[l]!.marginalAud[at]!;
      });
      border.add(i, l, sum);
    }
    border.add(i, i, sigma[i]! / lambda[i]!);
  }

  /** Where batch demand is served by a site with cuts. */
  #addBatch(v: Float64Array, border: Border): void {
    const { program, cuts, cutSite } = this.#point;
    const { fleetSize: J, classCount: K, rowStart, site, total, ownRows } = program;
    const bySite = this.#sites.map((j) => cuts.flatMap((_, i) => (cutSite[i] === j ? [i] : [])));
    for (let r = ownRows; r < program.rows; r++) {
      const unknown = cuts.length + r - ownRows;
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const j = site[e]! % J;
        const c = this.#place[j]!;
        if (c < 0) continue;
        const at = ((site[e]! - j) / J) * K + (total[e]! % K);
        for (const i of bySite[c]!) border.add(unknown, i, -cuts[i]!.marginalAud[at]! * v[e]!);
      }
    }
  }
}
