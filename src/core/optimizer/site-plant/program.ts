import { EnvelopeMatrix } from '../master/envelope-cholesky.ts';

/** A convex cost of one variable: derivative and second derivative. */
export interface Curve {
  slope(x: number): number;
  curvature(x: number): number;
}

export interface Column {
  cost: number;
  /** Upper bound; the lower one is zero. */
  upper: number;
  /** Row and coefficient. */
  entries: [row: number, coefficient: number][];
  /** Usual size of the variable; its bound if that is finite. */
  size: number;
  /** What it costs on top. */
  curve?: Curve;
}

/**
 * min Σ_j c_j x_j + φ_j(x_j)  s.t.  A x = b, 0 ≤ x ≤ u, in scaled units: variables over
 * their size, rows over their largest coefficient, costs over `audScale`. Rows in an order that
 * keeps A Θ Aᵀ within a narrow envelope: rows that share a variable near one another.
 */
export class Program {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly cost: Float64Array;
  readonly upper: Float64Array;
  readonly curve: (Curve | undefined)[];
  readonly hasCurves: boolean;
  readonly size: Float64Array;
  readonly rhs: Float64Array;
  readonly rowScale: Float64Array;
  readonly audScale: number;
  /** Entries by column: start, rows (rising) and coefficients. */
  readonly start: Int32Array;
  readonly row: Int32Array;
  readonly value: Float64Array;

  constructor(rhs: readonly number[], columns: readonly Column[], audScale: number) {
    const M = rhs.length;
    const n = columns.length;
    this.rowCount = M;
    this.columnCount = n;
    this.audScale = audScale;
    this.size = Float64Array.from(columns, (c) => (c.upper < Infinity ? c.upper : c.size));
    this.upper = Float64Array.from(columns, (c) => (c.upper < Infinity ? 1 : Infinity));
    this.cost = Float64Array.from(columns, (c, j) => (c.cost * this.size[j]!) / audScale);
    this.curve = columns.map((c) => c.curve);
    this.hasCurves = this.curve.some((c) => c !== undefined);
    this.start = new Int32Array(n + 1);
    columns.forEach((c, j) => {
      this.start[j + 1] = this.start[j]! + c.entries.length;
    });
    this.row = new Int32Array(this.start[n]!);
    this.value = new Float64Array(this.start[n]!);
    this.rowScale = new Float64Array(M);
    columns.forEach((c, j) => {
      const sorted = [...c.entries].sort((a, b) => a[0] - b[0]);
      sorted.forEach(([row, coefficient], i) => {
        const at = this.start[j]! + i;
        this.row[at] = row;
        this.value[at] = coefficient * this.size[j]!;
        this.rowScale[row] = Math.max(this.rowScale[row]!, Math.abs(this.value[at]!));
      });
    });
    for (let i = 0; i < M; i++) if (this.rowScale[i] === 0) this.rowScale[i] = 1;
    for (let a = 0; a < this.row.length; a++)
      this.value[a] = this.value[a]! / this.rowScale[this.row[a]!]!;
    this.rhs = Float64Array.from(rhs, (b, i) => b / this.rowScale[i]!);
  }

  /** φ'_j and φ''_j at scaled x. */
  slopeAt(j: number, x: number): number {
    const size = this.size[j]!;
    return (this.curve[j]!.slope(x * size) * size) / this.audScale;
  }
  curvatureAt(j: number, x: number): number {
    const size = this.size[j]!;
    return (this.curve[j]!.curvature(x * size) * size * size) / this.audScale;
  }

  /** out += factor · A x. */
  addProduct(x: Float64Array, factor: number, out: Float64Array): void {
    for (let j = 0; j < this.columnCount; j++) {
      const f = factor * x[j]!;
      for (let a = this.start[j]!; a < this.start[j + 1]!; a++) {
        out[this.row[a]!] = out[this.row[a]!]! + f * this.value[a]!;
      }
    }
  }

  /** Aᵀ y of column j. */
  columnProduct(j: number, y: Float64Array): number {
    let sum = 0;
    for (let a = this.start[j]!; a < this.start[j + 1]!; a++)
      sum += this.value[a]! * y[this.row[a]!]!;
    return sum;
  }

  /** An empty matrix with the pattern of A Θ Aᵀ. */
  normalMatrix(): EnvelopeMatrix {
    const first = Int32Array.from({ length: this.rowCount }, (_, i) => i);
    for (let j = 0; j < this.columnCount; j++) {
      const from = this.start[j]!;
      for (let a = from; a < this.start[j + 1]!; a++) {
        first[this.row[a]!] = Math.min(first[this.row[a]!]!, this.row[from]!);
      }
    }
    return new EnvelopeMatrix(first);
  }

  /** A D Aᵀ with D = diag(d). */
  fillNormal(d: Float64Array, matrix: EnvelopeMatrix): void {
    const { values, base } = matrix;
    values.fill(0);
    for (let j = 0; j < this.columnCount; j++) {
      const to = this.start[j + 1]!;
      for (let a = this.start[j]!; a < to; a++) {
        const f = d[j]! * this.value[a]!;
        for (let b = this.start[j]!; b <= a; b++) {
          const at = base[this.row[a]!]! + this.row[b]!;
          values[at] = values[at]! + f * this.value[b]!;
        }
      }
    }
  }
}
