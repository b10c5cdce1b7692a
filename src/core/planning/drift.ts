import { MS_PER_HOUR } from '../model/units.ts';
import { isDue, quietAfter, type Watch, wasSilent } from './watch-windows.ts';

/**
 * Whether what comes has left what was planned for. Requests are counted in windows (watch-windows.ts);
 * one is off if it holds more than half again of what was planned for, or less than half, and by more
 * than chance would have it: four deviations of a Poisson count. Constants are choices: bursts of minutes
 * are left to the margin, cron plans every quarter of an hour anyway.
 */
const MORE = 1.5;
const LESS = 0.5;
const DEVIATIONS = 4;

/** What a wholesale price may move by before a plan made with it is old, AUD/MWh, and its share. */
const PRICE_STEP_AUD_PER_MWH = 100;
const PRICE_STEP_SHARE = 0.5;

/**
 * Between plans while a site is down, in place of the clock's quarter of an hour: the others are then so
 * full that what comes within minutes decides what is late. For a day: a loss that lasts is no surprise.
 */
const LOSS_REPLAN_MS = MS_PER_HOUR / 12;
const LOSS_WATCHED_MS = 24 * MS_PER_HOUR;

/** Plain data, to be stored as it is. */
export interface Drift extends Watch {
  /** What came in the window under way. */
  requests: number;
  /** Windows in a row that were off, to the same side: positive ones above, negative ones below. */
  off: number;
}

export function noDrift(nowMs: number): Drift {
  return { fromMs: nowMs, requests: 0, off: 0, quietUntilMs: 0 };
}

/** What came since the last call. */
export function countRequests(drift: Drift, requests: number, nowMs: number): Drift {
  if (wasSilent(drift, nowMs)) {
    return { ...noDrift(nowMs), quietUntilMs: drift.quietUntilMs };
  }
  return { ...drift, requests: drift.requests + requests };
}

/**
 * The state after a window, and whether it is time for a new plan.
 * @param plannedReqPerS what the plan in force was made for, all zones and classes together
 */
export function judgeWindow(
  drift: Drift,
  plannedReqPerS: number,
  nowMs: number,
): { drift: Drift; isDrifting: boolean } {
  const planned = (plannedReqPerS * (nowMs - drift.fromMs)) / 1000;
  const chance = DEVIATIONS * Math.sqrt(planned);
  const isMore = drift.requests > MORE * planned + chance;
  const isLess = drift.requests < LESS * planned - chance;
  const off = isMore ? Math.max(0, drift.off) + 1 : isLess ? Math.min(0, drift.off) - 1 : 0;
  const next = { ...noDrift(nowMs), off, quietUntilMs: drift.quietUntilMs };
  if (!isDue(Math.abs(off), drift, nowMs)) return { drift: next, isDrifting: false };
  return { drift: { ...next, off: 0, quietUntilMs: quietAfter(nowMs) }, isDrifting: true };
}

/**
 * Whether the wholesale price of the present hour, AUD/MWh, has left the one told before: by more than
 * 100, and by more than half of the larger of the two. Five-minute prices of an ordinary day do not;
 * constants are choices.
 */
export function hasPriceMoved(beforeAudPerMwh: number, nowAudPerMwh: number): boolean {
  const step = Math.abs(nowAudPerMwh - beforeAudPerMwh);
  const larger = Math.max(Math.abs(nowAudPerMwh), Math.abs(beforeAudPerMwh));
  return step > PRICE_STEP_AUD_PER_MWH && step > PRICE_STEP_SHARE * larger;
}

/**
 * Whether sites that are down ask for another plan.
 * @param downSinceMs of each of them
 * @param plannedMs when the last plan was asked for
 */
export function lossAsksForPlan(
  downSinceMs: readonly number[],
  plannedMs: number,
  nowMs: number,
): boolean {
  const isFresh = downSinceMs.some((sinceMs) => nowMs - sinceMs < LOSS_WATCHED_MS);
  return isFresh && nowMs - plannedMs >= LOSS_REPLAN_MS;
}
