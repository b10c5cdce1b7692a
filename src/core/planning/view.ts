import type { PublicFleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import { applySpeeds } from '../model/speed.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import { assembleDispatch } from './assemble.ts';
import { Charge, type Figures, type Flow, rounded, type SiteSlot } from './charge.ts';
import { expectedDemand, slotUtcMs } from './inputs.ts';
import { type Plan, type PlanShares, speedsOf } from './plan.ts';
import { nearestFlows } from './policies/nearest.ts';
import type { SiteHours } from './site-hours.ts';

/**
 * What a plan does in every slot, in the figures of the operator's page, beside the same requests at
 * their nearest sites. Energy, carbon, water and cost are those of the requests, marginal as in
 * receipts (docs/receipts.md); what sites draw at no request is in neither. Work that may wait is left
 * out of both: which hour serves it is not the plan's shares to say.
 */

export interface SlotView {
  utcMs: number;
  plan: Figures;
  nearest: Figures;
  /** In the fleet's order. */
  sites: SiteSlot[];
  /** [zone, site, req/s] by their places in the fleet, all classes together, largest first. */
  flows: [number, number, number][];
}

/** Flows a slot shows; a map with more of them shows none. */
const MAX_FLOWS = 200;

/**
 * By slot. Undefined where the plan does not say what its sites' hours were.
 * @param referenceAudPerKwh as in receipts, for sites that do not disclose their cost
 */
export function planView(
  registry: PublicFleet,
  plan: Plan,
  referenceAudPerKwh?: number,
): SlotView[] | undefined {
  const { header, slots, siteHours } = plan;
  if (siteHours === undefined) return undefined;
  const fleet = applySpeeds(registry, speedsOf(header));
  const demand = demandThatComes(fleet, plan);
  const problem = assembleDispatch(fleet, header, demand);
  for (const { site } of header.excluded) {
    problem.sites.find((s) => s.id === site)?.maxLoad.fill(0);
  }
  const greedy = nearestFlows(fleet, problem);
  const places = new Map(fleet.sites.map((s, j) => [s.id, j]));
  const charge = new Charge(fleet, header.impactPrices, referenceAudPerKwh);
  return slots.map((shares, t): SlotView => {
    const hours = siteHours[t] as SiteHours;
    const planned = plannedFlows(fleet, places, shares, servedOf(fleet, plan, demand, t));
    const { figures, sites } = charge.slot(planned, hours, unplanned(planned, demand, fleet, t));
    const unserved = (greedy.unserved[t] as Float64Array).reduce((a, b) => a + b, 0);
    const baseline = edgeFlows(problem, greedy.flow[t] as Float64Array);
    return {
      utcMs: slotUtcMs(header, t),
      plan: figures,
      nearest: charge.slot(baseline, hours, unserved).figures,
      sites,
      flows: largest(planned),
    };
  });
}

/** What a plan was made for, by population where it does not say; without classes that may wait. */
export function demandThatComes(
  fleet: PublicFleet,
  { header: h, demand }: Pick<Plan, 'header' | 'demand'>,
): Float64Array {
  const K = fleet.classes.length;
  const I = fleet.zones.length;
  const expected = expectedDemand(fleet, h.startUtcMs, h.slotCount, h.slotHours);
  return expected.map((x, n) => {
    const cls = fleet.classes[n % K] as PublicFleet['classes'][number];
    if (mayWait(cls)) return 0;
    const zone = fleet.zones[Math.floor(n / K) % I] as PublicFleet['zones'][number];
    return demand ? (demand[Math.floor(n / (I * K))]?.[cls.id]?.[zone.id] ?? 0) : x;
  });
}

/** What a plan has room for in slot t, req/s by zone and class. */
function servedOf(
  fleet: PublicFleet,
  { unserved }: Pick<Plan, 'unserved'>,
  demand: Float64Array,
  t: number,
): Float64Array {
  const K = fleet.classes.length;
  const rows = fleet.zones.length * K;
  return demand.slice(t * rows, (t + 1) * rows).map((asked, r) => {
    const cls = fleet.classes[r % K] as PublicFleet['classes'][number];
    const zone = fleet.zones[Math.floor(r / K)] as PublicFleet['zones'][number];
    return Math.max(0, asked - (unserved?.[t]?.[cls.id]?.[zone.id] ?? 0));
  });
}

/** @param served req/s by zone and class */
function plannedFlows(
  fleet: PublicFleet,
  places: Map<string, number>,
  shares: PlanShares,
  served: Float64Array,
): Flow[] {
  return fleet.classes.flatMap((cls, k) =>
    fleet.zones.flatMap((zone, i) =>
      (shares[cls.id]?.[zone.id] ?? []).flatMap(([site, share]): Flow[] => {
        const j = places.get(site);
        const reqPerS = share * (served[i * fleet.classes.length + k] as number);
        return j === undefined ? [] : [[i, k, j, reqPerS]];
      }),
    ),
  );
}

/** Demand of a slot, req/s, less what flows carry. */
function unplanned(flows: Flow[], demand: Float64Array, fleet: PublicFleet, t: number): number {
  const rows = fleet.zones.length * fleet.classes.length;
  const asked = demand.subarray(t * rows, (t + 1) * rows).reduce((a, b) => a + b, 0);
  return Math.max(0, asked - flows.reduce((sum, [, , , x]) => sum + x, 0));
}

function edgeFlows(p: DispatchProblem, flow: Float64Array): Flow[] {
  const flows: Flow[] = [];
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      const x = flow[e] as number;
      const i = Math.floor(r / p.classCount);
      if (x > 0) flows.push([i, r % p.classCount, p.edgeSite[e] as number, x]);
    }
  }
  return flows;
}

function largest(flows: Flow[]): SlotView['flows'] {
  const sums = new Map<string, [number, number, number]>();
  for (const [i, , j, x] of flows) {
    const sum = sums.get(`${i}/${j}`) ?? [i, j, 0];
    sum[2] += x;
    sums.set(`${i}/${j}`, sum);
  }
  return [...sums.values()]
    .sort((a, b) => b[2] - a[2])
    .slice(0, MAX_FLOWS)
    .map(([i, j, x]) => [i, j, rounded(x)]);
}
