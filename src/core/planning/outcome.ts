import { eligibleSites } from '../model/eligibility.ts';
import type { PublicFleet, RequestClass, Zone } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import type { PlanningInputs } from './inputs.ts';
import type { PlanSite } from './plan.ts';

/** What flows over a horizon amount to, in public figures. */
export interface Outcome {
  sites: PlanSite[];
  /** Share of served requests, but for those that may wait, that their zone's nearest site serves. */
  nearestShare: number;
  unservedShare: number;
}

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Sums of flows.
 * @param fleet the registry's: a zone's nearest site is that, whatever operators have set over it
 */
export function summarize(
  fleet: PublicFleet,
  p: DispatchProblem,
  inputs: PlanningInputs,
  flow: Float64Array[],
  unserved: Float64Array[],
): Outcome {
  const requests = new Float64Array(p.sites.length);
  const load = new Float64Array(p.sites.length);
  let nearest = 0;
  let prompt = 0;
  let lost = 0;
  for (let t = 0; t < p.slotCount; t++) {
    for (let r = 0; r + 1 < p.rowStart.length; r++) {
      lost += unserved[t]?.[r] as number;
      const waits = mayWait(fleet.classes[r % p.classCount] as RequestClass);
      const zone = fleet.zones[Math.floor(r / p.classCount)] as Zone;
      const closest = eligibleSites(fleet, zone, r % p.classCount)[0]?.site;
      const to = p.rowStart[r + 1] as number;
      for (let e = p.rowStart[r] as number; e < to; e++) {
        const x = flow[t]?.[e] as number;
        const j = p.edgeSite[e] as number;
        const s = p.sites[j]?.loadPerReqPerS[r % p.classCount] as number;
        requests[j] = (requests[j] as number) + x;
        load[j] = (load[j] as number) + x * s;
        if (waits) continue;
        prompt += x;
        if (j === closest) nearest += x;
      }
    }
  }
  const served = requests.reduce((a, b) => a + b, 0);
  return {
    // Summed in another order than what is served, so it may come out a bit over.
    nearestShare: prompt > 0 ? Math.min(1, nearest / prompt) : 0,
    unservedShare: served + lost > 0 ? lost / (served + lost) : 0,
    sites: fleet.sites.map((site, j): PlanSite => {
      const series = inputs.sites[j] as PlanningInputs['sites'][number];
      return {
        site: site.id,
        share: served > 0 ? Math.min(1, (requests[j] as number) / served) : 0,
        utilisation: (load[j] as number) / p.slotCount / site.hardware.servers,
        tempC: mean(series.tempC),
        carbonKgPerKwh: mean(series.carbonKgPerKwh),
        sources: series.sources,
      };
    }),
  };
}
