import type { EnvelopeMatrix } from '../master/envelope-cholesky.ts';
import type { HorizonPoint } from './point.ts';

/**
 * The cuts' part of the border. With V = diag(x/z), rows eliminated and W = C (V − V Aᵀ R⁻¹ A V) Cᵀ
 * over totals, which joins only totals of one slot and class, a cut with marginals β (of its pieces, the
 * mean β̄ at the point, see {@link CutPieces}) has beside the
 * slots' system T the column Σ_tk β_tk u_tk, u_tk being S C⁻¹ W's column of its site's total (S: totals
 * to columns). So everything follows from the u of every site and class, however many cuts there are:
 * two cuts meet in β (W − Uᵀ T⁻¹ U) β', slot by slot.
 */
export class CutColumns {
  readonly #point: HorizonPoint;
  /** Sites with cuts, and by site of the fleet its place among them or −1. */
  readonly #sites: number[];
  readonly #place: Int32Array;
  /** u and T⁻¹ u by site with cuts and class, c·K + k; the slots stand one after the other. */
  readonly #u: Float64Array[];
  readonly #solved: Float64Array[];
  /** β̄ by cut at the point, index t·K + k. */
  #betas: Float64Array[] = [];
  /** By slot: W − Uᵀ T⁻¹ U, index a·(C·K) + b. */
  readonly #meet: Float64Array[];

