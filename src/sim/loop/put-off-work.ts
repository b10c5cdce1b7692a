import type { PublicFleet } from '../../core/model/fleet.ts';
import { mayWait } from '../../core/model/request-class.ts';
import { floorToHour } from '../../core/model/time.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { BatchTally } from '../../core/planning/batch-tally.ts';
import type { PutOff } from '../../core/planning/put-off.ts';
import type { BatchTotals } from '../../core/planning/span-totals.ts';

/** Requests of an hour to come, by the hour they first came in; index as of rows. */
type Comers = Map<number, Float64Array>;

/**
 * Work that may wait in a loop, as clients of a deployment have it: of what comes in an hour the plan in
 * force tells a share to come back in a later one, and whoever comes back is served. Who finds no room
 * comes again an hour later while there is time, and is unserved after. When the span ends, all time is over.
 */
export class PutOffWork {
  readonly #fleet: PublicFleet;
  readonly #endUtcMs: number;
  readonly #waiting = new Map<number, Comers>();
  #step: Comers = new Map();
  #stepS = 0;
  readonly #tally = new BatchTally();

  constructor(fleet: PublicFleet, endUtcMs: number) {
    this.#fleet = fleet;
    this.#endUtcMs = endUtcMs;
  }

  /**
   * A step begins: in `reqPerS`, by row, what comes becomes what is to be served now, in place.
   * @param putOff of the plan in force in this hour; absent: all is served as it comes
   */
  begin(reqPerS: Float64Array, utcMs: number, stepMs: number, putOff?: PutOff): void {
    const hourMs = floorToHour(utcMs);
    this.#stepS = stepMs / 1000;
    this.#step = new Map();
    for (const [cameMs, requests] of this.#waiting.get(hourMs) ?? []) {
      this.#step.set(
        cameMs,
        requests.map((n) => (n * stepMs) / MS_PER_HOUR),
      );
    }
    this.#eachRow((row, zone, cls) => {
      const came = (reqPerS[row] as number) * this.#stepS;
      const told = putOff?.[cls]?.[zone];
      let now = came;
      for (const [later, planned] of told?.later ?? []) {
        const backMs = hourMs + later * MS_PER_HOUR;
        const share = planned / Math.max(told?.cameReqPerS ?? 0, 1e-300);
        if (backMs >= this.#endUtcMs) continue;
        const much = Math.min(now, came * share);
        this.#add(backMs, hourMs, row, much);
        now -= much;
      }
      add(this.#step, hourMs, row, now, reqPerS.length);
      reqPerS[row] = sumOf(this.#step, row) / this.#stepS;
    });
  }

  /**
   * The step is over: of what nobody served, who has time left comes again.
   * @param unserved req/s by row; what stays of the rows that may wait is unserved for good
   */
  end(unserved: Float64Array, utcMs: number): void {
    const hourMs = floorToHour(utcMs);
    const nextMs = hourMs + MS_PER_HOUR;
    this.#eachRow((row, _zone, _cls, delayHours) => {
      const asked = sumOf(this.#step, row);
      const lost = (unserved[row] as number) * this.#stepS;
      const lostShare = asked > 0 ? Math.min(1, lost / asked) : 0;
      let forGood = 0;
      for (const [cameMs, requests] of this.#step) {
        const much = requests[row] as number;
        const missed = much * lostShare;
        this.#tally.serve(much - missed, (hourMs - cameMs) / MS_PER_HOUR);
        const isInTime = nextMs < this.#endUtcMs && nextMs - cameMs < delayHours * MS_PER_HOUR;
        if (isInTime) this.#add(nextMs, cameMs, row, missed);
        else forGood += missed;
      }
      this.#tally.leave(forGood);
      unserved[row] = forGood / this.#stepS;
    });
  }

  /** What has been put off to a horizon's slots by work that came before it, req/s; index as of demand. */
  back(startUtcMs: number, slotCount: number): Float64Array {
    const rows = this.#fleet.zones.length * this.#fleet.classes.length;
    const back = new Float64Array(slotCount * rows);
    for (let t = 0; t < slotCount; t++) {
      for (const [cameMs, requests] of this.#waiting.get(startUtcMs + t * MS_PER_HOUR) ?? []) {
        if (cameMs >= startUtcMs) continue;
        for (let r = 0; r < rows; r++) {
          const at = t * rows + r;
          back[at] = (back[at] as number) + ((requests[r] as number) * 1000) / MS_PER_HOUR;
        }
      }
    }
    return back;
  }

  /** Hours that are over are kept no longer. */
  forget(beforeUtcMs: number): void {
    for (const ms of this.#waiting.keys()) if (ms < beforeUtcMs) this.#waiting.delete(ms);
  }

  totals(): BatchTotals {
    return this.#tally.totals();
  }

  #add(backMs: number, cameMs: number, row: number, requests: number): void {
    const comers = this.#waiting.get(backMs) ?? new Map<number, Float64Array>();
    this.#waiting.set(backMs, comers);
    add(comers, cameMs, row, requests, this.#fleet.zones.length * this.#fleet.classes.length);
  }

  #eachRow(of: (row: number, zone: string, cls: string, delayHours: number) => void): void {
    this.#fleet.zones.forEach((zone, i) => {
      this.#fleet.classes.forEach((cls, k) => {
        if (mayWait(cls))
          of(i * this.#fleet.classes.length + k, zone.id, cls.id, cls.maxDelayHours as number);
      });
    });
  }
}

function add(comers: Comers, cameMs: number, row: number, requests: number, rows: number): void {
  const of = comers.get(cameMs) ?? new Float64Array(rows);
  comers.set(cameMs, of);
  of[row] = (of[row] as number) + requests;
}

function sumOf(comers: Comers, row: number): number {
  let sum = 0;
  for (const requests of comers.values()) sum += requests[row] as number;
  return sum;
}
