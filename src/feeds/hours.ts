import { floorToHour } from '../core/model/time.ts';

/** One reading of a source: an instant or the beginning of an interval, and its value. */
export interface Reading {
  utcMs: number;
  value: number | null;
}

/**
 * Readings by hour, as the mean of those that begin in it. Order does not matter. An instant that
 * comes twice with one value counts once; with two values nobody knows which is true, and it counts
 * as missing, as does null.
 */
export function hourlyMeans(readings: readonly Reading[]): Map<number, number> {
  const byInstant = new Map<number, number>();
  for (const { utcMs, value } of readings) {
    const known = byInstant.get(utcMs);
    const same = known === undefined || known === value;
    byInstant.set(utcMs, same && value !== null ? value : Number.NaN);
  }
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [utcMs, value] of byInstant) {
    if (!Number.isFinite(value)) continue;
    const hour = floorToHour(utcMs);
    const { sum, count } = sums.get(hour) ?? { sum: 0, count: 0 };
    sums.set(hour, { sum: sum + value, count: count + 1 });
  }
  return new Map([...sums].map(([hour, { sum, count }]) => [hour, sum / count]));
}