  constructor(point: HorizonPoint) {
    const { slotCount, classCount: K, fleetSize, columns } = point.program;
    this.#point = point;
    this.#sites = [...new Set(point.cutSite)];
    this.#place = new Int32Array(fleetSize).fill(-1);
    this.#sites.forEach((j, c) => {
      this.#place[j] = c;
    });
    const size = this.#sites.length * K;
    const vectors = () => Array.from({ length: size }, () => new Float64Array(columns));
    this.#u = vectors();
    this.#solved = vectors();
    this.#meet = Array.from({ length: slotCount }, () => new Float64Array(size * size));
  }

  /** @param slots T, factorised */
  fill(v: Float64Array, rowSum: Float64Array, slots: EnvelopeMatrix): void {
    this.#betas = this.#point.cuts.map((_, i) => this.#marginals(i));
    if (this.#sites.length === 0) return;
    for (const u of this.#u) u.fill(0);
    for (const meet of this.#meet) meet.fill(0);
    this.#addEdges(v, rowSum);
    this.#u.forEach((u, a) => {
      (this.#solved[a] as Float64Array).set(u);
      slots.solve(this.#solved[a] as Float64Array);
    });
    this.#subtractSolved();
  }

  /** W into `meet`, and S C⁻¹ W into u. */
  #addEdges(v: Float64Array, rowSum: Float64Array): void {
    const { program } = this.#point;
    const { fleetSize: J, classCount: K, rowStart, site, column, weight, total, ownRows } = program;
    const size = this.#u.length;
    for (let r = 0; r < program.rows; r++) {
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const j = site[e]! % J;
        const c = this.#place[j]!;
        if (c < 0) continue;
        const a = c * K + (total[e]! % K);
        const u = this.#u[a]!;
        const meet = this.#meet[(site[e]! - j) / J]!;
        const ve = v[e]!;
        const own = r < ownRows;
        const scaled = ve / rowSum[r]!;
        const diagonal = own ? scaled * Math.max(rowSum[r]! - ve, 0) : ve;
        u[column[e]!] = u[column[e]!]! + weight[e]! * diagonal;
        meet[a * size + a] = meet[a * size + a]! + diagonal;
        for (let f = own ? rowStart[r]! : rowStart[r + 1]!; f < rowStart[r + 1]!; f++) {
          if (f === e) continue;
          const off = -scaled * v[f]!;
          u[column[f]!] = u[column[f]!]! + weight[f]! * off;
          const d = this.#place[site[f]! % J]!;
          if (d < 0) continue;
          const b = d * K + (total[f]! % K);
          meet[a * size + b] = meet[a * size + b]! + off;
        }
      }
    }
  }

  #subtractSolved(): void {
    const size = this.#u.length;
    const width = this.#slotWidth();
    this.#meet.forEach((meet, t) => {
      for (let a = 0; a < size; a++) {
        const u = this.#u[a]!;
        for (let b = 0; b <= a; b++) {
          const solved = this.#solved[b]!;
          let sum = 0;
          for (let i = t * width; i < (t + 1) * width; i++) sum += u[i]! * solved[i]!;
          const value = meet[a * size + b]! - sum;
          meet[a * size + b] = value;
          meet[b * size + a] = value;
        }
      }
    });
  }

  #slotWidth(): number {
    const { columns, slotCount } = this.#point.program;
    return columns / slotCount;
  }

  /** Adds the Schur complement of all cuts at (i, l), l ≤ i, without their own σ/λ. */
  addMeetings(add: (i: number, l: number, value: number) => void): void {
    const { program, cuts, cutSite } = this.#point;
    const { classCount: K, slotCount: T } = program;
    const size = this.#u.length;
    const pulls = new Float64Array(T * size);
    for (let i = 0; i < cuts.length; i++) {
      const beta = this.#betas[i]!;
      const a = this.#place[cutSite[i]!]! * K;
      pulls.fill(0);
      for (let t = 0; t < T; t++) {
        const meet = this.#meet[t]!;
        for (let k = 0; k < K; k++) {
          const row = (a + k) * size;
          const weight = beta[t * K + k]!;
          if (weight === 0) continue;
          for (let b = 0; b < size; b++) {
            pulls[t * size + b] = pulls[t * size + b]! + weight * meet[row + b]!;
          }
        }
      }
      for (let l = 0; l <= i; l++) {
        const other = this.#betas[l]!;
        const b = this.#place[cutSite[l]!]! * K;
        let sum = 0;
        for (let t = 0; t < T; t++) {
          for (let k = 0; k < K; k++) sum += other[t * K + k]! * pulls[t * size + b + k]!;
        }
        add(i, l, sum);
      }
    }
  }

  /** β̄ of a cut in its site's totals, index t·K + k. */
  #marginals(i: number): Float64Array {
    const { classCount: K, slotCount: T } = this.#point.program;
    const beta = new Float64Array(T * K);
    for (let t = 0; t < T; t++) {
      beta.set(this.#point.pieces.meanOf(i * T + t).subarray(0, K), t * K);
    }
    return beta;
  }

  /** uᵀ times a vector by column, index t·(C·K) + a. */
  project(vector: Float64Array): Float64Array {
    const size = this.#u.length;
    const width = this.#slotWidth();
    const out = new Float64Array(this.#meet.length * size);
    for (let a = 0; a < size; a++) {
      const u = this.#u[a]!;
      for (let i = 0; i < vector.length; i++) {
        const at = Math.floor(i / width) * size + a;
        out[at] = out[at]! + u[i]! * vector[i]!;
      }
    }
    return out;
  }

  /** β_i times a projection. */
  along(i: number, projected: Float64Array): number {
    const { classCount: K, slotCount: T } = this.#point.program;
    const size = this.#u.length;
    const a = this.#place[this.#point.cutSite[i]!]! * K;
    const beta = this.#betas[i]!;
    let sum = 0;
    for (let t = 0; t < T; t++) {
      for (let k = 0; k < K; k++) sum += beta[t * K + k]! * projected[t * size + a + k]!;
    }
    return sum;
  }

  /** vector ← vector − T⁻¹ Σ_i ω_i (column of cut i). */
  subtract(vector: Float64Array, omega: Float64Array): void {
    const K = this.#point.program.classCount;
    const size = this.#u.length;
    const width = this.#slotWidth();
    const weights = new Float64Array(this.#meet.length * size);
    const T = this.#point.program.slotCount;
    this.#betas.forEach((beta, i) => {
      const a = this.#place[this.#point.cutSite[i]!]! * K;
      for (let t = 0; t < T; t++) {
        for (let k = 0; k < K; k++) {
          const w = t * size + a + k;
          weights[w] = weights[w]! + omega[i]! * beta[t * K + k]!;
        }
      }
    });
    for (let a = 0; a < size; a++) {
      const solved = this.#solved[a]!;
      for (let i = 0; i < vector.length; i++) {
        vector[i] = vector[i]! - solved[i]! * weights[Math.floor(i / width) * size + a]!;
      }
    }
  }

  /** Adds to the border where batch demand is served by sites with cuts. */
  batchMeetings(
    v: Float64Array,
    batchColumn: (unknown: number) => Float64Array,
    add: (unknown: number, cut: number, value: number) => void,
  ): void {
    if (this.#sites.length === 0) return;
    const { program, cuts, cutSite } = this.#point;
    const { fleetSize: J, classCount: K, rowStart, site, total, ownRows } = program;
    const bySite = this.#sites.map((j) => cuts.flatMap((_, i) => (cutSite[i] === j ? [i] : [])));
    for (let r = ownRows; r < program.rows; r++) {
      const unknown = cuts.length + r - ownRows;
      for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
        const j = site[e]! % J;
        const c = this.#place[j]!;
        if (c < 0) continue;
        const t = (site[e]! - j) / J;
        for (const i of bySite[c]!) {
          add(unknown, i, -this.#betas[i]![t * K + (total[e]! % K)]! * v[e]!);
        }
      }
      const projected = this.project(batchColumn(unknown));
      for (let i = 0; i < cuts.length; i++) add(unknown, i, -this.along(i, projected));
    }
  }
}
