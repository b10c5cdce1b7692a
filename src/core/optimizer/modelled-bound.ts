import type { SiteCapability } from './problem.ts';
import { congestionCurve, type SlotCurve } from './site-curve.ts';
import { bestFill, loadOf } from './site-slot.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';

/**
 * What the coordinator itself expects of a site's bound in slot t, AUD: the minimum over the box of the
 * learned cost less revenue,
 *   g(z) − p·z + min_N { Σ_k (a_k − p_k)(N_k − z_k) + ∫ C dℓ from ℓ(z) to ℓ(N) }
 * with offsets and C of the curve that has this answer. A site that says its minimum is higher than its
 * own costs and slopes let expect is not believed: the lesser of both is used, which is a lower bound
 * wherever the site's is.
 * @param curve has learned the answer
 */
export function modelledBoundAud(
  curve: SlotCurve,
  site: SiteCapability,
  query: Pick<SiteQuery, 'totals' | 'prices' | 'box'>,
  answer: Pick<SiteAnswer, 'costAud'>,
  t: number,
): number {
  const K = site.loadPerReqPerS.length;
  const rateAud = curve.offsetAud;
  const out = { value: 0, slope: 0 };
  const model = congestionCurve(curve, site);
  const congestionAud = (load: number) => {
    model.at(load, out);
    return out.value;
  };
  const { load, gainAud } = bestFill({
    priceAud: query.prices.subarray(t * K, (t + 1) * K),
    rateAud,
    box: query.box.subarray(t * K, (t + 1) * K),
    loadPerReqPerS: site.loadPerReqPerS,
    maxLoad: site.maxLoad[t] as number,
    congestionAud,
    // At a minimum the value is off by the square of this only.
    precision: 1e-5,
  });
  let least = (answer.costAud[t] as number) - gainAud;
  for (let k = 0; k < K; k++) {
    least -= (rateAud[k] as number) * (query.totals[t * K + k] as number);
  }
  const from = loadOf(site.loadPerReqPerS, query.totals, t);
  return (
    least +
    integral(
      congestionAud,
      from,
      load,
      curve.samples.map((q) => q.load),
      site.prior.servers,
    )
  );
}

/** Gauss–Legendre of five points on [−1, 1]. */
const NODES = [0, 0.5384693101056831, 0.906179845938664];
const WEIGHTS = [0.5688888888888889, 0.4786286704993665, 0.2369268850561891];

/**
 * ∫ f from a to b (negative if b < a), piece by piece between the knots, where f bends.
 * @param pole where f is infinite: pieces are no longer than their distance to it
 */
function integral(
  f: (x: number) => number,
  a: number,
  b: number,
  knots: number[],
  pole: number,
): number {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  let sum = 0;
  let from = low;
  for (const to of [...knots.filter((x) => x > low && x < high), high]) {
    while (from < to) {
      const end = Math.min(to, Math.max((from + pole) / 2, from + 1e-3 * (to - from)));
      sum += gauss(f, from, end);
      from = end;
    }
  }
  return a <= b ? sum : -sum;
}

function gauss(f: (x: number) => number, from: number, to: number): number {
  const half = (to - from) / 2;
  const middle = from + half;
  let sum = (WEIGHTS[0] as number) * f(middle);
  for (const n of [1, 2]) {
    const reach = half * (NODES[n] as number);
    sum += (WEIGHTS[n] as number) * (f(middle - reach) + f(middle + reach));
  }
  return half * sum;
}
