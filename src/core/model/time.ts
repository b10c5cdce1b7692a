import { MS_PER_HOUR } from './units.ts';

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let f = formatters.get(timeZone);
  if (f === undefined) {
    f = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      hour: 'numeric',
      minute: 'numeric',
    });
    formatters.set(timeZone, f);
  }
  return f;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

interface LocalTime {
  /** 0–6, from Monday. */
  weekday: number;
  /** 0–23 */
  hour: number;
  minute: number;
}

/** Day of the week, hour and minute on the wall clock of an IANA zone. */
function localTime(utcMs: number, timeZone: string): LocalTime {
  const local: LocalTime = { weekday: 0, hour: 0, minute: 0 };
  for (const part of formatter(timeZone).formatToParts(utcMs)) {
    if (part.type === 'hour' || part.type === 'minute') {
      local[part.type] = Number(part.value);
    } else if (part.type === 'weekday') {
      local.weekday = WEEKDAYS.indexOf(part.value);
    }
  }
  return local;
}

/** Wall-clock times of recent quarter hours: Intl is too slow for a year of hours by site. */
const cache = new Map<string, Map<number, LocalTime>>();
const CACHE_LIMIT = 50_000;

function cachedLocalTime(utcMs: number, timeZone: string): LocalTime {
  const quarter = Math.floor(utcMs / (MS_PER_HOUR / 4));
  let zone = cache.get(timeZone);
  if (zone === undefined || zone.size > CACHE_LIMIT) {
    zone = new Map();
    cache.set(timeZone, zone);
  }
  let local = zone.get(quarter);
  if (local === undefined) {
    local = localTime(utcMs, timeZone);
    zone.set(quarter, local);
  }
  return local;
}

/** Hour of the day, 0–23, on the wall clock of an IANA zone. */
export function localHour(utcMs: number, timeZone: string): number {
  return cachedLocalTime(utcMs, timeZone).hour;
}

/** Hour of the week, 0–167 from Monday's midnight, on the wall clock of an IANA zone. */
export function localHourOfWeek(utcMs: number, timeZone: string): number {
  const { weekday, hour } = cachedLocalTime(utcMs, timeZone);
  return 24 * weekday + hour;
}

const dateFormatters = new Map<string, Intl.DateTimeFormat>();

/** Date on the wall clock of an IANA zone, such as 2026-01-15. */
export function localDate(utcMs: number, timeZone: string): string {
  let f = dateFormatters.get(timeZone);
  if (f === undefined) {
    f = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
    dateFormatters.set(timeZone, f);
  }
  return f.format(utcMs);
}

/** Whether the runtime knows this IANA zone. */
export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** Beginning of the hour that holds this instant. */
export function floorToHour(utcMs: number): number {
  return Math.floor(utcMs / MS_PER_HOUR) * MS_PER_HOUR;
}

const ISO_FORM =
  /^(\d{4}-\d\d-\d\d)(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?$/;

/**
 * An ISO date (its UTC midnight), or an instant with `Z` or an offset, in ms; undefined for anything
 * else. `Date.parse` reads a time without a zone as local, and 30 February as 2 March.
 */
export function parseUtcMs(text: string): number | undefined {
  const day = ISO_FORM.exec(text)?.[1];
  if (day === undefined) return undefined;
  const midnightMs = Date.parse(day);
  if (Number.isNaN(midnightMs)) return undefined;
  return new Date(midnightMs).toISOString().startsWith(day) ? Date.parse(text) : undefined;
}
