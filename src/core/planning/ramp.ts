import type { PublicFleet } from '../model/fleet.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import {
  type DispatchProblem,
  rowAt,
  rowCount,
  type SiteCapability,
} from '../optimizer/problem.ts';
import type { Horizon } from './assemble.ts';
import { spillByPreference } from './policies/spill.ts';
import type { PlannedTraffic, SlotTraffic } from './traffic.ts';

/**
 * Limits on how fast traffic may move from one plan to the next. What a new plan changes at the instant
 * it is published is how the router splits what comes: from the standing plan's shares to its own. So
 * rises are counted over what the standing plan's shares would bring a site of the new plan's demand, at
 * its speeds: more demand, or a site found to be slower, is no move of traffic. What arrives at some
 * sites leaves others, so rises bound all that moves.
 */

/**
 * What sites would be loaded with if the standing plan's shares split the demand of a new problem, at
 * its speeds: by its slots and sites, in busy servers. A slot the standing plan knows nothing of is null.
 */
export type StandingLoads = (Float64Array | null)[];

/** @param standing of the plan in force */
export function standingLoads(
  p: DispatchProblem,
  fleet: PublicFleet,
  horizon: Horizon,
  standing: PlannedTraffic,
): StandingLoads {
  const place = new Map(fleet.sites.map((site, j) => [site.id, j]));
  return Array.from({ length: p.slotCount }, (_, t) => {
    const slot = slotOf(standing, horizon, t);
    if (slot === undefined) return null;
    const loads = new Float64Array(p.sites.length);
    const add = (site: string, k: number, reqPerS: number) => {
      const j = place.get(site);
      if (j === undefined) return;
      const { loadPerReqPerS } = p.sites[j] as SiteCapability;
      loads[j] = (loads[j] as number) + reqPerS * (loadPerReqPerS[k] as number);
    };
    fleet.classes.forEach((cls, k) => {
      for (const [site, reqPerS] of Object.entries(slot.waitingReqPerS[cls.id] ?? {})) {
        add(site, k, reqPerS);
      }
      const byZone = slot.shares[cls.id] ?? {};
      fleet.zones.forEach((zone, i) => {
        const comes = p.demandReqPerS[rowAt(p, t, i, k)] as number;
        for (const [site, share] of byZone[zone.id] ?? []) add(site, k, share * comes);
      });
    });
    return loads;
  });
}

/** Each relaxation of a slot doubles the rise; after so many it is all of the capacity. */
const MOST_DOUBLINGS = 7;
/** Of a slot's demand; less than this unserved is rounding. */
const ROUNDING = 1e-9;

/**
 * Puts the fleet's ramp limits on a freshly assembled problem. Never at the price of a request: where
 * sites so limited cannot carry a slot's demand, by a simple filling from the nearest site on, its
 * limits are relaxed until they can, or are gone.
 * @param standing undefined before the first plan, and then nothing is limited
 * @returns slots with relaxed limits
 */
export function limitRises(
  p: DispatchProblem,
  fleet: PublicFleet,
  standing: StandingLoads | undefined,
): number[] {
  const share = fleet.ramp?.maxRisePerPlan;
  if (share === undefined || standing === undefined) return [];
  const whole = p.sites.map((site) => site.maxLoad.slice());
  /** Without a rise there is no limit. */
  const limit = (t: number, rise?: number) => {
    const before = standing[t];
    p.sites.forEach((site, j) => {
      const most = (whole[j] as Float64Array)[t] as number;
      const isFree = !before || rise === undefined;
      site.maxLoad[t] = isFree ? most : Math.min(most, (before[j] as number) + rise * most);
    });
  };
  const relaxed = new Set<number>();
  for (let t = 0; t < p.slotCount; t++) limit(t, share);
  for (let n = 1; n <= MOST_DOUBLINGS; n++) {
    const short = shortSlots(p).filter((t) => standing[t]);
    if (short.length === 0) break;
    for (const t of short) {
      relaxed.add(t);
      limit(t, n === MOST_DOUBLINGS ? undefined : share * 2 ** n);
    }
  }
  p.limited = true;
  return [...relaxed].sort((a, b) => a - b);
}

/** Slot of a standing plan for slot t: the same hour, else past its horizon that hour of the day. */
function slotOf(standing: PlannedTraffic, horizon: Horizon, t: number): SlotTraffic | undefined {
  if (standing.slotHours !== horizon.slotHours) return undefined;
  const shift = (horizon.startUtcMs - standing.startUtcMs) / (standing.slotHours * MS_PER_HOUR);
  const perDay = Math.round(24 / standing.slotHours);
  let slot = t + shift;
  while (slot >= standing.slots.length) slot -= perDay;
  return standing.slots[slot];
}

/** Slots in which filling sites from the nearest on leaves demand over; batches count evenly. */
function shortSlots(p: DispatchProblem): number[] {
  const rows = rowCount(p);
  const demandReqPerS = p.demandReqPerS.slice();
  for (const batch of p.batch ?? []) {
    const perSlot = batch.amount / (batch.lastSlot - batch.firstSlot + 1);
    for (let t = batch.firstSlot; t <= batch.lastSlot; t++) {
      batch.rows.forEach((r, n) => {
        const at = t * rows + r;
        demandReqPerS[at] = (demandReqPerS[at] as number) + perSlot * (batch.rowShare[n] as number);
      });
    }
  }
  const { unserved } = spillByPreference(
    { ...p, demandReqPerS, batch: undefined },
    (e) => p.edgeCostAud[e] as number,
  );
  return unserved.flatMap((slot, t) => {
    const left = slot.reduce((a, y) => a + y, 0);
    const asked = demandReqPerS.subarray(t * rows, (t + 1) * rows).reduce((a, d) => a + d, 0);
    return left > ROUNDING * asked ? [t] : [];
  });
}
