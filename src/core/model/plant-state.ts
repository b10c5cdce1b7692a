import { z } from 'zod';
import { InvalidInputError, parseInput } from './errors.ts';
import type { Site } from './fleet.ts';
import type { PowerTimes } from './site-power.ts';
import { parseUtcMs } from './time.ts';
import { MS_PER_HOUR } from './units.ts';

/** What a plan of a site's plant begins with, as its energy management system knows it. */
export interface PlantState {
  utcMs: number;
  /** Energy in the battery. */
  storedKwh?: number;
  /** Highest mean import of an hour in this month so far, for the demand charge. */
  peakKw?: number;
  /** Of the caps of a day, since midnight on the site's own clock. */
  usedTodayWaterL?: number;
  usedTodayCarbonKg?: number;
  /** What its solar power is expected to be, in place of the registry's. */
  solar?: SolarForecast;
  /** What its meters read. */
  power?: MeasuredPower;
  /** Its cooling's overhead over that of its model, as its solver has learned it from meters. */
  coolingTimes?: number;
  /** Its IT power over that of its hardware's profile, likewise. */
  powerTimes?: PowerTimes;
}

/** Means of the hour before a report; the air is that outside. */
export interface MeasuredPower {
  /** At the servers' plugs. */
  itKw: number;
  /** All that the site draws, from the grid or otherwise, but for what charges its battery. */
  facilityKw: number;
  tempC: number;
  rhPct: number;
}

/** Mean solar power of each hour from an instant on. */
export interface SolarForecast {
  fromUtcMs: number;
  kw: number[];
}

/** A week of plan, and a day more. */
const MOST_SOLAR_HOURS = 192;

const reportSchema = z.strictObject({
  utc: z.string(),
  storedKwh: z.number().min(0).max(1e6).optional(),
  peakKw: z.number().min(0).max(1e6).optional(),
  usedTodayWaterL: z.number().min(0).max(1e9).optional(),
  usedTodayCarbonKg: z.number().min(0).max(1e9).optional(),
  solar: z
    .strictObject({
      fromUtc: z.string(),
      kw: z.array(z.number().min(0).max(1e6)).min(1).max(MOST_SOLAR_HOURS),
    })
    .optional(),
  power: z
    .strictObject({
      itKw: z.number().positive().max(1e6),
      facilityKw: z.number().positive().max(1e6),
      tempC: z.number().min(-60).max(60),
      rhPct: z.number().min(0).max(110),
    })
    .optional(),
});

/** Meters round, and batteries hold a little more than they are sold for. */
const METER_TOLERANCE = 1.05;

/**
 * Reads a report on the site's plant: `{"utc": "2026-01-15T00:00Z", "storedKwh": 41.5, "peakKw": 63}`.
 * Throws {@link InvalidInputError}, which names no figure, if it lacks what the plant has or cannot be.
 */
export function parsePlantReport(site: Site, value: unknown): PlantState {
  const what = `plant report of ${site.id}`;
  const { utc, solar, ...state } = parseInput(reportSchema, value, what);
  const issues: string[] = [];
  const instant = (path: string, text: string) => {
    const ms = parseUtcMs(text);
    if (ms === undefined) issues.push(`${path}: expected an instant with Z or an offset`);
    return ms ?? Number.NaN;
  };
  const utcMs = instant('utc', utc);
  const forecast = solar && { fromUtcMs: instant('solar.fromUtc', solar.fromUtc), kw: solar.kw };
  if (solar && !site.cost.solar) issues.push('solar: the site has none');
  if (state.power && state.power.facilityKw < state.power.itKw) {
    issues.push('power.facilityKw: below itKw, of which it is to be part');
  }
  const { battery, demandCharge, limits } = site.cost;
  const { storedKwh, peakKw } = state;
  if (battery && storedKwh === undefined) issues.push('storedKwh: missing, the site has a battery');
  if (storedKwh !== undefined && storedKwh > METER_TOLERANCE * (battery?.capacityKwh ?? 0)) {
    issues.push('storedKwh: above the battery’s capacityKwh');
  }
  if (demandCharge && peakKw === undefined) {
    issues.push('peakKw: missing, the site has a demand charge');
  }
  if (limits?.dailyWaterL !== undefined && state.usedTodayWaterL === undefined) {
    issues.push('usedTodayWaterL: missing, the site has a dailyWaterL');
  }
  if (limits?.dailyCarbonKg !== undefined && state.usedTodayCarbonKg === undefined) {
    issues.push('usedTodayCarbonKg: missing, the site has a dailyCarbonKg');
  }
  if (issues.length > 0) throw new InvalidInputError(what, issues);
  return { utcMs, ...state, ...(forecast && { solar: forecast }) };
}

/** Mean solar power over a slot, kW; undefined unless the forecast has all of its hours. */
export function forecastSolarKw(
  { fromUtcMs, kw }: SolarForecast,
  slotUtcMs: number,
  hours: number,
): number | undefined {
  const from = (slotUtcMs - fromUtcMs) / MS_PER_HOUR;
  const to = from + hours;
  if (from < 0 || to > kw.length) return undefined;
  let kwh = 0;
  for (let hour = Math.floor(from); hour < to; hour++) {
    kwh += (kw[hour] as number) * (Math.min(to, hour + 1) - Math.max(from, hour));
  }
  return kwh / hours;
}

/** How far a report may be from the beginning of a plan, which is the last full hour. */
const OLDEST_MS = MS_PER_HOUR;
const NEWEST_MS = 1.25 * MS_PER_HOUR;

/** Whether a report can stand for the state at this instant. */
export function isCurrent({ utcMs }: PlantState, startUtcMs: number): boolean {
  return utcMs >= startUtcMs - OLDEST_MS && !isAhead({ utcMs }, startUtcMs);
}

/** Whether it is of a time that has not come. */
export function isAhead({ utcMs }: Pick<PlantState, 'utcMs'>, startUtcMs: number): boolean {
  return utcMs > startUtcMs + NEWEST_MS;
}
