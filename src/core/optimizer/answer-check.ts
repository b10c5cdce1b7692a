import type { DispatchProblem } from './problem.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import { supplyFault } from './supply-curve.ts';

/** What is wrong with a site's answer, or undefined: such an answer counts as missing. */
export function answerFault(
  p: DispatchProblem,
  query: SiteQuery,
  answer: SiteAnswer,
): string | undefined {
  const T = p.slotCount;
  const TK = T * p.classCount;
  if (answer.round !== query.round) {
    return `answers round ${answer.round}, expected ${query.round}`;
  }
  const shapes: [string, Float64Array | undefined, number][] = [
    ['costAud', answer.costAud, T],
    ['marginalAud', answer.marginalAud, TK],
    ['slopeAud', answer.slopeAud, T],
    ['boundAud', answer.boundAud, T],
  ];
  if (query.proximal) shapes.push(['proximal', answer.proximal, TK]);
  for (const [name, values, length] of shapes) {
    if (values === undefined) return `${name} is missing`;
    if (values.length !== length) return `${name} has ${values.length} values, expected ${length}`;
    const bad = values.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) return `${name}[${bad}] is ${values[bad]}, expected a finite number`;
  }
  if (query.supplyLoad) {
    if (!answer.supply) return 'supply is missing';
    const fault = supplyFault(query.supplyLoad, answer.supply, T);
    if (fault !== undefined) return fault;
  }
  for (let t = 0; t < T; t++) {
    if ((answer.slopeAud[t] as number) < 0) {
      return `slopeAud[${t}] is negative: a falling marginal cost is not convex`;
    }
    // z itself lies in the box, so the minimum over the box cannot exceed the value there.
    let atProposal = answer.costAud[t] as number;
    let size = Math.abs(atProposal);
    for (let k = 0; k < p.classCount; k++) {
      const at = t * p.classCount + k;
      const revenue = (query.prices[at] as number) * (query.totals[at] as number);
      atProposal -= revenue;
      size += Math.abs(revenue);
    }
    if ((answer.boundAud[t] as number) > atProposal + 1e-9 * size + 1e-12) {
      return `boundAud[${t}] exceeds the cost at the proposal: not a minimum`;
    }
  }
  for (let i = 0; query.proximal && answer.proximal && i < TK; i++) {
    const v = answer.proximal[i] as number;
    const max = query.box[i] as number;
    if (v < 0 || v > max * (1 + 1e-9) + 1e-12) return `proximal[${i}] is ${v}, outside 0…${max}`;
  }
  return undefined;
}

/**
 * Whether two answers of one site contradict convexity: (N' − N)·(∇g' − ∇g) must not be negative. It
 * is summed over all slots, so it also holds for a site whose slots depend on one another.
 */
export function fallingMarginal(
  earlier: { totals: Float64Array; marginalAud: Float64Array },
  later: { totals: Float64Array; marginalAud: Float64Array },
): boolean {
  let product = 0;
  let size = 0;
  for (let i = 0; i < later.totals.length; i++) {
    const step = (later.totals[i] as number) - (earlier.totals[i] as number);
    const change = (later.marginalAud[i] as number) - (earlier.marginalAud[i] as number);
    product += step * change;
    size += Math.abs(step) * (Math.abs(change) + 1e-9 * Math.abs(later.marginalAud[i] as number));
  }
  return product < -1e-6 * size - 1e-15;
}
