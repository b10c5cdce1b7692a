import type { DispatchProblem } from '../optimizer/problem.ts';
import { scheduleOf } from './schedule.ts';
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
  addBlock(
    p: DispatchProblem,
    flow: readonly Float64Array[],
    unserved: readonly Float64Array[],
    slotHours: number,
    requests: number,
  ): void {
    if (!p.batch) return;
    for (const part of scheduleOf(p, flow, unserved)) {
      const count = part.amount * requests;
      if (part.isUnserved) this.leave(count);
      else this.serve(count, (part.slot - part.released) * slotHours);
    }
  }

  /** Requests that were served so long after they came. */
  serve(requests: number, delayHours: number): void {
    this.#served += requests;
    this.#delayHours += requests * delayHours;
    if (delayHours > 0) this.#moved += requests;
  }

  /** Requests whose time ended. */
  leave(requests: number): void {
    this.#unserved += requests;
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
