import type { PublicFleet } from '../model/fleet.ts';
import { mayWait, type RequestClass } from '../model/request-class.ts';
import { floorToHour, localHourOfWeek } from '../model/time.ts';
import { MS_PER_HOUR, SECONDS_PER_HOUR } from '../model/units.ts';
import { expectedReqPerS, slotUtcMs } from '../planning/inputs.ts';
import {
  emptySeries,
  type Forecast,
  forecast,
  type Hour,
  observe,
  type SeriesState,
} from './series.ts';

/** Demand of a whole fleet from what its router counted: one series a zone and class. */

/** What an hour is planned for at least: shares are needed for the request that comes all the same. */
const LEAST_REQUESTS_PER_HOUR = 1;

/**
 * Plans are made for so many times the demand expected: waiting rises faster above a forecast than it
 * falls below it. Chosen on closed loops, docs/decisions/0029-demand.md.
 */
export const DEMAND_MARGIN = 1.2;

/** States by {@link seriesKey}; a zone and class without one has never been counted. */
export type DemandStates = ReadonlyMap<string, SeriesState>;

/** Requests counted in an hour, by {@link seriesKey}. What is absent came to none. */
export interface CountedHour {
  utcMs: number;
  requests: ReadonlyMap<string, number>;
}

export interface DemandForecast {
  /** Index (t·I + i)·K + k. */
  reqPerS: Float64Array;
  /** Of a slot, all zones and classes together, as if all erred to the same side. */
  band: [lowReqPerS: number, highReqPerS: number][];
  /** Zones and classes that have been counted. */
  counted: number;
  /** Series there could be. */
  countable: number;
  /** Hours the longest of them has seen. */
  hoursSeen: number;
  /** Beginning of the last hour that any of them has seen; undefined before the first. */
  lastUtcMs?: number;
}

/** Ids have no spaces. */
export const seriesKey = (zoneId: string, classId: string): string => `${zoneId} ${classId}`;

/**
 * States after more hours, in their order. Hours that are not given are gaps; work that may wait is
 * counted when it is served, which says little of when it comes, and has no series.
 */
export function countHours(
  fleet: PublicFleet,
  states: DemandStates,
  hours: readonly CountedHour[],
): Map<string, SeriesState> {
  const after = new Map(states);
  for (const { utcMs, requests } of hours) {
    eachSeries(fleet, (zone, cls, key) => {
      const state = after.get(key) ?? emptySeries();
      after.set(key, observe(state, hourOf(fleet, zone, cls, utcMs), requests.get(key) ?? 0));
    });
  }
  return after;
}

/**
 * States with the hours whose counting is not over: `forMs` of each are counted, the rest is taken to
 * come as they did. To plan by, not to be kept.
 */
export function countUnderWay(
  fleet: PublicFleet,
  states: DemandStates,
  hours: readonly (CountedHour & { forMs: number })[],
): Map<string, SeriesState> {
  const whole = hours.map(({ utcMs, requests, forMs }) => ({
    utcMs,
    requests: new Map([...requests].map(([key, n]) => [key, (n * MS_PER_HOUR) / forMs])),
  }));
  return countHours(fleet, states, whole);
}

/** What a forecast is multiplied by in a slot, of a class: see {@link DEMAND_MARGIN}. */
export type Margins = (slot: number, classIndex: number) => number;

/** Demand of every slot; by population where nothing was counted, and of work that may wait. */
export function forecastDemand(
  fleet: PublicFleet,
  states: DemandStates,
  horizon: { startUtcMs: number; slotCount: number; slotHours: number },
  margins: Margins = () => 1,
): DemandForecast {
  const { slotCount } = horizon;
  const reqPerS = new Float64Array(slotCount * fleet.zones.length * fleet.classes.length);
  const band: [number, number][] = [];
  let at = 0;
  for (let t = 0; t < slotCount; t++) {
    const utcMs = floorToHour(slotUtcMs(horizon, t));
    const ends: [number, number] = [0, 0];
    for (const zone of fleet.zones) {
      for (const [k, cls] of fleet.classes.entries()) {
        const state = mayWait(cls) ? undefined : states.get(seriesKey(zone.id, cls.id));
        const rates = state
          ? ratesOf(forecast(state, hourOf(fleet, zone, cls, utcMs)), margins(t, k))
          : sure(expectedReqPerS(fleet, zone, cls, utcMs));
        reqPerS[at++] = rates.reqPerS;
        ends[0] += rates.low;
        ends[1] += rates.high;
      }
    }
    band.push(ends);
  }
  let countable = 0;
  const counted: SeriesState[] = [];
  eachSeries(fleet, (_zone, _cls, key) => {
    countable++;
    const state = states.get(key);
    if (state && state.lastUtcMs !== null) counted.push(state);
  });
  const lastUtcMs = counted.reduce((ms, s) => Math.max(ms, s.lastUtcMs as number), 0);
  return {
    reqPerS,
    band,
    counted: counted.length,
    countable,
    hoursSeen: counted.reduce((n, s) => Math.max(n, s.hoursSeen), 0),
    ...(counted.length > 0 && { lastUtcMs }),
  };
}

const sure = (reqPerS: number) => ({ reqPerS, low: reqPerS, high: reqPerS });

function ratesOf({ requests, low, high }: Forecast, margin: number) {
  const perS = (n: number) => n / SECONDS_PER_HOUR;
  return {
    reqPerS: perS(Math.max(margin * requests, LEAST_REQUESTS_PER_HOUR)),
    low: perS(low),
    high: perS(Math.max(high, LEAST_REQUESTS_PER_HOUR)),
  };
}

type Zone = PublicFleet['zones'][number];

function hourOf(fleet: PublicFleet, zone: Zone, cls: RequestClass, utcMs: number): Hour {
  return {
    utcMs,
    hourOfWeek: localHourOfWeek(utcMs, zone.timeZone),
    priorRequests: expectedReqPerS(fleet, zone, cls, utcMs) * SECONDS_PER_HOUR,
  };
}

function eachSeries(
  fleet: PublicFleet,
  visit: (zone: Zone, cls: RequestClass, key: string) => void,
): void {
  for (const zone of fleet.zones) {
    for (const cls of fleet.classes) {
      if (!mayWait(cls)) visit(zone, cls, seriesKey(zone.id, cls.id));
    }
  }
}

/** Hours from the end of the last hour counted to an instant. */
export function ageHours({ lastUtcMs }: DemandForecast, nowMs: number): number | undefined {
  return lastUtcMs === undefined
    ? undefined
    : Math.max(0, (nowMs - lastUtcMs - MS_PER_HOUR) / MS_PER_HOUR);
}
