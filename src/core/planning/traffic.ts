import type { PublicFleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import { type DispatchProblem, totalsOf } from '../optimizer/problem.ts';
import type { Horizon } from './assemble.ts';
import { type Plan, type PlanShares, sharesOf } from './plan.ts';
import type { PutOff } from './put-off.ts';

/** How a plan splits the traffic of a slot. */
export interface SlotTraffic {
  /** Of classes whose users wait. */
  shares: PlanShares;
  /** Of work that may wait, which has no share of what comes: req/s by class id and site id. */
  waitingReqPerS: Record<string, Record<string, number>>;
}

export interface PlannedTraffic {
  startUtcMs: number;
  slotHours: number;
  slots: SlotTraffic[];
}

/** @param flow of a plan, req/s by edge, by slot */
export function plannedTraffic(
  fleet: PublicFleet,
  { startUtcMs, slotHours }: Horizon,
  p: DispatchProblem,
  flow: Float64Array[],
): PlannedTraffic {
  const waiting = fleet.classes.map(mayWait);
  const slots = flow.map((slotFlow): SlotTraffic => {
    const shares = sharesOf(fleet, p, slotFlow);
    const totals = totalsOf({ ...p, slotCount: 1 }, [slotFlow]);
    const waitingReqPerS: SlotTraffic['waitingReqPerS'] = {};
    fleet.classes.forEach((cls, k) => {
      if (!waiting[k]) return;
      delete shares[cls.id];
      waitingReqPerS[cls.id] = Object.fromEntries(
        fleet.sites.map((site, j) => [site.id, Math.max(0, totals[j]?.[k] as number)]),
      );
    });
    return { shares, waitingReqPerS };
  });
  return { startUtcMs, slotHours, slots };
}

type StoredPlan = Pick<Plan, 'slots' | 'putOff'> & {
  header: Pick<Plan['header'], 'startUtcMs' | 'slotHours' | 'batch' | 'jobs'>;
};

/**
 * The same of a plan as it is stored: shares as they are there, and work that may wait from what the
 * plan puts off and when, and from its jobs.
 */
export function trafficOf({ header, slots, putOff }: StoredPlan): PlannedTraffic {
  const { startUtcMs, slotHours } = header;
  const served = slots.map((): Served => ({}));
  const add = (t: number, cls: string, zone: string, reqPerS: number) => {
    const slot = served[t];
    if (!slot) return;
    slot[cls] ??= {};
    slot[cls][zone] = (slot[cls][zone] ?? 0) + reqPerS;
  };
  putOff?.forEach((slot, t) => {
    for (const [cls, zone, of] of entriesOf(slot)) {
      add(t, cls, zone, of.cameReqPerS + of.backReqPerS);
      for (const [later, reqPerS] of of.later) {
        add(t, cls, zone, -reqPerS);
        add(t + later, cls, zone, reqPerS);
      }
    }
  });
  for (const { class: cls, zone, requestsBySlot } of header.jobs ?? []) {
    requestsBySlot.forEach((n, t) => {
      add(t, cls, zone, n / (SECONDS_PER_HOUR * slotHours));
    });
  }
  return {
    startUtcMs,
    slotHours,
    slots: slots.map((all, t) => {
      const shares = { ...all };
      const waitingReqPerS: SlotTraffic['waitingReqPerS'] = {};
      for (const [cls, byZone] of Object.entries(served[t] as Served)) {
        const most = header.batch?.find((b) => b.class === cls)?.servedReqPerS[t];
        waitingReqPerS[cls] = bySite(byZone, shares[cls] ?? {}, most);
        delete shares[cls];
      }
      return { shares, waitingReqPerS };
    }),
  };
}

/** Class id to zone id to req/s that are served in a slot. */
type Served = Record<string, Record<string, number>>;

function entriesOf(slot: PutOff) {
  return Object.entries(slot).flatMap(([cls, zones]) =>
    Object.entries(zones).map(([zone, of]) => [cls, zone, of] as const),
  );
}

/**
 * What sites serve of a class by its zones' shares, req/s by site id.
 * @param most what all serve together: of what nobody serves a plan puts nothing off
 */
function bySite(
  served: Served[string],
  shares: PlanShares[string],
  most: number | undefined,
): Record<string, number> {
  const sites: Record<string, number> = {};
  let sum = 0;
  for (const [zone, split] of Object.entries(shares)) {
    const reqPerS = Math.max(0, served[zone] ?? 0);
    sum += reqPerS;
    for (const [site, share] of split) sites[site] = (sites[site] ?? 0) + share * reqPerS;
  }
  const scale = most !== undefined && sum > 0 ? most / sum : 1;
  return Object.fromEntries(Object.entries(sites).map(([site, v]) => [site, v * scale]));
}
