import { unloadedTtftMs } from '../../../src/core/model/eligibility.ts';
import { type Fleet, fleetSchema, type Zone } from '../../../src/core/model/fleet.ts';
import { mayWait } from '../../../src/core/model/request-class.ts';
import type { PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { letWait, randomFleet } from './fleets.ts';
import { type Dice, dice } from './random.ts';

/** A registry's rules, read anew from the registry and nothing of the planner. */

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface Ruled {
  fleet: Fleet;
  inputs: PlanningInputs;
}

/** A random fleet with maintenance, drained sites, residency, a floor of fairness, and room kept. */
export function ruledFleet(seed: number, slots: number): Ruled {
  const d = dice(seed);
  const { fleet: free, inputs } = randomFleet(seed, d.uniform(0.2, 0.7), slots);
  const fleet = d.chance(0.3) ? letWait(free, 1, 3) : free;
  const at = (minutes: number) => new Date(inputs.startUtcMs + minutes * MINUTE_MS).toISOString();
  for (const site of fleet.sites) {
    if (d.chance(0.1)) site.state = 'drained';
    if (d.chance(0.5)) {
      site.maintenance = Array.from({ length: d.integer(1, 2) }, () => {
        const from = d.integer(-60, slots * 60 - 1);
        const capacityShare = d.chance(0.6) ? 0 : d.uniform(0, 1);
        return { from: at(from), to: at(from + d.integer(1, 150)), capacityShare };
      });
    }
  }
  for (const zone of fleet.zones) {
    if (d.chance(0.5)) {
      const some = fleet.sites.filter(() => d.chance(0.5)).map((s) => s.id);
      if (some.length > 0) zone.allowedSites = some;
    }
    if (d.chance(0.4)) zone.fairness = { maxExtraTtftMs: d.uniform(0, 60) };
  }
  if (d.chance(0.5)) fleet.fairness = { maxExtraTtftMs: d.uniform(0, 60) };
  return { fleet: fleetSchema.parse(fleet), inputs };
}

/** The same with plants of all parts at some sites, whose limits no standing load breaks. */
export function withPlants({ fleet, inputs }: Ruled, d: Dice): Ruled {
  const planted = structuredClone(fleet);
  for (const { cost, hardware } of planted.sites) {
    if (!d.chance(0.3)) continue;
    // An idle server with its cooling draws less than 1.7 kW, one at work about 5 without.
    const idleKw = cost.fixedOverheadKw + 1.7 * hardware.servers;
    const above = (perServer: number) => d.uniform(0, perServer) * hardware.servers;
    const kw = d.uniform(0.2, 2) * hardware.servers;
    const some = d.integer(1, 4);
    if (some === 1) cost.limits = { facilityKw: idleKw + above(4) };
    if (some === 2)
      cost.battery = { ...BATTERY, capacityKwh: 2 * kw, chargeKw: kw, dischargeKw: kw };
    if (some === 3)
      cost.demandCharge = { audPerKwMonth: d.uniform(1, 15), paidKw: idleKw + above(4) };
    if (some === 4) {
      // Of each kWh at most 0.9 kg and a litre, and of the servers' up to three litres more.
      cost.limits = d.chance(0.5)
        ? { dailyCarbonKg: 24 * (0.9 * idleKw + above(2)) }
        : { dailyWaterL: 24 * (idleKw + 3 * hardware.servers + above(5)) };
    }
    if (d.chance(0.5)) {
      cost.solar = { kind: 'hourly', kwByUtcHour: Array.from({ length: 24 }, () => above(4)) };
      if (d.chance(0.5)) cost.feedInAudPerKwh = d.uniform(0, 0.1);
    }
  }
  return { fleet: fleetSchema.parse(planted), inputs };
}

const BATTERY = { chargeEfficiency: 0.92, dischargeEfficiency: 0.92 };

/** Busy servers a plan may use of a site in a slot: the least that any of its minutes leaves. */
export function roomOf({ fleet, inputs }: Ruled, j: number, t: number): number {
  const site = fleet.sites[j]!;
  if (site.state === 'drained') return 0;
  let share = 1;
  for (let minute = 0; minute < 60; minute++) {
    const ms = inputs.startUtcMs + t * HOUR_MS + minute * MINUTE_MS;
    for (const { from, to, capacityShare } of site.maintenance ?? []) {
      if (ms >= Date.parse(from) && ms < Date.parse(to)) share = Math.min(share, capacityShare);
    }
  }
  const usable = share * site.hardware.servers * site.maxUtilisation;
  return Math.max(0, usable - (site.headroomServers ?? 0));
}

/** Which sites the registry lets a zone's class go to. */
export function openTo(fleet: Fleet, zone: Zone, k: number): Set<string> {
  const { ttftSloMs = Infinity } = fleet.classes[k]!;
  const ttftMs = (j: number) => unloadedTtftMs(zone, fleet.sites[j]!, fleet.classes, k);
  const inReach = fleet.sites.flatMap((site, j) =>
    site.state === 'active' &&
    (zone.allowedSites ?? [site.id]).includes(site.id) &&
    ttftMs(j) <= ttftSloMs
      ? [j]
      : [],
  );
  const floor = mayWait(fleet.classes[k]!) ? undefined : (zone.fairness ?? fleet.fairness);
  const fastestMs = Math.min(...inReach.map(ttftMs));
  const latestMs = fastestMs + (floor?.maxExtraTtftMs ?? Infinity);
  return new Set(inReach.filter((j) => ttftMs(j) <= latestMs).map((j) => fleet.sites[j]!.id));
}
