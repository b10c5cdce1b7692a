import type { Fleet } from '../../model/fleet.ts';
import { itKwhAud, itPower, siteFactors, siteWork } from '../../model/site-power.ts';
import { conditionsAt, type PlanningInputs } from '../inputs.ts';

/** What a policy that never looks at the hour may know of the whole simulated span. */
export interface SpanMeans {
  /** True pPUE and on-site WUE, means over sites and span. */
  ppue: number;
  onSiteWaterLPerKwh: number;
  /**
   * What a request's energy, cooling, carbon and water cost at a site in the mean, AUD per req/s and
   * slot, index j·K + k.
   */
  rateAud: Float64Array;
}

export function spanMeans(fleet: Fleet, inputs: PlanningInputs): SpanMeans {
  const K = fleet.classes.length;
  const rateAud = new Float64Array(fleet.sites.length * K);
  let ppue = 0;
  let onSiteWaterLPerKwh = 0;
  fleet.sites.forEach((site, j) => {
    const { kwPerReqPerS } = itPower(site, siteWork(site, fleet.classes));
    let audPerItKwh = 0;
    for (let t = 0; t < inputs.slotCount; t++) {
      const f = siteFactors(site, conditionsAt(inputs, j, t));
      ppue += f.ppue;
      onSiteWaterLPerKwh += f.onSiteWaterLPerKwh;
      audPerItKwh += itKwhAud(f, fleet.prices);
    }
    const meanAud = (audPerItKwh / inputs.slotCount) * inputs.slotHours;
    kwPerReqPerS.forEach((kw, k) => {
      rateAud[j * K + k] = kw * meanAud;
    });
  });
  const n = fleet.sites.length * inputs.slotCount;
  return { ppue: ppue / n, onSiteWaterLPerKwh: onSiteWaterLPerKwh / n, rateAud };
}
