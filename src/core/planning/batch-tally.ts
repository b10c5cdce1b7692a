import type { DispatchProblem } from '../optimizer/problem.ts';
import { type ServedPart, scheduleOf } from './schedule.ts';
import type { BatchTotals } from './span-totals.ts';

/** Sums of what became of work that may wait. */
export class BatchTally {
  #served = 0;
  #moved = 0;
  #delayHours = 0;
  #unserved = 0;

  /**
   * Adds a block of slots.
   * @param requests in a (req/s)·slot: seconds of a slot
   */
  add(
    p: DispatchProblem,
    flow: readonly Float64Array[],
    unserved: readonly Float64Array[],
    slotHours: number,
    requests: number,
  ): void {
    if (!p.batch) return;
    for (const part of scheduleOf(p, flow, unserved)) this.#addPart(part, slotHours, requests);
  }

  #addPart(part: ServedPart, slotHours: number, requests: number): void {
    const count = part.amount * requests;
    if (part.isUnserved) {
      this.#unserved += count;
      return;
    }
    this.#served += count;
    if (part.slot > part.released) this.#moved += count;
    this.#delayHours += count * (part.slot - part.released) * slotHours;
  }

  totals(): BatchTotals {
    const perServed = (sum: number) => (this.#served > 0 ? sum / this.#served : 0);
    return {
      requests: this.#served + this.#unserved,
      unservedRequests: this.#unserved,
      movedShare: perServed(this.#moved),
      meanDelayHours: perServed(this.#delayHours),
    };
  }
}
