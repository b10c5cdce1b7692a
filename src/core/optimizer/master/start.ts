import { LEAST_SCALE_AUD, type Point } from './point.ts';

/** A start loads no site beyond this share of its limit. */
const FULLEST = 0.95;
/** Newton steps on a row's price: its reciprocal sum is nearly linear. */
const PRICE_STEPS = 6;

/**
 * Prices to start from when nothing is known: the models' gradient where every row is spread over
 * its edges by capacity, at most half of each site. Leaves that spread in the point.
 */
export function coldGuess(point: Point): Float64Array {
  const { program, x } = point;
  const { rowStart, site, limit, demand } = program;
  for (let r = 0; r < program.rows; r++) {
    let capacity = 0;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) capacity += limit[site[e]!]!;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
      x[e] = (demand[r]! * limit[site[e]!]!) / capacity;
    }
  }
  point.refresh();
  fitWithin(point, 0.5);
  return point.gradient.slice();
}

/**
 * Sets the point on the central path at the given prices: in each row x_e = μ/(c_e + p_e − π), with π
 * such that the row is served; z = μ/x throughout. Sites that this fills are emptied to a feasible
 * load, which leaves rows short of their demand: the iteration closes them.
 * @param guess prices by total j·K + k, AUD per (req/s)
 * @param relativeGap complementarity over the objective's scale, which sets μ
 * @param room load of each site to begin with at most; its limit if absent
 * @returns μ
 */
export function startAt(
  point: Point,
  guess: Float64Array,
  relativeGap: number,
  room: Float64Array = point.program.limit,
): number {
  const { program, x, z, y, zy, pi, w, kappa } = point;
  const { rowStart, total, costAud, demand, limit } = program;
  let scale = 0;
  for (let r = 0; r < program.rows; r++) {
    let least = program.unservedCostAud;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
      const cost = costAud[e]! + guess[total[e]!]!;
      // Costs in z until the row has its price.
      z[e] = cost;
      least = Math.min(least, cost);
    }
    pi[r] = least;
    scale += demand[r]! * Math.abs(least);
  }
  const mu = (relativeGap * Math.max(scale, LEAST_SCALE_AUD)) / point.pairs;
  for (let r = 0; r < program.rows; r++) {
    const from = rowStart[r]!;
    const to = rowStart[r + 1]!;
    const price = rowPrice(z, from, to, program.unservedCostAud, mu / demand[r]!, pi[r]!);
    pi[r] = price;
    for (let e = from; e < to; e++) {
      z[e] = z[e]! - price;
      x[e] = mu / z[e]!;
    }
    zy[r] = program.unservedCostAud - price;
    y[r] = mu / zy[r]!;
  }
  point.refresh();
  if (fitWithin(point, FULLEST, room)) for (let e = 0; e < x.length; e++) z[e] = mu / x[e]!;
  for (let j = 0; j < program.siteCount; j++) {
    if (!point.isOpen(j)) continue;
    w[j] = limit[j]! - point.load[j]!;
    kappa[j] = mu / w[j]!;
  }
  point.refreshModels();
  return mu;
}

/** π with Σ_e 1/(cost_e − π) + 1/(last − π) = 1/unit, below `least`, the smallest of the costs. */
function rowPrice(
  cost: Float64Array,
  from: number,
  to: number,
  last: number,
  unit: number,
  least: number,
): number {
  // At this price the smallest cost alone would take all of the row, so the root is not above it.
  let price = least - unit;
  for (let n = 0; n < PRICE_STEPS; n++) {
    let sum = 1 / (last - price);
    let slope = sum * sum;
    for (let e = from; e < to; e++) {
      const inverse = 1 / (cost[e]! - price);
      sum += inverse;
      slope += inverse * inverse;
    }
    // Newton on 1/sum, which is concave in the price: it approaches the root from one side.
    const step = ((1 / sum - unit) * sum * sum) / slope;
    if (!(Math.abs(step) > 1e-12 * unit)) break;
    price += step;
    if (!(price < least)) price = least - unit;
  }
  return price;
}

/** Empties sites to at most `share` of their limit; true if there were any. Refreshes the point. */
function fitWithin(point: Point, share: number, limit = point.program.limit): boolean {
  const { program, x, load } = point;
  let changed = false;
  const factor = new Float64Array(program.siteCount);
  for (let j = 0; j < program.siteCount; j++) {
    const most = share * limit[j]!;
    factor[j] = load[j]! > most ? most / load[j]! : 1;
    if (factor[j] !== 1) changed = true;
  }
  if (!changed) return false;
  for (let e = 0; e < x.length; e++) x[e] = x[e]! * factor[program.site[e]!]!;
  point.refresh();
  return true;
}
