/**
 * The cheapest mixture of plans that keeps limits. Mixtures of plans are plans, and cost no more than
 * the mixture of the costs, since costs are convex. In units of the limits B:
 *
 *   min Σ_i w_i y_i + Σ_k c_k v_k    s.t.  Σ_i w_i = 1,  Σ_i w_i x_ik + s_k − v_k = B_k,  w, s, v ≥ 0
 *
 * v is what limits are missed by, at the highest price c_k that may be put on them; without need for
 * it, v = 0. The dual prices of the limits are the next to ask plans at.
 */
export interface Mixture {
  /** By plan, ≥ 0, adding up to one. */
  weights: number[];
  /** By limit: what one unit less costs, between 0 and the highest price. */
  prices: number[];
  /** By limit: what the mixture has too much. */
  excess: number[];
  /** Σ w y + Σ c v. */
  cost: number;
}

interface Column {
  cost: number;
  rows: number[];
}

/** Solves it by trying every basis: there are one or two limits and few plans. */
export function cheapestMixture(
  plans: readonly { x: readonly number[]; y: number }[],
  limits: readonly number[],
  highest: readonly number[],
): Mixture {
  const unit = (k: number, value: number) => limits.map((_, n) => (n === k ? value : 0));
  const columns: Column[] = [
    ...plans.map((p) => ({
      cost: p.y,
      rows: [1, ...limits.map((limit, k) => (p.x[k] as number) / limit)],
    })),
    ...limits.map((_, k) => ({ cost: 0, rows: [0, ...unit(k, 1)] })),
    ...limits.map((limit, k) => ({
      cost: (highest[k] as number) * limit,
      rows: [0, ...unit(k, -1)],
    })),
  ];
  const scale = plans.reduce((most, p) => Math.max(most, Math.abs(p.y)), 1e-12);
  let best: { fault: number; basis: number[]; primal: number[]; dual: number[] } | undefined;
  for (const basis of subsets(columns.length, limits.length + 1)) {
    const chosen = basis.map((c) => columns[c] as Column);
    const primal = solveSquare(transposed(chosen.map((c) => c.rows)), [1, ...limits.map(() => 1)]);
    const dual = solveSquare(
      chosen.map((c) => c.rows),
      chosen.map((c) => c.cost),
    );
    if (!primal || !dual) continue;
    // How far from optimal: negative amounts, and columns that would gain.
    let fault = Math.max(0, ...primal.map((v) => -v));
    for (const { cost, rows } of columns) {
      const gain = rows.reduce((sum, v, n) => sum + v * (dual[n] as number), -cost);
      fault = Math.max(fault, gain / scale);
    }
    if (!best || fault < best.fault) best = { fault, basis, primal, dual };
  }
  if (!best) throw new Error('no mixture of the plans could be found');
  const { basis, primal, dual } = best;
  const weights = plans.map((_, i) => Math.max(0, primal[basis.indexOf(i)] ?? 0));
  const sum = weights.reduce((a, w) => a + w, 0);
  weights.forEach((w, i) => {
    weights[i] = w / sum;
  });
  const mixed = (of: (p: (typeof plans)[number]) => number) =>
    plans.reduce((total, p, i) => total + (weights[i] as number) * of(p), 0);
  const excess = limits.map((limit, k) => {
    const over = mixed((p) => p.x[k] as number) - limit;
    return over > ROUNDING * limit ? over : 0;
  });
  return {
    weights,
    prices: limits.map((limit, k) =>
      Math.min(Math.max(0, -(dual[k + 1] as number) / limit), highest[k] as number),
    ),
    excess,
    cost: mixed((p) => p.y) + excess.reduce((a, v, k) => a + v * (highest[k] as number), 0),
  };
}

/** A limit missed by less than this share of it is kept. */
const ROUNDING = 1e-9;

/** All increasing choices of `size` of the numbers under `count`. */
function* subsets(count: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= count - size; first++) {
    for (const rest of subsets(count, size - 1, first + 1)) yield [first, ...rest];
  }
}

function transposed(rows: number[][]): number[][] {
  return rows.map((_, n) => rows.map((row) => row[n] as number));
}

/** Gaussian elimination with row pivots; undefined where singular. */
function solveSquare(matrix: number[][], right: number[]): number[] | undefined {
  const rows = matrix.map((row, n) => [...row, right[n] as number]);
  const size = rows.length;
  for (let c = 0; c < size; c++) {
    let pivot = c;
    for (let r = c + 1; r < size; r++) {
      if (Math.abs(at(rows, r, c)) > Math.abs(at(rows, pivot, c))) pivot = r;
    }
    if (Math.abs(at(rows, pivot, c)) < 1e-13) return undefined;
    [rows[c], rows[pivot]] = [rows[pivot] as number[], rows[c] as number[]];
    for (let r = 0; r < size; r++) {
      if (r === c) continue;
      const factor = at(rows, r, c) / at(rows, c, c);
      for (let n = c; n <= size; n++) {
        (rows[r] as number[])[n] = at(rows, r, n) - factor * at(rows, c, n);
      }
    }
  }
  return rows.map((row, n) => (row[size] as number) / (row[n] as number));
}

function at(rows: number[][], r: number, c: number): number {
  return (rows[r] as number[])[c] as number;
}
