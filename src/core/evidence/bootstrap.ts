/** An estimate with the interval that resampling gives it; null where there are too few days for one. */
export interface Interval {
  value: number;
  low: number | null;
  high: number | null;
}

export interface Resampling {
  /** Consecutive days that stay together. */
  blockDays: number;
  resamples: number;
  /** Of the interval: 0.95. */
  level: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * Days drawn for each resample: the moving-block bootstrap (Künsch, Ann. Statist. 17, 1989), in the
 * circular form of Politis and Romano (1992), in which the last day is followed by the first so that
 * every day is drawn equally often. Blocks keep what days have to do with one another: a hot spell, a
 * week of high prices. Drawn once for all figures, so that their intervals belong together. Nothing is
 * drawn of fewer days than two blocks: a block as long as the span is all of it, whichever day it
 * begins with, and would tell an interval without width.
 */
export function resampledDays(
  days: number,
  { blockDays, resamples, random }: Resampling,
): Int32Array[] {
  if (!bearsInterval(days, blockDays)) return [];
  return Array.from({ length: resamples }, () => {
    const drawn = new Int32Array(days);
    for (let at = 0; at < days; at += blockDays) {
      const first = Math.floor(random() * days);
      const end = Math.min(at + blockDays, days);
      for (let d = at; d < end; d++) drawn[d] = (first + d - at) % days;
    }
    return drawn;
  });
}

/** Whether so many days are enough for intervals. */
export function bearsInterval(days: number, blockDays: number): boolean {
  return days >= 2 * blockDays;
}

/**
 * Percentile interval of how much `ours` is above `theirs`, in percent of theirs: the ratio of sums, not
 * the mean of ratios, so that days count by their size. No interval where nothing was drawn.
 */
export function percentInterval(
  ours: Float64Array,
  theirs: Float64Array,
  draws: readonly Int32Array[],
  level: number,
): Interval {
  return intervalOf((drawn) => drawnPercent(ours, theirs, drawn), draws, level);
}

/**
 * By how many points a percent change is more than another of the same days, with its percentile
 * interval: each draw takes the same days of all four.
 */
export function pointsInterval(
  [ours, theirs]: readonly [Float64Array, Float64Array],
  [oursBefore, theirsBefore]: readonly [Float64Array, Float64Array],
  draws: readonly Int32Array[],
  level: number,
): Interval {
  const points = (drawn: Int32Array | undefined) =>
    drawnPercent(ours, theirs, drawn) - drawnPercent(oursBefore, theirsBefore, drawn);
  return intervalOf(points, draws, level);
}

function drawnPercent(
  ours: Float64Array,
  theirs: Float64Array,
  drawn: Int32Array | undefined,
): number {
  let [a, b] = [0, 0];
  for (let n = 0; n < ours.length; n++) {
    const d = drawn ? (drawn[n] as number) : n;
    a += ours[d] as number;
    b += theirs[d] as number;
  }
  return percentChange(a, b);
}

/** @param of a figure of drawn days; undefined: of all as they are */
function intervalOf(
  of: (drawn: Int32Array | undefined) => number,
  draws: readonly Int32Array[],
  level: number,
): Interval {
  const value = of(undefined);
  const values = Float64Array.from(draws, of).sort();
  if (values.length === 0) return { value, low: null, high: null };
  const tail = (1 - level) / 2;
  return { value, low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** What a is above b, in percent of b's size; 0 where both are nothing. */
export function percentChange(a: number, b: number): number {
  return a === b ? 0 : (100 * (a - b)) / Math.abs(b);
}

/** Of sorted values, linear between them (type 7 of Hyndman and Fan, 1996). */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return a + (b - a) * (at - low);
}
