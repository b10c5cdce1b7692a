import type { PublicFleet } from '../model/fleet.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import { type DispatchProblem, loadsOf, rowCount } from '../optimizer/problem.ts';
import type { Horizon } from './assemble.ts';
import { spillByPreference } from './policies/spill.ts';

/**
 * Limits on how fast load may move from one plan to the next. No site is given more in an hour than
 * the standing plan gives it in that hour and a share of its capacity on top. What arrives at some
 * sites leaves others, so rises bound all that moves.
 */

/** What a plan loads each site with, by slot, in busy servers. */
export interface PlannedLoads {
  startUtcMs: number;
  slotHours: number;
  slotCount: number;
  /** By site id. */
  sites: Record<string, Float64Array>;
}

export function plannedLoads(
  fleet: PublicFleet,
  horizon: Horizon,
  p: DispatchProblem,
  flow: Float64Array[],
): PlannedLoads {
  const { startUtcMs, slotHours, slotCount } = horizon;
  const loads = flow.map((slotFlow) => loadsOf(p, slotFlow));
  const sites = fleet.sites.map((site, j): [string, Float64Array] => [
    site.id,
    Float64Array.from(loads, (slot) => slot[j] as number),
  ]);
  return { startUtcMs, slotHours, slotCount, sites: Object.fromEntries(sites) };
}

/** Each relaxation of a slot doubles the rise; after so many it is all of the capacity. */
const MOST_DOUBLINGS = 7;
/** Of a slot's demand; less than this unserved is rounding. */
const ROUNDING = 1e-9;

/**
 * Puts the fleet's ramp limits on a freshly assembled problem. Never at the price of a request: where
 * sites so limited cannot carry a slot's demand, by a simple filling from the nearest site on, its
 * limits are relaxed until they can, or are gone.
 * @param standing of the plan in force; undefined before the first, and then nothing is limited
 * @returns slots with relaxed limits
 */
export function limitRises(
  p: DispatchProblem,
  fleet: PublicFleet,
  horizon: Horizon,
  standing: PlannedLoads | undefined,
): number[] {
  const share = fleet.ramp?.maxRisePerPlan;
  if (share === undefined || standing?.slotHours !== horizon.slotHours) return [];
  const whole = p.sites.map((site) => site.maxLoad.slice());
  const from = Array.from({ length: p.slotCount }, (_, t) => slotOf(standing, horizon, t));
  /** Without a rise there is no limit. */
  const limit = (t: number, rise?: number) => {
    const slot = from[t];
    p.sites.forEach((site, j) => {
      const most = (whole[j] as Float64Array)[t] as number;
      const before = standing.sites[site.id]?.[slot as number] ?? 0;
      const isFree = slot === undefined || rise === undefined;
      site.maxLoad[t] = isFree ? most : Math.min(most, before + rise * most);
    });
  };
  const relaxed = new Set<number>();
  for (let t = 0; t < p.slotCount; t++) limit(t, share);
  for (let n = 1; n <= MOST_DOUBLINGS; n++) {
    const short = shortSlots(p).filter((t) => from[t] !== undefined);
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
function slotOf(standing: PlannedLoads, horizon: Horizon, t: number): number | undefined {
  const shift = (horizon.startUtcMs - standing.startUtcMs) / (standing.slotHours * MS_PER_HOUR);
  const perDay = Math.round(24 / standing.slotHours);
  let slot = t + shift;
  while (slot >= standing.slotCount) slot -= perDay;
  return Number.isInteger(slot) && slot >= 0 ? slot : undefined;
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
