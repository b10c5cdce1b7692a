/**
 * A certified trade-off between two quantities of a plan, x and y, both to be small.
 *
 * Minimising y + μ x for a price μ of x gives a plan (x, y) on the front and a bound: no plan
 * whatsoever has y' + μ x' below L. The next price is the slope between the two neighbouring points
 * that leave most room between front and bounds (the non-inferior set estimation of Cohon, Church and
 * Sheer 1979), so few points describe the front, each where it is least known.
 */
export interface FrontPoint {
  /** μ, units of y per unit of x. */
  price: number;
  x: number;
  y: number;
  /** L: y' + μ x' ≥ L for every plan. */
  lowerBound: number;
}

/**
 * @param evaluate a plan that minimises y + μ x, and its bound
 * @param highest price at which y hardly counts
 * @param count points wanted, at least two; fewer where the front has no more to show
 */
export function paretoFront(
  evaluate: (price: number) => Omit<FrontPoint, 'price'>,
  highest: number,
  count: number,
): FrontPoint[] {
  const point = (price: number): FrontPoint => ({ price, ...evaluate(price) });
  const front = [point(0), point(highest)];
  const done = new Set<string>();
  while (front.length < count) {
    let widest: { area: number; at: number } = { area: 0, at: -1 };
    for (let n = 0; n + 1 < front.length; n++) {
      const a = front[n] as FrontPoint;
      const b = front[n + 1] as FrontPoint;
      const area = (a.x - b.x) * (b.y - a.y);
      if (!done.has(`${a.price} ${b.price}`) && area > widest.area) widest = { area, at: n };
    }
    if (widest.at < 0) break;
    const a = front[widest.at] as FrontPoint;
    const b = front[widest.at + 1] as FrontPoint;
    const between = point((b.y - a.y) / (a.x - b.x));
    // On the line between its neighbours, or beyond them by less than plans are exact.
    const gain = a.y + between.price * a.x - (between.y + between.price * between.x);
    if (between.x >= a.x || between.x <= b.x || !(gain > 0)) {
      done.add(`${a.price} ${b.price}`);
      continue;
    }
    front.splice(widest.at + 1, 0, between);
  }
  return front;
}

/** The least y any plan can have at x, by the bounds of all points. */
export function leastY(front: readonly FrontPoint[], x: number): number {
  return front.reduce((most, p) => Math.max(most, p.lowerBound - p.price * x), -Infinity);
}

/**
 * How far the front between two neighbours may lie below the line that joins them: mixtures of their
 * plans are plans, so the line can be had, and the bounds say what cannot.
 */
export function roomBelow(front: readonly FrontPoint[], a: FrontPoint, b: FrontPoint): number {
  // Where the bounds of the two meet, and the ends.
  const meet = (b.lowerBound - a.lowerBound) / (b.price - a.price);
  const places = [a.x, b.x, Math.min(Math.max(meet, b.x), a.x)];
  return places.reduce((most, x) => {
    const share = a.x === b.x ? 0 : (a.x - x) / (a.x - b.x);
    return Math.max(most, a.y + share * (b.y - a.y) - leastY(front, x));
  }, 0);
}

/** Least y subject to x ≤ budget. */
export interface BudgetPlan {
  /** The plan: x within the budget. Its price is the shadow price of the budget. */
  point: FrontPoint;
  /** No plan within the budget has less y than this. */
  leastY: number;
}

/**
 * Finds the price at which a budget of x is just kept, between neighbours of a front: each step prices
 * at the slope between the dearest plan within the budget and the cheapest beyond it (Kelley's cuts of
 * the Lagrangian dual in one dimension). Undefined if not even the highest price keeps it.
 * @param precision of y at which to stop, relative
 */
export function keepBudget(
  evaluate: (price: number) => Omit<FrontPoint, 'price'>,
  budget: number,
  highest: number,
  precision: number,
): BudgetPlan | undefined {
  const point = (price: number): FrontPoint => ({ price, ...evaluate(price) });
  let beyond = point(0);
  const seen = [beyond];
  if (beyond.x <= budget) return { point: beyond, leastY: beyond.lowerBound };
  let within = point(highest);
  seen.push(within);
  if (within.x > budget) return undefined;
  for (let step = 0; step < MOST_STEPS; step++) {
    const least = leastY(seen, budget);
    if (within.y - least <= precision * Math.abs(within.y)) break;
    const slope = (within.y - beyond.y) / (beyond.x - within.x);
    // The slope returns one of its ends where the front has a corner between them: halve instead.
    const next = point(
      step % 3 === 2 ? Math.sqrt(Math.max(beyond.price, slope / 10) * within.price) : slope,
    );
    seen.push(next);
    if (next.x <= budget) within = next;
    else beyond = next;
  }
  return { point: within, leastY: leastY(seen, budget) };
}

const MOST_STEPS = 24;
