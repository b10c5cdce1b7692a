import { EnvelopeMatrix } from '../master/envelope-cholesky.ts';
import { CutColumns } from './cut-columns.ts';
import type { HorizonPoint } from './point.ts';

/**
 * The unknowns that join slots: a step of λ for every cut, of π for every batch demand, and of θ and r
 * for every site with cuts. They border the slots' own system T, which stays block by block:
 *
 *   [ T    B   −F   ] [ν ]   [a       ]       λ, π in ω;  Σ_{i of j} (λ_i + dλ_i) = 1
 *   [ Bᵀ   Z    Γ   ] [ω ] = [b − E dθ]       F: the slots' own parts of r, whose step is the same in all
 *   [ Fᵀ  −Γᵀ  ζ/r  ] [dr]   [c       ]       Γ: Σ_t mean peakShare of a cut
 *
 * and are found first, from the Schur complements: ν goes first, then r (of ζ/r + Fᵀ T⁻¹ F, a sum of
 * positive terms), then cuts and batch demands, one unknown each, and θ last. The cuts' columns are
 * never written out, see {@link CutColumns}.
 */
export class Border {
  readonly size: number;
  readonly #point: HorizonPoint;
  readonly #cuts: CutColumns;
  /** B and T⁻¹ B of the batch demands, a column each. */
  readonly #columns: Float64Array[];
  readonly #solved: Float64Array[];
  /** T⁻¹ F by site with cuts, and where F has its ones. */
  readonly #peaks: Float64Array[];
  readonly #peakColumns: Int32Array[];
  /** Sites with cuts that have such a part: in the others r costs what it costs and is zero. */
  readonly #bent: number[];
  readonly #peakSchur: EnvelopeMatrix;
  /** X = Γ + Bᵀ T⁻¹ F by site with cuts, and of it with the Schur complement of r. */
  readonly #crossing: Float64Array[];
  readonly #solvedCrossing: Float64Array[];
  readonly #schur: EnvelopeMatrix;
  /** Schur⁻¹ E by site with cuts, and Eᵀ Schur⁻¹ E. */
  readonly #byGroup: Float64Array[];
  readonly #groups: EnvelopeMatrix;

  constructor(point: HorizonPoint) {
    const { columns, rows, ownRows, siteColumn, slotCount, fleetSize, classCount, byClass } =
      point.program;
    const { groups } = point;
    this.#point = point;
    this.#cuts = new CutColumns(point);
    const batches = rows - ownRows;
    this.size = point.cuts.length + batches;
    const vectors = (count: number, length: number) =>
      Array.from({ length: count }, () => new Float64Array(length));
    this.#columns = vectors(batches, columns);
    this.#solved = vectors(batches, columns);
    this.#peaks = vectors(groups, columns);
    this.#peakColumns = [...new Set(point.cutSite)].map((j) =>
      Int32Array.from(
        { length: byClass?.[j] ? slotCount : 0 },
        (_, t) => siteColumn[t * fleetSize + j]! + classCount,
      ),
    );
    this.#bent = this.#peakColumns.flatMap((columns, g) => (columns.length > 0 ? [g] : []));
    this.#peakSchur = new EnvelopeMatrix(new Int32Array(groups));
    this.#crossing = vectors(groups, this.size);
    this.#solvedCrossing = vectors(this.size, groups);
    this.#schur = new EnvelopeMatrix(new Int32Array(this.size));
    this.#groups = new EnvelopeMatrix(new Int32Array(groups));
    this.#byGroup = vectors(groups, this.size);
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
   * @param give by cut, what its pieces add to its diagonal: Σ_t 1/ΣD
   */
  factorize(
    v: Float64Array,
    rowSum: Float64Array,
    slots: EnvelopeMatrix,
    give: Float64Array,
  ): void {
    const { cuts, lambda, sigma, program } = this.#point;
    this.#cuts.fill(v, rowSum, slots);
    this.#cuts.addMeetings((i, l, value) => this.#add(i, l, value));
    for (let i = 0; i < cuts.length; i++) this.#add(i, i, sigma[i]! / lambda[i]! + give[i]!);
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
    this.#factorizePeaks(slots);
    this.#schur.factorize();
    this.#factorizeGroups();
  }

