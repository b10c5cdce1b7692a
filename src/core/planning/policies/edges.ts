import { unloadedTtftMs } from '../../model/eligibility.ts';
import type { PublicFleet } from '../../model/fleet.ts';
import type { SiteEnergy, SiteImpacts } from '../../optimizer/impacts.ts';
import { type DispatchProblem, edgeCount, rowCount } from '../../optimizer/problem.ts';
import { assembleSites } from '../assemble.ts';
import type { PolicyContext } from './types.ts';

/** TTFT at zero load of every edge, ms. */
export function edgeTtftMs(fleet: PublicFleet, problem: DispatchProblem): Float64Array {
  const K = problem.classCount;
  const ms = new Float64Array(edgeCount(problem));
  eachEdge(problem, (e, r) => {
    const zone = fleet.zones[Math.floor(r / K)] as (typeof fleet.zones)[number];
    const site = fleet.sites[problem.edgeSite[e] as number] as (typeof fleet.sites)[number];
    ms[e] = unloadedTtftMs(zone, site, fleet.classes, r % K);
  });
  return ms;
}

/** Calls back with every edge and its row. */
export function eachEdge(problem: DispatchProblem, visit: (edge: number, row: number) => void) {
  for (let r = 0; r < rowCount(problem); r++) {
    for (let e = problem.rowStart[r] as number; e < (problem.rowStart[r + 1] as number); e++) {
      visit(e, r);
    }
  }
}

/** What a req/s more over an edge takes in one slot, by edge. */
export interface EdgeTake {
  energyAud: Float64Array;
  carbonKg: Float64Array;
  waterL: Float64Array;
}

/** Of every slot, with all energy from the grid. */
export function edgeTakes({ fleet, inputs, problem }: PolicyContext): EdgeTake[] {
  const K = problem.classCount;
  const telling = fleet.sites.map((s) => ({
    ...s,
    cost: { ...s.cost, discloses: 'all' as const },
  }));
  const sites = assembleSites({ ...fleet, sites: telling }, inputs);
  return Array.from({ length: problem.slotCount }, (_, t) => {
    const none = () => new Float64Array(edgeCount(problem));
    const take: EdgeTake = { energyAud: none(), carbonKg: none(), waterL: none() };
    eachEdge(problem, (e, r) => {
      const impacts = sites[problem.edgeSite[e] as number]?.impacts as SiteImpacts;
      const energy = impacts.energy as SiteEnergy;
      const at = t * K + (r % K);
      take.energyAud[e] = energy.marginalEnergyAud[at] as number;
      take.carbonKg[e] = impacts.marginalCarbonKg[at] as number;
      take.waterL[e] = impacts.marginalWaterL[at] as number;
    });
    return take;
  });
}
