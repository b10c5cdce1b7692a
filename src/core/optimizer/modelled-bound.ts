import { congestionCurve } from './congestion-curve.ts';
import type { SiteCapability } from './problem.ts';
import type { SlotCurve } from './site-curve.ts';
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
  const model = congestionCurve(curve.samples, site);
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
  return least + model.integralAud(from, load);
}
