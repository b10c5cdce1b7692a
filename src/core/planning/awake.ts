import { siteCapacity } from '../model/capacity.ts';
import type { Fleet } from '../model/fleet.ts';
import { chosenPower, siteFactors, siteWork } from '../model/site-power.ts';
import { type DispatchProblem, loadsOf } from '../optimizer/problem.ts';
import { conditionsAt, type PlanningInputs } from './inputs.ts';

/**
 * Servers awake at every site under a plan, one array of the fleet's sites by slot. Only who knows the
 * sites' sleep policies and tariffs can say; a coordinator does not.
 * @param flow req/s by edge, for each slot
 */
export function awakeServers(
  fleet: Fleet,
  p: DispatchProblem,
  inputs: PlanningInputs,
  flow: Float64Array[],
): Float64Array[] {
  const sites = fleet.sites.map((site) => ({
    site,
    work: siteWork(site, fleet.classes),
    headroom: siteCapacity(site, inputs).headroom,
  }));
  return flow.map((slotFlow, t) => {
    const loads = loadsOf(p, slotFlow);
    return Float64Array.from(sites, ({ site, work, headroom }, j) => {
      const factors = siteFactors(site, conditionsAt(inputs, j, t));
      const power = chosenPower(site, work, factors, fleet.prices, headroom[t] as number);
      return power.awakeServers + power.awakePerLoad * (loads[j] as number);
    });
  });
}
