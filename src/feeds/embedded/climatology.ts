import { localHour } from '../../core/model/time.ts';
import climate from './climate.json' with { type: 'json' };

/**
 * Weather of last resort: 2007–17 means by month of each station, derived from Bureau of
 * Meteorology daily observations. Maximum, minimum, and 9 am and 3 pm humidity; the day in between
 * follows the measured diurnal shape of Sydney, or of Melbourne for the cool south.
 */
interface StationClimate {
  maxC: number[];
  minC: number[];
  temp9amC: number[];
  temp3pmC: number[];
  rh9amPct: number[];
  rh3pmPct: number[];
}

/** Share of the day's range by local hour: 0 at the minimum, 1 at the maximum. */
export const DIURNAL_SHAPE = {
  north: [
    0.23, 0.17, 0.12, 0.09, 0.05, 0.02, 0, 0.03, 0.15, 0.35, 0.57, 0.76, 0.91, 0.98, 1, 0.99, 0.95,
    0.86, 0.72, 0.59, 0.5, 0.42, 0.36, 0.3,
  ],
  south: [
    0.21, 0.16, 0.11, 0.08, 0.04, 0.02, 0, 0.01, 0.08, 0.24, 0.45, 0.63, 0.78, 0.9, 0.97, 1, 0.98,
    0.91, 0.78, 0.63, 0.5, 0.4, 0.33, 0.26,
  ],
};
const SOUTHERN = new Set(['Melbourne', 'Adelaide', 'Hobart', 'Launceston', 'Canberra']);

export const CLIMATOLOGY_SOURCE = 'climatology, 2007–17 means (Bureau of Meteorology)';

export function hasClimate(station: string): boolean {
  return Object.hasOwn(climate, station);
}

/**
 * Mean temperature (°C) and relative humidity (%) of a station: each month's day holds in the middle
 * of the month, and a line leads to the next one's.
 */
export function climatology(
  station: string,
  utcMs: number,
  timeZone: string,
): { tempC: number; rhPct: number } {
  const c = (climate as Record<string, StationClimate>)[station];
  if (c === undefined) throw new RangeError(`climatology: no station "${station}"`);
  const shape = SOUTHERN.has(station) ? DIURNAL_SHAPE.south : DIURNAL_SHAPE.north;
  const dayShare = shape[localHour(utcMs, timeZone)] as number;
  const { month, next, share } = monthsAround(utcMs);
  const from = ofMonth(c, month, dayShare);
  const to = ofMonth(c, next, dayShare);
  return {
    tempC: from.tempC + share * (to.tempC - from.tempC),
    rhPct: from.rhPct + share * (to.rhPct - from.rhPct),
  };
}

function ofMonth(c: StationClimate, month: number, dayShare: number) {
  const at = (values: number[]) => values[month] as number;
  const tempC = at(c.minC) + (at(c.maxC) - at(c.minC)) * dayShare;
  // Humidity falls as the day warms: the line through the 9 am and 3 pm means.
  const span = at(c.temp3pmC) - at(c.temp9amC);
  const perDegree = Math.abs(span) > 0.5 ? (at(c.rh3pmPct) - at(c.rh9amPct)) / span : 0;
  const rhPct = at(c.rh9amPct) + perDegree * (tempC - at(c.temp9amC));
  return { tempC, rhPct: Math.min(98, Math.max(10, rhPct)) };
}

/** The two months (0–11, UTC) whose middles are around an instant, and how far it is between them. */
function monthsAround(utcMs: number): { month: number; next: number; share: number } {
  const date = new Date(utcMs);
  const year = date.getUTCFullYear();
  const middleMs = (m: number) => (Date.UTC(year, m) + Date.UTC(year, m + 1)) / 2;
  const own = date.getUTCMonth();
  const month = utcMs < middleMs(own) ? own - 1 : own;
  const share = (utcMs - middleMs(month)) / (middleMs(month + 1) - middleMs(month));
  return { month: (month + 12) % 12, next: (month + 1) % 12, share };
}
