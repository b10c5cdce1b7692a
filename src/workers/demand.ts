import {
  ageHours,
  countHours,
  countUnderWay,
  DEMAND_MARGIN,
  type DemandForecast,
  type DemandStates,
  forecastDemand,
  type Margins,
} from '../core/forecast/demand.ts';
import type { PublicFleet } from '../core/model/fleet.ts';
import { mayWait } from '../core/model/request-class.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import {
  type DemandSource,
  type PlanningInputs,
  POPULATION_SOURCE,
} from '../core/planning/inputs.ts';
import { priceMargins } from '../core/planning/margin.ts';
import { readCountedHours, readDemandStates, writeDemandStates } from '../store/demand.ts';

/** An hour's last receipts are booked when its last streams have ended, and some seconds later. */
const SETTLE_MS = MS_PER_HOUR / 6;

/** An hour under way says what comes once it is this old. */
const UNDER_WAY_MS = MS_PER_HOUR / 12;
/** Requests are counted when they have ended: the last of them are not there yet (assumed mean). */
const LAG_MS = 30_000;

/** How far back counts are looked for, and how many a call takes in; the rest is the next call's. */
const HISTORY_MS = 56 * 24 * MS_PER_HOUR;
const MOST_COUNTS = 30_000;

/**
 * Puts the demand that counts let expect in place of the population's, and says so in the inputs. What
 * cannot be read, the plan does without, and names the fault.
 */
export async function expectCounted(
  db: D1Database,
  fleet: PublicFleet,
  inputs: PlanningInputs,
  nowMs: number,
  margin = DEMAND_MARGIN,
): Promise<void> {
  let states: DemandStates = new Map();
  let fault: string | undefined;
  try {
    states = await readDemandStates(db);
    states = await takenIn(db, fleet, states, nowMs);
    states = await withUnderWay(db, fleet, states, nowMs);
  } catch (error) {
    fault = `counts could not be taken in: ${(error as Error).message}`;
    console.error(fault);
  }
  const margins = priceMargins(fleet, inputs, margin);
  const demand = forecastDemand(fleet, states, inputs, margins);
  inputs.demandReqPerS = demand.reqPerS;
  inputs.demandSource = {
    ...sourceOf(demand, nowMs, rangeOf(fleet, inputs, margins)),
    ...(fault !== undefined && { fault }),
  };
}

/** States with the hours that have been counted since, which are then stored. */
async function takenIn(
  db: D1Database,
  fleet: PublicFleet,
  states: DemandStates,
  nowMs: number,
): Promise<DemandStates> {
  const seen = [...states.values()].map((s) => s.lastUtcMs ?? 0);
  const fromUtcMs = Math.max(floorToHour(nowMs) - HISTORY_MS, Math.max(0, ...seen) + MS_PER_HOUR);
  const hours = await readCountedHours(db, fleet, {
    fromUtcMs,
    toUtcMs: floorToHour(nowMs - SETTLE_MS),
    mostHours: Math.ceil(MOST_COUNTS / (fleet.zones.length * fleet.classes.length)),
  });
  if (hours.length === 0) return states;
  const after = countHours(fleet, states, hours);
  await writeDemandStates(db, after);
  return after;
}

/** States to plan by: with the hour before, if its counting is not over, and the one under way. */
async function withUnderWay(
  db: D1Database,
  fleet: PublicFleet,
  states: DemandStates,
  nowMs: number,
): Promise<DemandStates> {
  const hours = await readCountedHours(db, fleet, {
    fromUtcMs: floorToHour(nowMs - SETTLE_MS),
    toUtcMs: nowMs,
    mostHours: 2,
  });
  const passed = hours.map((hour) => ({
    ...hour,
    forMs: Math.min(MS_PER_HOUR, nowMs - hour.utcMs - LAG_MS),
  }));
  return countUnderWay(
    fleet,
    states,
    passed.filter(({ forMs }) => forMs >= UNDER_WAY_MS),
  );
}

/** Least and highest margin of a horizon, as words. */
function rangeOf(fleet: PublicFleet, { slotCount }: PlanningInputs, margins: Margins): string {
  const all = Array.from({ length: slotCount }, (_, t) =>
    fleet.classes.flatMap((cls, k) => (mayWait(cls) ? [] : [margins(t, k)])),
  ).flat();
  const [least, most] = [Math.min(...all), Math.max(...all)].map((m) => Number(m.toFixed(2)));
  if (most === 1 || all.length === 0) return '';
  return least === most ? `, times ${most}` : `, times ${least} to ${most}`;
}

function sourceOf(demand: DemandForecast, nowMs: number, times: string): DemandSource {
  const { counted, countable, hoursSeen, band } = demand;
  if (counted === 0) return POPULATION_SOURCE;
  const ageH = ageHours(demand, nowMs) ?? 0;
  const whole = counted === countable ? '' : `, ${counted} of ${countable} zones and classes`;
  return {
    source: `requests counted in ${hoursSeen} h${whole}${times}`,
    placeholder: false,
    ageH: Math.round(100 * ageH) / 100,
    band,
  };
}
