import { z } from 'zod';
import { clamp } from '../clamp.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import { BAND_LEADS_H, type Band, bandAfterMiss, bandSchema, newBands, widthsAt } from './band.ts';
import { limited, log, short } from './logarithm.ts';

/**
 * Requests of one zone and class, hour by hour. With the prior m(h) of the hour from population, a scale
 * s, a profile p of the week and the level l of the last hours, all logarithms, the forecast made at the
 * end of an hour for the one that ends `lead` hours later is
 *
 *     ln n = ln m + s + p + (l − s)·exp(−(lead − 1)/τ),   p = day[hour of day] + week[hour of week]
 *
 * All four are exponentially smoothed (Holt 1957; Winters 1960 for the seasons; Gardner and McKenzie
 * 1985 for a deviation damped with the lead). Constants were chosen on traces:
 * docs/decisions/0029-demand.md. How bands are learned: band.ts.
 */
export const HOURS_OF_WEEK = 168;
const HOURS_OF_DAY = 24;

const LEVEL_GAIN = 0.8;
const DAY_GAIN = 0.2;
const WEEK_GAIN = 0.2;
const SCALE_HOURS = 2 * HOURS_OF_WEEK;
const LEAD_TAU_H = 14;
/** Hours of which any count is believed: of the scale nothing is known before but the prior. */
const LEARNING_HOURS = 3;

/** Requests added to both sides of a ratio, so that few requests say little and none has a logarithm. */
const PSEUDO_REQUESTS = 4;
/** What an hour may differ by, as a logarithm: more is taken for this. The profile takes less. */
const STEP = [-0.7, 1.5] as const;
const PROFILE_STEP = 0.5;
/** So small a part of what is expected, where that is not few, is a fault's hour: skipped, for so long. */
const OUTAGE_SHARE = 0.1;
const OUTAGE_MIN_REQUESTS = 20;
const OUTAGE_HOURS = 6;
const LEVELS_KEPT = 24;

export const seriesStateSchema = z.strictObject({
  version: z.literal(1),
  /** Beginning of the last hour counted; null before the first. */
  lastUtcMs: z.int().nullable(),
  hoursSeen: z.int().nonnegative(),
  scale: log,
  day: z.array(log).length(HOURS_OF_DAY),
  week: z.array(log).length(HOURS_OF_WEEK),
  /** Scale and level after each of the last hours, latest first; null after an hour not counted. */
  levels: z.array(log.nullable()).max(LEVELS_KEPT),
  /** Hours of a fault in a row. */
  outageHours: z.int().nonnegative(),
  /** By lead. */
  bands: z.array(bandSchema).length(BAND_LEADS_H.length),
});
export type SeriesState = z.infer<typeof seriesStateSchema>;

/** An hour: when it begins, its hour of the local week (0–167), and the requests that the prior expects. */
export interface Hour {
  utcMs: number;
  hourOfWeek: number;
  priorRequests: number;
}

/** Requests in an hour, and the band that nine of ten hours are to be in. */
export interface Forecast {
  requests: number;
  low: number;
  high: number;
}

export function emptySeries(): SeriesState {
  return {
    version: 1,
    lastUtcMs: null,
    hoursSeen: 0,
    scale: 0,
    day: new Array<number>(HOURS_OF_DAY).fill(0),
    week: new Array<number>(HOURS_OF_WEEK).fill(0),
    levels: [],
    outageHours: 0,
    bands: newBands(),
  };
}

/**
 * The state after an hour. A count that is none (NaN, negative, infinite) is a gap, not a zero; an hour
 * no later than the last one is known already, and left out.
 */
export function observe(before: SeriesState, hour: Hour, requests: number): SeriesState {
  if (!(requests >= 0 && requests < Infinity)) return before;
  const { lastUtcMs } = before;
  if (lastUtcMs !== null && hour.utcMs <= lastUtcMs) return before;
  const passedH = lastUtcMs === null ? 1 : Math.round((hour.utcMs - lastUtcMs) / MS_PER_HOUR);
  const state = skipped(before, passedH - 1);
  const level = state.levels[0] ?? state.scale;
  const expected = Math.exp(limited(base(state, hour) + level));
  const seen = {
    ...state,
    lastUtcMs: hour.utcMs,
    hoursSeen: state.hoursSeen + 1,
    bands: state.bands.map((band, n) => bandAfter(state, band, n, hour, requests)),
  };
  const isLearning = state.hoursSeen < LEARNING_HOURS;
  const isOutage =
    !isLearning && expected > OUTAGE_MIN_REQUESTS && requests < OUTAGE_SHARE * expected;
  const outageHours = isOutage ? state.outageHours + 1 : 0;
  if (isOutage && outageHours <= OUTAGE_HOURS) {
    return { ...seen, outageHours, levels: [level, ...state.levels].slice(0, LEVELS_KEPT) };
  }
  const differs = Math.log((requests + PSEUDO_REQUESTS) / (expected + PSEUDO_REQUESTS));
  const step = isLearning ? differs : clamp(differs, STEP[0], STEP[1]);
  return { ...seen, outageHours, ...smoothed(state, hour, level, step, isLearning) };
}

