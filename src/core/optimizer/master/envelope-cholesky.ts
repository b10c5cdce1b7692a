/**
 * A symmetric positive definite matrix stored by rows from each row's first possible entry to the
 * diagonal (its envelope, which a Cholesky factor does not leave), factorised in place.
 */
export class EnvelopeMatrix {
  readonly n: number;
  readonly values: Float64Array;
  /** First column of each row. */
  readonly first: Int32Array;
  /** Entry (i, j) is values[base[i] + j]. */
  readonly base: Int32Array;

  /** @param first by row, its first column that can be other than zero, at most the row itself */
  constructor(first: Int32Array) {
    this.n = first.length;
    this.first = first;
    this.base = new Int32Array(this.n);
    let size = 0;
    for (let i = 0; i < this.n; i++) {
      this.base[i] = size - first[i]!;
      size += i - first[i]! + 1;
    }
    this.values = new Float64Array(size);
  }

  /**
   * A = L Lᵀ. A pivot lost to rounding is lifted to the matrix's noise level, which perturbs a
   * direction that carries no information.
   */
  factorize(): void {
    const { n, values, first, base } = this;
    let largest = 0;
    for (let i = 0; i < n; i++) largest = Math.max(largest, values[base[i]! + i]!);
    const floor = Math.max(largest * 1e-30, Number.MIN_VALUE);
    for (let i = 0; i < n; i++) {
      const bi = base[i]!;
      const fi = first[i]!;
      const before = values[bi + i]!;
      let pivot = before;
      for (let j = fi; j < i; j++) {
        const bj = base[j]!;
        let sum = values[bi + j]!;
        for (let k = Math.max(fi, first[j]!); k < j; k++) sum -= values[bi + k]! * values[bj + k]!;
        const l = sum / values[bj + j]!;
        values[bi + j] = l;
        pivot -= l * l;
      }
      values[bi + i] = Math.sqrt(Math.max(pivot, before * 1e-14, floor));
    }
  }

  /** Solves L Lᵀ x = b in place, after {@link factorize}. */
  solve(b: Float64Array): void {
    const { n, values, first, base } = this;
    for (let i = 0; i < n; i++) {
      const bi = base[i]!;
      let sum = b[i]!;
      for (let k = first[i]!; k < i; k++) sum -= values[bi + k]! * b[k]!;
      b[i] = sum / values[bi + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      const bi = base[i]!;
      const x = b[i]! / values[bi + i]!;
      b[i] = x;
      for (let k = first[i]!; k < i; k++) b[k] = b[k]! - values[bi + k]! * x;
    }
  }
}