  /** Takes r out of the Schur complement. */
  #factorizePeaks(slots: EnvelopeMatrix): void {
    const { cuts, cutGroup, peak, peakRent, pieces, program } = this.#point;
    const { classCount: K, slotCount: T } = program;
    const { values, base } = this.#peakSchur;
    values.fill(0);
    for (let g = 0; g < peak.length; g++) values[base[g]! + g] = peakRent[g]! / peak[g]!;
    for (const g of this.#bent) {
      const solved = this.#peaks[g]!;
      solved.fill(0);
      for (const c of this.#peakColumns[g]!) solved[c] = 1;
      slots.solve(solved);
      for (const h of this.#bent) {
        if (h < g) continue;
        values[base[h]! + g] = values[base[h]! + g]! + sumAt(solved, this.#peakColumns[h]!);
      }
      const crossing = this.#crossing[g]!;
      const projected = this.#cuts.project(solved);
      for (let i = 0; i < cuts.length; i++) {
        crossing[i] = this.#cuts.along(i, projected);
        if (cutGroup[i] !== g) continue;
        for (let t = 0; t < T; t++) crossing[i] = crossing[i]! - pieces.meanOf(i * T + t)[K]!;
      }
      this.#columns.forEach((column, b) => {
        crossing[cuts.length + b] = dot(column, solved);
      });
    }
    this.#peakSchur.factorize();
    if (this.#bent.length === 0) return;
    this.#solvedCrossing.forEach((solved, i) => {
      for (let g = 0; g < solved.length; g++) solved[g] = this.#crossing[g]![i]!;
      this.#peakSchur.solve(solved);
      for (let l = 0; l <= i; l++) {
        let sum = 0;
        for (const g of this.#bent) sum += solved[g]! * this.#crossing[g]![l]!;
        this.#add(i, l, sum);
      }
    });
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
   * Turns ν = T⁻¹ a into the slots' part of the solution, and b into ω.
   * @param missing by site with cuts, 1 − Σ λ; becomes dθ
   * @param peakSteps by site with cuts, c; becomes dr
   */
  solve(nu: Float64Array, b: Float64Array, missing: Float64Array, peakSteps: Float64Array): void {
    const { cutGroup, cuts } = this.#point;
    const projected = this.#cuts.project(nu);
    for (let i = 0; i < cuts.length; i++) b[i] = b[i]! - this.#cuts.along(i, projected);
    this.#columns.forEach((column, n) => {
      b[cuts.length + n] = b[cuts.length + n]! - dot(column, nu);
    });
    // dr = C⁻¹ (c − Fᵀ T⁻¹ a + Xᵀ ω), of which only ω is missing.
    peakSteps.forEach((c, g) => {
      peakSteps[g] = c - sumAt(nu, this.#peakColumns[g]!);
    });
    for (let i = 0; i < b.length; i++) b[i] = b[i]! - dot(this.#solvedCrossing[i]!, peakSteps);
    this.#schur.solve(b);
    for (let g = 0; g < missing.length; g++) missing[g] = -missing[g]!;
    cutGroup.forEach((g, i) => {
      missing[g] = missing[g]! + b[i]!;
    });
    this.#groups.solve(missing);
    this.#byGroup.forEach((vector, g) => {
      for (let i = 0; i < this.size; i++) b[i] = b[i]! - vector[i]! * missing[g]!;
    });
    this.#peakSchur.solve(peakSteps);
    this.#solvedCrossing.forEach((solved, i) => {
      for (let g = 0; g < solved.length; g++) peakSteps[g] = peakSteps[g]! + solved[g]! * b[i]!;
    });
    this.#cuts.subtract(nu, b);
    this.#solved.forEach((solved, n) => {
      const step = b[cuts.length + n]!;
      for (let c = 0; c < nu.length; c++) nu[c] = nu[c]! - solved[c]! * step;
    });
    for (const g of this.#bent) {
      const solved = this.#peaks[g]!;
      const step = peakSteps[g]!;
      for (let c = 0; c < nu.length; c++) nu[c] = nu[c]! + solved[c]! * step;
    }
  }
}

function sumAt(vector: Float64Array, places: Int32Array): number {
  let sum = 0;
  for (const at of places) sum += vector[at]!;
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}
