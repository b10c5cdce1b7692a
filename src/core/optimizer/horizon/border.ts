import { EnvelopeMatrix } from '../master/envelope-cholesky.ts';
import type { HorizonPoint } from './point.ts';

/**
 * The unknowns that join slots: a step of λ for every cut, of π for every batch demand, and of θ for
 * every site with cuts. They border the slots' own system T, which stays block by block:
 *
 *   [ T   B ] [ν]   [a     ]        λ, π in ω;  Σ_{i of j} (λ_i + dλ_i) = 1
 *   [ Bᵀ  Z ] [ω] = [r − E dθ]
 *
 * and are found first, from the Schur complement Z − Bᵀ T⁻¹ B, one unknown each.
 */
export class Border {
  /** Cuts, then batch demands. */
  readonly size: number;
  /** B by border unknown, a column each; and T⁻¹ B. */
  readonly #columns: Float64Array[];
  readonly #solved: Float64Array[];
  readonly #schur: EnvelopeMatrix;
  /** Schur⁻¹ E by site with cuts, and Eᵀ Schur⁻¹ E. */
  readonly #byGroup: Float64Array[];
  readonly #groups: EnvelopeMatrix;
  readonly #point: HorizonPoint;

  constructor(point: HorizonPoint) {
    const { columns, rows, ownRows } = point.program;
    this.#point = point;
    this.size = point.cuts.length + rows - ownRows;
    const vectors = () => Array.from({ length: this.size }, () => new Float64Array(columns));
    this.#columns = vectors();
    this.#solved = vectors();
    this.#schur = new EnvelopeMatrix(new Int32Array(this.size));
    this.#groups = new EnvelopeMatrix(new Int32Array(point.groups));
    this.#byGroup = Array.from({ length: point.groups }, () => new Float64Array(this.size));
  }

  /** B and Z, to be filled anew at every point: column and diagonal entries add up. */
  clear(): void {
    for (const column of this.#columns) column.fill(0);
    this.#schur.values.fill(0);
  }

  column(unknown: number): Float64Array {
    return this.#columns[unknown]!;
  }

  /** Adds to Z at (i, l), l ≤ i. */
  add(i: number, l: number, value: number): void {
    const { values, base } = this.#schur;
    values[base[i]! + l] = values[base[i]! + l]! + value;
  }

  /** @param slots T, factorised */
  factorize(slots: EnvelopeMatrix): void {
    const { cutGroup } = this.#point;
    for (let i = 0; i < this.size; i++) {
      const solved = this.#solved[i]!;
      solved.set(this.#columns[i]!);
      slots.solve(solved);
      for (let l = 0; l <= i; l++) this.add(i, l, -dot(this.#columns[l]!, solved));
    }
    this.#schur.factorize();
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

  /**
   * Turns ν = T⁻¹ a into the slots' part of the solution, and r into ω.
   * @param missing by site with cuts, 1 − Σ λ; becomes dθ
   */
  solve(nu: Float64Array, r: Float64Array, missing: Float64Array): void {
    const { cutGroup } = this.#point;
    for (let i = 0; i < this.size; i++) r[i] = r[i]! - dot(this.#columns[i]!, nu);
    this.#schur.solve(r);
    for (let g = 0; g < missing.length; g++) missing[g] = -missing[g]!;
    cutGroup.forEach((g, i) => {
      missing[g] = missing[g]! + r[i]!;
    });
    this.#groups.solve(missing);
    this.#byGroup.forEach((vector, g) => {
      for (let i = 0; i < this.size; i++) r[i] = r[i]! - vector[i]! * missing[g]!;
    });
    for (let i = 0; i < this.size; i++) {
      const solved = this.#solved[i]!;
      const step = r[i]!;
      for (let c = 0; c < nu.length; c++) nu[c] = nu[c]! - solved[c]! * step;
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}