/** Scale, profile and levels after an hour that differed by so much from the level's. */
function smoothed(state: SeriesState, hour: Hour, level: number, step: number, isFirst: boolean) {
  const levelNow = level + (isFirst ? 1 : LEVEL_GAIN) * step;
  const scaleGain = Math.max(1 / (state.hoursSeen + 1), 1 / SCALE_HOURS);
  let scale = state.scale + scaleGain * (levelNow - state.scale);
  const rest = isFirst ? 0 : clamp(level + step - scale, -PROFILE_STEP, PROFILE_STEP);
  const ofDay = hour.hourOfWeek % HOURS_OF_DAY;
  const day = state.day.map((v, h) => v + (h === ofDay ? DAY_GAIN * rest : 0));
  const mean = day.reduce((a, b) => a + b, 0) / HOURS_OF_DAY;
  scale += mean;
  const week = [...state.week];
  const old = state.week[hour.hourOfWeek] as number;
  week[hour.hourOfWeek] = short(old + WEEK_GAIN * (1 - DAY_GAIN) * rest);
  return {
    scale: limited(scale),
    day: day.map((v) => short(v - mean)),
    week,
    levels: [short(levelNow), ...state.levels].slice(0, LEVELS_KEPT),
  };
}

/** The state after hours of which nothing is known: the level goes back to the scale. */
function skipped(state: SeriesState, hours: number): SeriesState {
  if (hours <= 0) return state;
  const level = state.levels[0] ?? state.scale;
  const left = state.scale + (level - state.scale) * Math.exp(-hours / LEAD_TAU_H);
  const unknown = new Array<null>(Math.min(hours, LEVELS_KEPT) - 1).fill(null);
  return {
    ...state,
    outageHours: 0,
    levels: [short(left), ...unknown, ...state.levels].slice(0, LEVELS_KEPT),
  };
}

/** What is expected of an hour; the prior itself before anything was counted. */
export function forecast(state: SeriesState, hour: Hour): Forecast {
  const leadH =
    state.lastUtcMs === null ? 1 : Math.max(1, (hour.utcMs - state.lastUtcMs) / MS_PER_HOUR);
  const requests =
    state.lastUtcMs === null
      ? hour.priorRequests
      : Math.exp(ahead(state, hour, state.levels[0] ?? state.scale, leadH));
  const [low, high] = widthsAt(state.bands, leadH);
  const at = (log: number) => (requests + PSEUDO_REQUESTS) * Math.exp(log) - PSEUDO_REQUESTS;
  return { requests, low: Math.max(0, Math.min(requests, at(-low))), high: at(high) };
}

/** Logarithm of what was expected of an hour at the level of `leadH` hours before. */
function ahead(state: SeriesState, hour: Hour, level: number, leadH: number): number {
  const left = Math.exp(-(leadH - 1) / LEAD_TAU_H);
  return limited(base(state, hour) + state.scale + (level - state.scale) * left);
}

/** Logarithm of the prior times the profile. */
function base(state: SeriesState, hour: Hour): number {
  const day = state.day[hour.hourOfWeek % HOURS_OF_DAY] as number;
  const prior = Math.max(hour.priorRequests, 1e-3);
  return Math.log(prior) + day + (state.week[hour.hourOfWeek] as number);
}

/** A band after an hour that was forecast n-th lead before it. */
function bandAfter(state: SeriesState, band: Band, n: number, hour: Hour, requests: number): Band {
  const leadH = BAND_LEADS_H[n] as number;
  const level = state.levels[leadH - 1];
  if (level === undefined || level === null) return band;
  const expected = Math.exp(ahead(state, hour, level, leadH));
  const error = Math.log((requests + PSEUDO_REQUESTS) / (expected + PSEUDO_REQUESTS));
  return bandAfterMiss(band, leadH, error);
}
