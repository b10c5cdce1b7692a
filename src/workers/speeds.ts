import { estimateSpeed } from '../core/learning/estimate.ts';
import {
  agedTo,
  emptyTiming,
  hardwareKey,
  type SiteTiming,
  takeHour,
} from '../core/learning/site-speeds.ts';
import type { TimingRow } from '../core/learning/timing.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import type { MeasuredSpeed } from '../core/model/speed.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { readSiteTimings, readTimings, writeSiteTimings } from '../store/timings.ts';

/** An hour's last receipts are booked when its last streams have ended, and some seconds later. */
const SETTLE_MS = MS_PER_HOUR / 6;
/** An hour under way says how fast sites are once it is this old: before, how busy they are is unsure. */
const UNDER_WAY_MS = MS_PER_HOUR / 12;
/** How far back hours are looked for, and rows a call takes in; the rest is the next call's. */
const HISTORY_MS = 48 * MS_PER_HOUR;
const MOST_ROWS = 30_000;

/** `learned`: plans are made for what sites were measured to take; `frozen`: nothing more is taken in. */
export type SpeedsMode = 'learned' | 'frozen' | 'registry';

/** From the variable SPEEDS; what is none of them is taken for the first. */
export function speedsMode(value: string | undefined): SpeedsMode {
  return value === 'frozen' || value === 'registry' ? value : 'learned';
}

/**
 * Puts what sites were measured to take into the inputs. What cannot be read, the plan does without,
 * and names the fault.
 * @param rate how fast the system's clock runs: an hour of it is so much shorter for servers
 */
export async function expectMeasured(
  db: D1Database,
  fleet: PublicFleet,
  inputs: PlanningInputs,
  nowMs: number,
  mode: SpeedsMode,
  rate = 1,
): Promise<void> {
  if (mode === 'registry') return;
  let states = new Map<string, SiteTiming>();
  try {
    states = ofPresentHardware(fleet, await readSiteTimings(db), nowMs);
    if (mode === 'learned') {
      states = await takenIn(db, fleet, states, nowMs, rate);
      states = await withUnderWay(db, fleet, states, nowMs, rate);
    }
  } catch (error) {
    inputs.speedsFault = `times could not be taken in: ${(error as Error).message}`;
    console.error(inputs.speedsFault);
  }
  const known = fleet.sites.flatMap((site) => {
    const state = states.get(site.id);
    // What is frozen stays as it is.
    const aged = state && (mode === 'frozen' ? state : agedTo(state, nowMs));
    return aged && aged.timed >= LEAST_STREAMS
      ? [[site.id, speedOf(fleet, site, aged, nowMs)]]
      : [];
  });
  if (known.length > 0) inputs.speeds = Object.fromEntries(known) as PlanningInputs['speeds'];
}

/**
 * Where the registry has other hardware than the times were held against, they are begun anew, with the
 * next hour: what this one has booked so far may be of either.
 */
function ofPresentHardware(
  fleet: PublicFleet,
  states: Map<string, SiteTiming>,
  nowMs: number,
): Map<string, SiteTiming> {
  const known = new Map(states);
  for (const site of fleet.sites) {
    const state = states.get(site.id);
    if (state === undefined || state.hardware === hardwareKey(site)) continue;
    known.set(site.id, emptyTiming(site, floorToHour(nowMs)));
  }
  return known;
}

/** What less than a stream says is the registry's value. */
const LEAST_STREAMS = 1;

function speedOf(
  fleet: PublicFleet,
  site: PublicSite,
  state: SiteTiming,
  nowMs: number,
): MeasuredSpeed {
  const { prefill, decode, rttMs } = estimateSpeed(state, site, fleet.zones);
  const networks = Object.entries(rttMs).map(([zone, { ms }]) => [zone, Math.round(10 * ms) / 10]);
  const ageMs = Math.max(0, nowMs - state.lastUtcMs - MS_PER_HOUR);
  return {
    prefill: digits(prefill.factor),
    decode: digits(decode.factor),
    rttMs: Object.fromEntries(networks),
    prefillSe: digits(prefill.se),
    decodeSe: digits(decode.se),
    streams: Math.round(state.timed),
    ageH: Math.round((100 * ageMs) / MS_PER_HOUR) / 100,
  };
}

const digits = (value: number) => Number(value.toPrecision(4));

/** States with the hours that are over, which are then stored. */
async function takenIn(
  db: D1Database,
  fleet: PublicFleet,
  states: Map<string, SiteTiming>,
  nowMs: number,
  rate: number,
): Promise<Map<string, SiteTiming>> {
  const seen = [...states.values()].flatMap((s) => (s.timed > 0 ? [s.lastUtcMs] : []));
  const fromUtcMs = Math.max(floorToHour(nowMs) - HISTORY_MS, Math.max(0, ...seen) + MS_PER_HOUR);
  const toUtcMs = floorToHour(nowMs - SETTLE_MS);
  const rows = await readTimings(db, { fromUtcMs, toUtcMs, mostRows: MOST_ROWS });
  if (rows.length === 0) return states;
  const after = withHours(fleet, states, rows, () => MS_PER_HOUR / rate);
  await writeSiteTimings(db, after);
  return after;
}

/** States to plan by: with the hour before, if its counting is not over, and the one under way. */
async function withUnderWay(
  db: D1Database,
  fleet: PublicFleet,
  states: Map<string, SiteTiming>,
  nowMs: number,
  rate: number,
): Promise<Map<string, SiteTiming>> {
  const fromUtcMs = floorToHour(nowMs - SETTLE_MS);
  const rows = await readTimings(db, { fromUtcMs, toUtcMs: nowMs, mostRows: MOST_ROWS });
  const passedMs = (hourUtcMs: number) => Math.min(MS_PER_HOUR, nowMs - hourUtcMs);
  const told = rows.filter(({ hourUtcMs }) => passedMs(hourUtcMs) >= UNDER_WAY_MS);
  return withHours(fleet, states, told, (hourUtcMs) => passedMs(hourUtcMs) / rate);
}

/** @param rows by rising hour */
function withHours(
  fleet: PublicFleet,
  states: Map<string, SiteTiming>,
  rows: readonly TimingRow[],
  forMs: (hourUtcMs: number) => number,
): Map<string, SiteTiming> {
  const after = new Map(states);
  const sites = new Map(fleet.sites.map((s) => [s.id, s]));
  for (const [hourUtcMs, ofHour] of Map.groupBy(rows, (r) => r.hourUtcMs)) {
    for (const [id, ofSite] of Map.groupBy(ofHour, (r) => r.site)) {
      const site = sites.get(id);
      if (site === undefined) continue;
      const before = after.get(id) ?? emptyTiming(site);
      if (hourUtcMs <= before.lastUtcMs) continue;
      const span = forMs(hourUtcMs);
      after.set(id, takeHour(before, site, fleet.classes, hourUtcMs, ofSite, span));
    }
  }
  return after;
}
