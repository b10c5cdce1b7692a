import { type Coordinates, greatCircleKm } from '../core/model/geo.ts';
import { decimal } from './format.ts';
import type { Issue } from './sites.ts';

/** Coordinates that are valid and yet hardly meant: swapped, or without their minus. */

interface Place extends Coordinates {
  id: string;
  timeZone: string;
}

/**
 * Between the clock and the sun. The most there is on land is about three hours: Kashgar, at 76° E,
 * keeps UTC+8. Two hours are rare enough to be held against the coordinates the other way round.
 */
const ODD_CLOCK_HOURS = 3.2;
const LATE_CLOCK_HOURS = 2;

/** A site this far from all others, that would be this near to one the other way round, is not meant so. */
const LONELY_KM = 2_000;
const BESIDE_KM = 1_000;

/** North of this, well outside the tropics, every July is warmer than January, and south of its opposite none. */
const SEASONS_FROM_DEG = 25;

/**
 * Faults of sites, and of zones that are not a site's own city.
 * @returns paths within the registry, each with what looks wrong and why
 */
export function placeWarnings(fleet: {
  sites: readonly Place[];
  zones: readonly Place[];
}): Issue[] {
  const isASite = (zone: Place) =>
    fleet.sites.some((s) => s.latDeg === zone.latDeg && s.lonDeg === zone.lonDeg);
  return (['sites', 'zones'] as const).flatMap((list) =>
    fleet[list].flatMap((place, j) =>
      list === 'zones' && isASite(place) ? [] : warningsOf(place, `${list}[${j}]`, fleet.sites),
    ),
  );
}

function warningsOf(place: Place, path: string, sites: readonly Place[]): Issue[] {
  const others = sites.filter(({ id }) => id !== place.id);
  const why = swapped(place, others);
  if (why !== undefined) {
    const found = `latDeg ${place.latDeg} and lonDeg ${place.lonDeg} look swapped: ${why}`;
    return [{ path, message: found }];
  }
  if (clockOffHours(place) <= ODD_CLOCK_HOURS) return [];
  const message =
    `${place.timeZone} keeps ${utcName(standardOffsetHours(place.timeZone))}, but the sun over ` +
    `longitude ${place.lonDeg} ${utcName(solarHours(place.lonDeg))}: ` +
    'is it another zone, or lonDeg without its minus?';
  return [{ path: `${path}.timeZone`, message }];
}

/** Why a place seems to have its coordinates the wrong way round; undefined where it does not. */
function swapped(place: Place, others: readonly Place[]): string | undefined {
  if (Math.abs(place.lonDeg) > 90) return undefined;
  const turned = { ...place, latDeg: place.lonDeg, lonDeg: place.latDeg };
  if (clockOffHours(place) > LATE_CLOCK_HOURS && clockOffHours(turned) <= 1) {
    return `${place.timeZone} fits the longitude ${turned.lonDeg}, not ${place.lonDeg}`;
  }
  const now = nearestOf(place, others);
  const then = nearestOf(turned, others);
  if (now === undefined || then === undefined) return undefined;
  if (now.km < LONELY_KM || then.km > BESIDE_KM || clockOffHours(turned) > LATE_CLOCK_HOURS)
    return undefined;
  return `it is ${decimal(now.km, 0)} km from the nearest other site, and the other way round ${decimal(then.km, 0)} km from "${then.id}"`;
}

function nearestOf(
  place: Coordinates,
  others: readonly Place[],
): { id: string; km: number } | undefined {
  return others
    .map((other) => ({ id: other.id, km: greatCircleKm(place, other) }))
    .toSorted((a, b) => a.km - b.km)[0];
}

/** A climate of the other hemisphere: latDeg without its minus, or two months swapped. */
export function seasonWarning(
  { latDeg }: Pick<Coordinates, 'latDeg'>,
  { januaryC, julyC }: { januaryC: number; julyC: number },
): string | undefined {
  const isNorth = latDeg > 0;
  if (Math.abs(latDeg) < SEASONS_FROM_DEG || (isNorth ? julyC >= januaryC : januaryC >= julyC)) {
    return undefined;
  }
  const [warm, cold] = isNorth ? ['January', 'July'] : ['July', 'January'];
  return `${warm} is warmer than ${cold}, which at latitude ${latDeg} it never is: is latDeg without its minus, or are the months swapped?`;
}

const solarHours = (lonDeg: number) => lonDeg / 15;

/** Hours by which a clock and the sun of a longitude differ, 12 at most. */
function clockOffHours({ timeZone, lonDeg }: Place): number {
  const off = Math.abs(standardOffsetHours(timeZone) - solarHours(lonDeg)) % 24;
  return Math.min(off, 24 - off);
}

/** Offset of a zone from UTC without daylight saving, hours. */
function standardOffsetHours(timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const offsets = [0, 6].map((month) => {
    const parts = format.formatToParts(Date.UTC(2026, month, 15));
    const text = parts.find((p) => p.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(text) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) + Number(minutes) / 60);
  });
  return Math.min(...offsets);
}

function utcName(offsetHours: number): string {
  const text = Number(Math.abs(offsetHours).toFixed(1));
  return text === 0 ? 'UTC' : `UTC${offsetHours < 0 ? '-' : '+'}${text}`;
}
