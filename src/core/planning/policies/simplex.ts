/** Reduced costs, pivots and right-hand sides below these are rounding; all figures are of size 1. */
const COST_TOLERANCE = 1e-11;
const PIVOT_TOLERANCE = 1e-9;
const FEASIBILITY_TOLERANCE = 1e-9;
/** Pivots that gain nothing before the rule that cannot cycle takes over; pivots in all. */
const PATIENCE = 40;
const MOST_PIVOTS = 4000;

/** Basic in a row that no column carries yet. */
const ARTIFICIAL = -1;

/**
 * Primal simplex method on a dense tableau (Dantzig's rule; Bland's, which cannot cycle, where it gains
 * nothing), for small programs of which several objectives are minimized one after the other: the next
 * begins at the optimum of the last, with a row more.
 *
 *   min c·x   s.t.   A x = or ≤ b,   x ≥ 0,   coefficients of about size 1
 *
 * @example
 *   const t = new Tableau(2, 1);
 *   t.equal(Float64Array.of(1, 1), 1);
 *   t.start() && t.minimize(Float64Array.of(3, 2)); // true; t.values() is 0, 1
 */
export class Tableau {
  readonly #columns: number;
  readonly #width: number;
  /** Rows: columns, slacks, right-hand side. */
  readonly #rows: Float64Array[] = [];
  /** By row, the column that is basic in it. */
  readonly #basis: number[] = [];
  #slacks = 0;

  /** @param slacks how many rows may be inequalities */
  constructor(columns: number, slacks: number) {
    this.#columns = columns;
    this.#width = columns + slacks + 1;
  }

  /** a·x = b, before {@link start}. */
  equal(a: Float64Array, b: number): void {
    const row = new Float64Array(this.#width);
    for (let j = 0; j < a.length; j++) row[j] = b < 0 ? -(a[j] as number) : (a[j] as number);
    row[this.#width - 1] = Math.abs(b);
    this.#rows.push(row);
    this.#basis.push(ARTIFICIAL);
  }

  /** a·x ≤ b. After {@link start} the point reached must satisfy it: false if it does not. */
  atMost(a: Float64Array, b: number): boolean {
    const last = this.#width - 1;
    const row = new Float64Array(this.#width);
    row.set(a);
    row[last] = b;
    const slack = this.#columns + this.#slacks++;
    if (slack >= last) throw new RangeError('a row ≤ more than the tableau was made for');
    row[slack] = 1;
    // In terms of what is not basic.
    this.#basis.forEach((column, i) => {
      const factor = column === ARTIFICIAL ? 0 : (row[column] as number);
      if (factor !== 0) subtract(row, this.#rows[i] as Float64Array, factor);
    });
    const rest = row[last] as number;
    if (rest < -FEASIBILITY_TOLERANCE) {
      for (let j = 0; j <= last; j++) row[j] = -(row[j] as number);
      this.#basis.push(ARTIFICIAL);
    } else {
      row[last] = Math.max(0, rest);
      this.#basis.push(slack);
    }
    this.#rows.push(row);
    return rest >= -FEASIBILITY_TOLERANCE;
  }

  /** Finds a point that satisfies all rows; false if there is none. */
  start(): boolean {
    // The sum of what artificial columns still carry.
    const short = new Float64Array(this.#width);
    this.#basis.forEach((column, i) => {
      if (column === ARTIFICIAL) subtract(short, this.#rows[i] as Float64Array, 1);
    });
    if (!this.#descend(short) || -(short[this.#width - 1] as number) > FEASIBILITY_TOLERANCE) {
      return false;
    }
    for (let i = this.#rows.length - 1; i >= 0; i--) {
      if (this.#basis[i] !== ARTIFICIAL) continue;
      const row = this.#rows[i] as Float64Array;
      const column = row.findIndex((v, j) => j < this.#width - 1 && Math.abs(v) > PIVOT_TOLERANCE);
      if (column >= 0) this.#pivot(i, column, short);
      else {
        // A row that the others imply.
        this.#rows.splice(i, 1);
        this.#basis.splice(i, 1);
      }
    }
    return true;
  }

  /** From the point reached to the least of c·x; false if it has none, or rounding stands in the way. */
  minimize(c: Float64Array): boolean {
    const reduced = new Float64Array(this.#width);
    reduced.set(c);
    this.#basis.forEach((column, i) => {
      const cost = column < c.length ? (c[column] as number) : 0;
      if (cost !== 0) subtract(reduced, this.#rows[i] as Float64Array, cost);
    });
    return this.#descend(reduced);
  }

  /** x. */
  values(): Float64Array {
    const x = new Float64Array(this.#columns);
    this.#basis.forEach((column, i) => {
      if (column >= 0 && column < x.length) {
        x[column] = (this.#rows[i] as Float64Array)[this.#width - 1] as number;
      }
    });
    return x;
  }

  #descend(reduced: Float64Array): boolean {
    let idle = 0;
    for (let n = 0; n < MOST_PIVOTS; n++) {
      const column = this.#entering(reduced, idle > PATIENCE);
      if (column < 0) return true;
      const leaving = this.#leaving(column);
      if (leaving < 0) return false;
      const gains = ((this.#rows[leaving] as Float64Array)[this.#width - 1] as number) > 0;
      idle = gains ? 0 : idle + 1;
      this.#pivot(leaving, column, reduced);
    }
    return false;
  }

  /** The steepest column, or the first that falls at all. */
  #entering(reduced: Float64Array, isFirst: boolean): number {
    let [found, least] = [-1, -COST_TOLERANCE];
    const end = this.#width - 1;
    for (let j = 0; j < end; j++) {
      const cost = reduced[j] as number;
      if (cost >= least) continue;
      if (isFirst) return j;
      [found, least] = [j, cost];
    }
    return found;
  }

  /** The row that binds first; of those that do so alike an artificial one, then the first column. */
  #leaving(column: number): number {
    let [found, least] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < this.#rows.length; i++) {
      const row = this.#rows[i] as Float64Array;
      const pivot = row[column] as number;
      if (pivot <= PIVOT_TOLERANCE) continue;
      const ratio = (row[this.#width - 1] as number) / pivot;
      if (ratio > least) continue;
      if (ratio === least && (this.#basis[i] as number) > (this.#basis[found] as number)) continue;
      [found, least] = [i, ratio];
    }
    return found;
  }

  #pivot(at: number, column: number, reduced: Float64Array): void {
    const row = this.#rows[at] as Float64Array;
    const last = this.#width - 1;
    const by = 1 / (row[column] as number);
    for (let j = 0; j <= last; j++) row[j] = (row[j] as number) * by;
    row[column] = 1;
    // Rounding, here and below: the ratio test keeps right-hand sides from falling.
    row[last] = Math.max(0, row[last] as number);
    for (let i = 0; i < this.#rows.length; i++) {
      const other = this.#rows[i] as Float64Array;
      const factor = other[column] as number;
      if (i === at || factor === 0) continue;
      subtract(other, row, factor);
      other[column] = 0;
      other[last] = Math.max(0, other[last] as number);
    }
    subtract(reduced, row, reduced[column] as number);
    reduced[column] = 0;
    this.#basis[at] = column;
  }
}

/** row −= factor · other. */
function subtract(row: Float64Array, other: Float64Array, factor: number): void {
  for (let j = 0; j < row.length; j++) row[j] = (row[j] as number) - factor * (other[j] as number);
}
