import type { RequestClass } from '../model/fleet.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { Plan, PlanHeader } from '../planning/plan.ts';
import { unitHash } from './rendezvous.ts';

/** A request that may wait, as its client puts it. */
export interface Patience {
  /** Its answer is wanted by then. The same every time the client asks. */
  waitUntilMs: number;
  /** What tells it from others, and is the same every time, too: its body. */
  text: string;
}

/** What of a plan says when work is served that may wait. */
export interface WaitingPlan extends Pick<Plan, 'putOff'> {
  header: Pick<PlanHeader, 'startUtcMs' | 'slotHours'>;
}

/**
 * When a plan wants a request served that may wait, or undefined for now. It came `maxDelayHours`
 * before it is due, or now if it has longer than that; the plan serves so much of what came in that
 * slot at once and so much in later slots, and the request's hash draws its place among them. A
 * request from before the plan's horizon was put off by an earlier one, and is served when it is back.
 */
export function servedAtMs(
  { header, putOff }: WaitingPlan,
  cls: RequestClass,
  zone: string,
  { waitUntilMs, text }: Patience,
  nowMs: number,
): number | undefined {
  if (cls.maxDelayHours === undefined) return undefined;
  const slotMs = header.slotHours * MS_PER_HOUR;
  const cameMs = Math.min(nowMs, waitUntilMs - cls.maxDelayHours * MS_PER_HOUR);
  const cameSlot = Math.floor((cameMs - header.startUtcMs) / slotMs);
  const of = putOff?.[cameSlot]?.[cls.id]?.[zone];
  if (!of) return undefined;
  // What is put off furthest has the highest places.
  let place = unitHash(text, String(waitUntilMs)) * of.cameReqPerS;
  for (const [later, reqPerS] of of.later.toReversed()) {
    const left = of.cameReqPerS - place;
    if (left < reqPerS) {
      // Spread over the slot, so that they do not all come back at once.
      const servedMs = header.startUtcMs + (cameSlot + later + left / reqPerS) * slotMs;
      const slotBeginsMs = header.startUtcMs + (cameSlot + later) * slotMs;
      return slotBeginsMs > nowMs && servedMs < waitUntilMs ? servedMs : undefined;
    }
    place += reqPerS;
  }
  return undefined;
}
