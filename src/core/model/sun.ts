import type { Coordinates } from './geo.ts';
import { MS_PER_HOUR } from './units.ts';

/** Where the sun is in its year. */
export interface SunInYear {
  declinationRad: number;
  /** Apparent less mean solar time, in minutes. */
  equationOfTimeMin: number;
}

const RAD = Math.PI / 180;
const J2000_UTC_MS = Date.UTC(2000, 0, 1, 12);

/**
 * Low-precision formulas of the Astronomical Almanac (as in "Computing Approximate Solar Coordinates",
 * U.S. Naval Observatory): within 0.02° and a few seconds of time from 1950 to 2050.
 */
export function sunInYear(utcMs: number): SunInYear {
  const days = (utcMs - J2000_UTC_MS) / (24 * MS_PER_HOUR);
  const anomaly = (357.529 + 0.98560028 * days) * RAD;
  const meanLongitudeDeg = 280.459 + 0.98564736 * days;
  const longitude =
    (meanLongitudeDeg + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RAD;
  const obliquity = (23.439 - 0.00000036 * days) * RAD;
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude));
  // Within half a turn of zero; four minutes a degree.
  const ahead = meanLongitudeDeg - ascension / RAD;
  return {
    declinationRad: Math.asin(Math.sin(obliquity) * Math.sin(longitude)),
    equationOfTimeMin: 4 * (ahead - 360 * Math.round(ahead / 360)),
  };
}

/** Sine of the sun's elevation, which is the cosine of its zenith angle; negative at night. No refraction. */
export function sinElevation(place: Coordinates, utcMs: number): number {
  const { declinationRad, equationOfTimeMin } = sunInYear(utcMs);
  const dayMs = ((utcMs % (24 * MS_PER_HOUR)) + 24 * MS_PER_HOUR) % (24 * MS_PER_HOUR);
  // 4 minutes a degree east of Greenwich; noon is hour angle zero.
  const solarMin = (dayMs / MS_PER_HOUR) * 60 + equationOfTimeMin + 4 * place.lonDeg;
  const hourAngle = (solarMin / 4 - 180) * RAD;
  const lat = place.latDeg * RAD;
  return (
    Math.sin(lat) * Math.sin(declinationRad) +
    Math.cos(lat) * Math.cos(declinationRad) * Math.cos(hourAngle)
  );
}
