import { added } from '../planning/span-sums.ts';
import type { SpanSums } from '../planning/span-totals.ts';
import {
  type Interval,
  percentInterval,
  pointsInterval,
  type Resampling,
  resampledDays,
} from './bootstrap.ts';

/** What comparisons are made in. Cooling apart from all energy, always. */
export const metrics = [
  'objectiveAud',
  'energyCostAud',
  'facilityKwh',
  'coolingKwh',
  'carbonKg',
  'waterL',
] as const;

export type Metric = (typeof metrics)[number];

/** A policy's days, one after another. */
export interface PolicyDays {
  policy: string;
  days: readonly SpanSums[];
}

/** One policy less another, in percent of the other. */
export type Change = Record<Metric, Interval>;

/** The same days of two policies; `draws` of {@link drawsFor} as many days. */
export function change(
  ours: readonly SpanSums[],
  theirs: readonly SpanSums[],
  draws: readonly Int32Array[],
  level: number,
): Change {
  if (ours.length !== theirs.length) {
    throw new RangeError(`${ours.length} days against ${theirs.length}: expected the same days`);
  }
  return Object.fromEntries(
    metrics.map((m) => [m, percentInterval(by(ours, m), by(theirs, m), draws, level)]),
  ) as Change;
}

const by = (days: readonly SpanSums[], metric: Metric) => Float64Array.from(days, (d) => d[metric]);

/** Two policies over some days: what one is less the other. */
export type Pair = readonly [ours: readonly SpanSums[], theirs: readonly SpanSums[]];

/** By how many points the change of one pair is more than that of another, over the same days. */
export function pointsBetween(
  pair: Pair,
  before: Pair,
  draws: readonly Int32Array[],
  level: number,
): Change {
  if (pair[0].length !== before[0].length) {
    throw new RangeError(`${pair[0].length} days against ${before[0].length}: expected the same`);
  }
  const of = ([ours, theirs]: Pair, m: Metric) => [by(ours, m), by(theirs, m)] as const;
  return Object.fromEntries(
    metrics.map((m) => [m, pointsInterval(of(pair, m), of(before, m), draws, level)]),
  ) as Change;
}

/** Figures of a policy over some days that people read. */
export interface Row extends SpanSums {
  policy: string;
  ttftMeanMs: number;
  lateShare: number;
  unservedShare: number;
  /** The reference policy less this one, in percent; absent for the reference itself. */
  against?: Change;
}

/** Days picked out of a span, and every policy over them. */
export interface Table {
  days: number;
  rows: Row[];
}

/**
 * Every policy over the days picked.
 * @param reference the policy whose differences to the others are told; it must be among them
 */
export function table(
  policies: readonly PolicyDays[],
  reference: string,
  picked: readonly number[],
  resampling: Resampling,
): Table {
  const pick = (days: readonly SpanSums[]) => picked.map((d) => days[d] as SpanSums);
  const found = policies.find((p) => p.policy === reference);
  if (!found) throw new RangeError(`no days of the reference policy "${reference}"`);
  const ours = pick(found.days);
  const draws = resampledDays(picked.length, resampling);
  return {
    days: picked.length,
    rows: policies.map(({ policy, days }) => {
      const theirs = pick(days);
      const sums = added(theirs);
      return {
        policy,
        ...sums,
        ttftMeanMs: ratio(sums.userTtftMs, sums.servedUserRequests),
        lateShare: ratio(sums.lateUserRequests, sums.userRequests),
        unservedShare: ratio(sums.unservedRequests, sums.requests),
        ...(policy !== reference && { against: change(ours, theirs, draws, resampling.level) }),
      };
    }),
  };
}

const ratio = (a: number, b: number) => (b > 0 ? a / b : 0);
