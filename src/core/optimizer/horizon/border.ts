import { EnvelopeMatrix } from '../master/envelope-cholesky.ts';
import { CutColumns } from './cut-columns.ts';
import type { HorizonPoint } from './point.ts';

/**
 * The unknowns that join slots: a step of λ for every cut, of π for every batch demand, and of θ for
 * every site with cuts. They border the slots' own system T, which stays block by block:
 *
 *   [ T   B ] [ν]   [a     ]        λ, π in ω;  Σ_{i of j} (λ_i + dλ_i) = 1
 *   [ Bᵀ  Z ] [ω] = [r − E dθ]
 *
 * and are found first, from the Schur complement Z − Bᵀ T⁻¹ B, one unknown each: cuts, then batch
 * demands. The cuts' columns are never written out, see {@link CutColumns}.
 */
export class Border {
  readonly size: number;
  readonly #point: HorizonPoint;
  readonly #cuts: CutColumns;
  /** B and T⁻¹ B of the batch demands, a column each. */
  readonly #columns: Float64Array[];
  readonly #solved: Float64Array[];
  readonly #schur: EnvelopeMatrix;
  /** Schur⁻¹ E by site with cuts, and Eᵀ Schur⁻¹ E. */
  readonly #byGroup: Float64Array[];
  readonly #groups: EnvelopeMatrix;

  constructor(point: HorizonPoint) {
    const { columns, rows, ownRows } = point.program;
    this.#point = point;
    this.#cuts = new CutColumns(point);
    const batches = rows - ownRows;
    this.size = point.cuts.length + batches;
    const vectors = () => Array.from({ length: batches }, () => new Float64Array(columns));
    this.#columns = vectors();
    this.#solved = vectors();
    this.#schur = new EnvelopeMatrix(new Int32Array(this.size));
    this.#groups = new EnvelopeMatrix(new Int32Array(point.groups));
    this.#byGroup = Array.from({ length: point.groups }, () => new Float64Array(this.size));
  }

  clear(): void {
    for (const column of this.#columns) column.fill(0);
    this.#schur.values.fill(0);
  }

  /** The column of a batch row beside T, to be filled anew at every point. */
  batchColumn(row: number): Float64Array {
    return this.#columns[row - this.#point.program.ownRows]!;
  }

  /**
   * @param v x/z by edge
   * @param rowSum R by row
   * @param slots T, factorised
   */
  factorize(v: Float64Array, rowSum: Float64Array, slots: EnvelopeMatrix): void {
    const { cuts, lambda, sigma, program } = this.#point;
    this.#cuts.fill(v, rowSum, slots);
    for (let i = 0; i < cuts.length; i++) {
      for (let l = 0; l <= i; l++) this.#add(i, l, this.#cuts.meeting(i, l));
      this.#add(i, i, sigma[i]! / lambda[i]!);
    }
    this.#columns.forEach((column, b) => {
      const solved = this.#solved[b]!;
      solved.set(column);
      slots.solve(solved);
      const i = cuts.length + b;
      this.#add(i, i, rowSum[program.ownRows + b]!);
      for (let l = 0; l <= b; l++) this.#add(i, cuts.length + l, -dot(this.#columns[l]!, solved));
    });
    this.#cuts.batchMeetings(
      v,
      (unknown) => this.#solved[unknown - cuts.length]!,
      (unknown, cut, value) => this.#add(unknown, cut, value),
    );
    this.#schur.factorize();
    this.#factorizeGroups();
  }

  #factorizeGroups(): void {
    const { cutGroup } = this.#point;
    this.#groups.values.fill(0);
    this.#byGroup.forEach((vector, g) => {
      for (let i = 0; i < this.size; i++) vector[i] = cutGroup[i] === g ? 1 : 0;
      this.#schur.solve(vector);
    });
    const { values, base } = this.#groups;
    cutGroup.forEach((g, i) => {
      for (let h = 0; h <= g; h++) {
        values[base[g]! + h] = values[base[g]! + h]! + this.#byGroup[h]![i]!;
      }
    });
    this.#groups.factorize();
  }

  /** Adds to the Schur complement at (i, l), l ≤ i. */
  #add(i: number, l: number, value: number): void {
    const { values, base } = this.#schur;
    values[base[i]! + l] = values[base[i]! + l]! + value;
  }

  /**
   * Turns ν = T⁻¹ a into the slots' part of the solution, and r into ω.
   * @param missing by site with cuts, 1 − Σ λ; becomes dθ
   */
  solve(nu: Float64Array, r: Float64Array, missing: Float64Array): void {
    const { cutGroup, cuts } = this.#point;
    const projected = this.#cuts.project(nu);
    for (let i = 0; i < cuts.length; i++) r[i] = r[i]! - this.#cuts.along(i, projected);
    this.#columns.forEach((column, b) => {
      r[cuts.length + b] = r[cuts.length + b]! - dot(column, nu);
    });
    this.#schur.solve(r);
    for (let g = 0; g < missing.length; g++) missing[g] = -missing[g]!;
    cutGroup.forEach((g, i) => {
      missing[g] = missing[g]! + r[i]!;
    });
    this.#groups.solve(missing);
    this.#byGroup.forEach((vector, g) => {
      for (let i = 0; i < this.size; i++) r[i] = r[i]! - vector[i]! * missing[g]!;
    });
    this.#cuts.subtract(nu, r);
    this.#solved.forEach((solved, b) => {
      const step = r[cuts.length + b]!;
      for (let c = 0; c < nu.length; c++) nu[c] = nu[c]! - solved[c]! * step;
    });
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}
