import type { SlotView } from '../core/planning/view.ts';
import { figure, HOUR_MS, MINUTE_MS, percent } from './format.ts';
import type { Measured } from './types.ts';

/** What comes beside what the plan expects, in words. */

/** Demand within these multiples of the plan's is not worth a word. */
const LEAST_SHARE = 0.2;
const GREATEST_SHARE = 2;
/** So much of the hour must be over, and so many requests due or come, before it is told. */
const LEAST_MS = 10 * MINUTE_MS;
const LEAST_REQUESTS = 30;

const demandOf = ({ plan }: SlotView) => plan.reqPerS + plan.unservedReqPerS;

/** Of a run that sends its requests itself. @param reqPerS in the mean of a day */
export function madeUpText(reqPerS: number, slots: readonly SlotView[] | null | undefined): string {
  const planned = (slots ?? []).reduce((sum, s) => sum + demandOf(s), 0) / (slots?.length ?? 0);
  const share = planned > 0 ? `, ${percent(reqPerS / planned)} of the plan’s demand` : '';
  return `Simulated: made-up requests, ${figure(reqPerS)} a second in the mean of a day${share}.`;
}

/**
 * Where far fewer or more requests come than the plan has for this hour; undefined where it is not far,
 * or too early to tell. Both the receipts of the hour and what sites answered in the last minute must
 * say so: a system that began within the hour, and a burst, are neither.
 * @param attemptsPerS of the last minute
 */
export function demandRemark(
  { nowUtcMs, receipts }: Measured,
  attemptsPerS: number,
  slot: SlotView,
): string | undefined {
  if (receipts === null) return undefined;
  const { hour } = receipts;
  const elapsedMs = nowUtcMs - hour.fromUtcMs;
  const isOfHour = slot.utcMs < nowUtcMs && nowUtcMs <= slot.utcMs + HOUR_MS;
  const plannedPerS = demandOf(slot);
  const due = (plannedPerS * elapsedMs) / 1000;
  if (!isOfHour || elapsedMs < LEAST_MS || Math.max(due, hour.requests) < LEAST_REQUESTS) {
    return undefined;
  }
  const shares = [hour.requests / due, attemptsPerS / plannedPerS];
  const isFew = shares.every((s) => s < LEAST_SHARE);
  if (!isFew && !shares.every((s) => s > GREATEST_SHARE)) return undefined;
  const came = figure((1000 * hour.requests) / elapsedMs);
  return `Far ${isFew ? 'fewer' : 'more'} requests come than the plan of this hour expects: ${came} a second since it began, ${figure(plannedPerS)} planned. What it does for cost and carbon is worked out for those.`;
}
