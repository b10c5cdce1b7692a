import { MS_PER_HOUR } from '../../core/model/units.ts';
import {
  countRequests,
  type Drift,
  hasPriceMoved,
  judgeWindow,
  noDrift,
} from '../../core/planning/drift.ts';
import { windowEnds } from '../../core/planning/watch-windows.ts';
import type { LoopSpec } from './closed-loop.ts';
import type { Planned } from './loop-plan.ts';

/** How often isolates report what came; in a deployment it is every five seconds. */
const REPORT_MS = 60_000;

/** What asks for a plan between those of the clock. */
export type DriftKind = 'demand' | 'price' | 'loss';

/** Whether what comes has left what a plan was made for, by the rules of a deployment. */
export class Watch {
  #drift: Drift;

  constructor(startUtcMs: number) {
    this.#drift = noDrift(startUtcMs);
  }

  /** Takes in what came in a step by a plan. True if a new plan is to be made at its end. */
  demandDrifts(spec: LoopSpec, planned: Planned, utcMs: number): boolean {
    const plannedReqPerS = planned.demandAt(utcMs).reduce((a, b) => a + b, 0);
    let isDrifting = false;
    const endMs = utcMs + (spec.stepMinutes * MS_PER_HOUR) / 60;
    for (let ms = utcMs; ms < endMs; ms += REPORT_MS) {
      const came = spec.asked.reqPerS(ms, REPORT_MS).reduce((a, b) => a + b, 0);
      const nowMs = ms + REPORT_MS;
      this.#drift = countRequests(this.#drift, (came * REPORT_MS) / 1000, nowMs);
      if (!windowEnds(this.#drift, nowMs)) continue;
      const judged = judgeWindow(this.#drift, plannedReqPerS, nowMs);
      this.#drift = judged.drift;
      isDrifting ||= judged.isDrifting;
    }
    return isDrifting;
  }
}

/** Whether a wholesale price has jumped since the step before, as a deployment hears of it. */
export function pricesDrift(spec: LoopSpec, utcMs: number): boolean {
  const beforeMs = utcMs - (spec.stepMinutes * MS_PER_HOUR) / 60;
  return spec.fleet.sites.some(({ id }) => {
    const [before, now] = [beforeMs, utcMs].map((ms) => spec.spotAudPerMwh?.(id, ms));
    return before !== undefined && now !== undefined && hasPriceMoved(before, now);
  });
}
