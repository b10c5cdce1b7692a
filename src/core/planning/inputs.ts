import type { ServedHour } from '../learning/served.ts';
import type { PublicFleet } from '../model/fleet.ts';
import type { SiteConditions } from '../model/site-power.ts';
import type { MeasuredSpeed } from '../model/speed.ts';
import { localHour } from '../model/time.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { Job } from './jobs.ts';

/** What a plan is made from, over T slots from `startUtcMs`; sites and zones in the fleet's order. */
export interface PlanningInputs {
  startUtcMs: number;
  slotCount: number;
  slotHours: number;
  sites: SiteSeries[];
  /** req/s, index (t·I + i)·K + k. */
  demandReqPerS: Float64Array;
  /** Where demand comes from; absent where nobody says. */
  demandSource?: DemandSource;
  /** What sites were measured to take, by id; others take what the registry has. */
  speeds?: Record<string, MeasuredSpeed>;
  /** What sites had to do in the last hours, by id, for what their meters say; absent where not counted. */
  served?: Record<string, ServedHour[]>;
  /** Why measurements were not taken in, where they should have been. */
  speedsFault?: string;
  /** What earlier plans have put off to these slots, likewise; absent where nothing may wait. */
  backReqPerS?: Float64Array;
  /** Work known beforehand, on top of demand. */
  jobs?: Job[];
  /** Why jobs of the plan before are not among them, where they should be. */
  jobsFault?: string;
  /** Why rises over the plan before are not limited, where they should be. */
  rampFault?: string;
}

/** A site's surroundings by slot; each array has T values. */
export interface SiteSeries {
  tempC: Float64Array;
  rhPct: Float64Array;
  /** NaN where no feed has a wholesale price. */
  spotAudPerMwh: Float64Array;
  carbonKgPerKwh: Float64Array;
  gridWaterLPerKwh: Float64Array;
  sources: { weather: Provenance; price: Provenance; carbon: Provenance; water: Provenance };
}

/** Where a series comes from; a placeholder is a declared stand-in, and shown as such. */
export interface Provenance {
  source: string;
  placeholder: boolean;
  /** Hours since the oldest value that a feed brought was issued; absent where none did. */
  ageH?: number;
  /** Slots that have no value of their own from a feed; absent without any feed. */
  fallbackSlots?: number;
  /** Why the feed's latest fetch failed, as long as it does. */
  fault?: string;
}

/** Of demand also its band, where it is forecast: req/s of all zones and classes together, by slot. */
export interface DemandSource extends Provenance {
  band?: [lowReqPerS: number, highReqPerS: number][];
}

/** Demand that nobody counted. */
export const POPULATION_SOURCE: DemandSource = {
  source: 'population and daily shape',
  placeholder: true,
};

export function slotUtcMs(inputs: { startUtcMs: number; slotHours: number }, t: number): number {
  return inputs.startUtcMs + t * inputs.slotHours * MS_PER_HOUR;
}

export function conditionsAt(inputs: PlanningInputs, site: number, t: number): SiteConditions {
  const s = inputs.sites[site];
  if (s === undefined) throw new RangeError(`no inputs for site ${site}`);
  return {
    utcMs: slotUtcMs(inputs, t),
    tempC: s.tempC[t] as number,
    rhPct: s.rhPct[t] as number,
    spotAudPerMwh: s.spotAudPerMwh[t] as number,
    carbonKgPerKwh: s.carbonKgPerKwh[t] as number,
    gridWaterLPerKwh: s.gridWaterLPerKwh[t] as number,
  };
}

/** Demand from population and the fleet's daily shapes, in req/s, index (t·I + i)·K + k. */
export function expectedDemand(
  fleet: PublicFleet,
  startUtcMs: number,
  slotCount: number,
  slotHours: number,
): Float64Array {
  const demand = new Float64Array(slotCount * fleet.zones.length * fleet.classes.length);
  let at = 0;
  for (let t = 0; t < slotCount; t++) {
    const utcMs = slotUtcMs({ startUtcMs, slotHours }, t);
    for (const zone of fleet.zones) {
      for (const cls of fleet.classes) demand[at++] = expectedReqPerS(fleet, zone, cls, utcMs);
    }
  }
  return demand;
}

/** The same of one zone and class at an instant. */
export function expectedReqPerS(
  fleet: PublicFleet,
  zone: PublicFleet['zones'][number],
  cls: Pick<PublicFleet['classes'][number], 'id'>,
  utcMs: number,
): number {
  const hour = localHour(utcMs, zone.timeZone);
  const mean = fleet.demand.meanReqPerSPerMillion[cls.id] ?? 0;
  const shape = fleet.demand.hourlyShape[cls.id]?.[hour] ?? 1;
  return (zone.population / 1e6) * mean * shape;
}

function assertLength(name: string, length: number, expected: number, unit: string): void {
  if (length === expected) return;
  throw new RangeError(`inputs.${name}: ${length} ${unit}, expected ${expected}`);
}

/** Throws, naming site, series and slot, if a series has a hole or nonsense a plan must not see. */
export function assertInputs(fleet: PublicFleet, inputs: PlanningInputs): void {
  const limits: Record<string, [number, number]> = {
    tempC: [-60, 60],
    rhPct: [0, 110],
    carbonKgPerKwh: [0, 3],
    gridWaterLPerKwh: [0, 50],
  };
  const demands = inputs.slotCount * fleet.zones.length * fleet.classes.length;
  assertLength('sites', inputs.sites.length, fleet.sites.length, 'sites');
  inputs.sites.forEach((series, j) => {
    const id = fleet.sites[j]?.id;
    for (const [name, [low, high]] of Object.entries(limits)) {
      const values = series[name as 'tempC'];
      assertLength(`${id}.${name}`, values.length, inputs.slotCount, 'slots');
      const bad = values.findIndex((v) => !(v >= low && v <= high));
      if (bad >= 0) {
        throw new RangeError(
          `inputs.${id}.${name}[${bad}]: ${values[bad]}, expected ${low} to ${high}`,
        );
      }
    }
    assertLength(`${id}.spotAudPerMwh`, series.spotAudPerMwh.length, inputs.slotCount, 'slots');
    const bad = series.spotAudPerMwh.findIndex((v) => v < -2000 || v > 30_000);
    if (bad >= 0) {
      throw new RangeError(
        `inputs.${id}.spotAudPerMwh[${bad}]: ${series.spotAudPerMwh[bad]}, expected -2000 to 30000 or NaN`,
      );
    }
  });
  for (const name of ['demandReqPerS', 'backReqPerS'] as const) {
    const values = inputs[name] ?? new Float64Array(demands);
    assertLength(name, values.length, demands, 'values');
    const bad = values.findIndex((v) => !(v >= 0 && v < Infinity));
    if (bad >= 0) throw new RangeError(`inputs.${name}[${bad}]: ${values[bad]}`);
  }
}
