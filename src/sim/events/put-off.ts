import type { Fleet } from '../../core/model/fleet.ts';
import { mayWait } from '../../core/model/request-class.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { servedAtMs, type WaitingPlan } from '../../core/routing/waiting.ts';

/** Of requests that may wait and came in the measured time. */
export interface WaitingFigures {
  /** Share told to come back in a later slot. */
  movedShare: number;
  /** From the slot they came in to the slot they are served in, mean of all. */
  meanDelayHours: number;
}

/**
 * Clients that give leave to put their requests off for as long as the class allows, and come back when
 * the router tells them: {@link servedAtMs} is the router's own.
 */
export class PatientClients {
  readonly #fleet: Fleet;
  readonly #plan: WaitingPlan;
  readonly #endS: number;
  #requests = 0;
  #moved = 0;
  #delayHours = 0;

  /** @param endS of the measured time, which begins with the plan */
  constructor(fleet: Fleet, plan: WaitingPlan, endS: number) {
    this.#fleet = fleet;
    this.#plan = plan;
    this.#endS = endS;
  }

  /**
   * When a request is to come back, s after the plan begins; undefined where it is served at once, as is
   * what comes before the plan begins.
   * @param text what tells the request from others
   */
  backS(zone: number, classIndex: number, text: string, timeS: number): number | undefined {
    const { classes, zones } = this.#fleet;
    const cls = classes[classIndex] as (typeof classes)[number];
    if (cls.maxDelayHours === undefined || timeS < 0 || timeS >= this.#endS) return undefined;
    this.#requests++;
    const { startUtcMs, slotHours } = this.#plan.header;
    const nowMs = startUtcMs + timeS * 1000;
    const waitUntilMs = nowMs + cls.maxDelayHours * MS_PER_HOUR;
    const id = zones[zone]?.id as string;
    const servedMs = servedAtMs(this.#plan, cls, id, { waitUntilMs, text }, nowMs);
    if (servedMs === undefined) return undefined;
    const slot = (ms: number) => Math.floor((ms - startUtcMs) / (slotHours * MS_PER_HOUR));
    this.#moved++;
    this.#delayHours += (slot(servedMs) - slot(nowMs)) * slotHours;
    return (servedMs - startUtcMs) / 1000;
  }

  /** So far; undefined where no class may wait. */
  figures(): WaitingFigures | undefined {
    if (!this.#fleet.classes.some(mayWait)) return undefined;
    const requests = Math.max(1, this.#requests);
    return { movedShare: this.#moved / requests, meanDelayHours: this.#delayHours / requests };
  }
}
