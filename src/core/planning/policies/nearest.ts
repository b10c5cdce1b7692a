import { unloadedTtftMs } from '../../model/eligibility.ts';
import type { PublicFleet } from '../../model/fleet.ts';
import type { DispatchProblem } from '../../optimizer/problem.ts';
import { spillByPreference } from './spill.ts';
import type { Decision, Policy } from './types.ts';

/** Every request at the site with the lowest TTFT at zero load that has room. */
export function nearestFlows(fleet: PublicFleet, problem: DispatchProblem): Decision {
  const K = problem.classCount;
  const ms = new Float64Array(problem.edgeSite.length);
  fleet.zones.forEach((zone, i) => {
    for (let k = 0; k < K; k++) {
      const r = i * K + k;
      for (let e = problem.rowStart[r] as number; e < (problem.rowStart[r + 1] as number); e++) {
        const site = fleet.sites[problem.edgeSite[e] as number] as (typeof fleet.sites)[number];
        ms[e] = unloadedTtftMs(zone, site, fleet.classes, k);
      }
    }
  });
  return spillByPreference(problem, (e) => ms[e] as number);
}

export const nearest: Policy = {
  id: 'nearest',
  summary: 'the site with the lowest TTFT at zero load, next nearest when full',
  decide: ({ fleet, problem }) => nearestFlows(fleet, problem),
};
