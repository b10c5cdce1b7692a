/**
 * In-place Cholesky factorisation of a symmetric positive definite n × n matrix (row-major, lower
 * triangle read and overwritten). A pivot lost to rounding is lifted to the matrix's noise level,
 * which perturbs a direction that carries no information.
 */
export function factorize(a: Float64Array, n: number): void {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, a[i * n + i] as number);
  const floor = Math.max(largest * 1e-30, Number.MIN_VALUE);
  for (let j = 0; j < n; j++) {
    const rowJ = j * n;
    const before = a[rowJ + j] as number;
    let pivot = before;
    for (let k = 0; k < j; k++) pivot -= (a[rowJ + k] as number) ** 2;
    const root = Math.sqrt(Math.max(pivot, before * 1e-14, floor));
    a[rowJ + j] = root;
    for (let i = j + 1; i < n; i++) {
      const rowI = i * n;
      let sum = a[rowI + j] as number;
      for (let k = 0; k < j; k++) sum -= (a[rowI + k] as number) * (a[rowJ + k] as number);
      a[rowI + j] = sum / root;
    }
  }
}

/** Solves L Lᵀ x = b in place, with L from {@link factorize}. */
export function solveFactorized(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (l[i * n + k] as number) * (b[k] as number);
    b[i] = sum / (l[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] as number;
    for (let k = i + 1; k < n; k++) sum -= (l[k * n + i] as number) * (b[k] as number);
    b[i] = sum / (l[i * n + i] as number);
  }
}
