import { unloadedTtftMs } from '../model/eligibility.ts';
import type { Fleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import { siteWork } from '../model/site-power.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import type { SpanSums, SpanTotals } from './span-totals.ts';

/** TTFT histogram: 1 ms bins to 10 s. */
const BINS = 10_000;
/** Points of the exponential wait's distribution, at equal probability. */
const WAIT_QUANTILES = Array.from({ length: 20 }, (_, i) => -Math.log(1 - (i + 0.5) / 20));

/** Waiting at a site in a slot. */
export interface Wait {
  meanMs: number;
  /** Probability that a request waits at all. */
  probability: number;
}

/** Requests a zone was served, and their TTFT as it was and as it had been at the nearest site. */
interface ZoneSums {
  requests: number;
  ttftMs: number;
  nearestMs: number;
}

/**
 * How long users waited. Work that may wait is no user's: it has no TTFT and no SLO, only its time in
 * the sites' queues, which is charged as theirs is.
 */
export class TtftTally {
  readonly #fleet: Fleet;
  readonly #unloadedMs: Float64Array[];
  /** By site and class: how much longer than the mean each of the equally likely prompts takes. */
  readonly #promptMs: Float64Array[][];
  readonly #waits: boolean[];
  readonly #histogram = new Float64Array(BINS + 1);
  readonly #zones: ZoneSums[];
  #served = 0;
  #unserved = 0;
  #ttftMs = 0;
  #queuedMs = 0;
  #violations = 0;
  #lateAtOnce = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#waits = fleet.classes.map(mayWait);
    this.#unloadedMs = fleet.zones.map((zone) =>
      Float64Array.from(
        fleet.sites.flatMap((site) =>
          fleet.classes.map((_, k) => unloadedTtftMs(zone, site, fleet.classes, k)),
        ),
      ),
    );
    this.#promptMs = fleet.sites.map((site) =>
      siteWork(site, fleet.classes).map((w) => w.promptMs.map((ms) => ms - w.prefillMs)),
    );
    this.#zones = fleet.zones.map(() => ({ requests: 0, ttftMs: 0, nearestMs: 0 }));
  }

  /** Requests of class k that nobody served. */
  addUnserved(k: number, count: number): void {
    if (this.#waits[k]) return;
    this.#unserved += count;
    this.#violations += count;
  }

  /**
   * Requests of one row in a slot.
   * @param flow req/s by edge
   * @param waits by site
   * @param requestsPerReqPerS seconds of the slot
   */
  addRow(
    p: DispatchProblem,
    r: number,
    flow: Float64Array,
    waits: readonly Wait[],
    requestsPerReqPerS: number,
  ): void {
    const K = p.classCount;
    const k = r % K;
    const i = Math.floor(r / K);
    const from = p.rowStart[r] as number;
    const to = p.rowStart[r + 1] as number;
    const msOf = (e: number) => this.#unloadedMs[i]?.[(p.edgeSite[e] as number) * K + k] as number;
    let nearestMs = Infinity;
    for (let e = from; e < to; e++) nearestMs = Math.min(nearestMs, msOf(e));
    for (let e = from; e < to; e++) {
      const x = flow[e] as number;
      if (x <= 0) continue;
      const wait = waits[p.edgeSite[e] as number] as Wait;
      const count = x * requestsPerReqPerS;
      if (this.#waits[k]) {
        this.#queuedMs += count * wait.meanMs;
        continue;
      }
      const prompts = this.#promptMs[p.edgeSite[e] as number]?.[k] as Float64Array;
      for (const moreMs of prompts) this.#add(count / prompts.length, msOf(e) + moreMs, wait, k);
      const zone = this.#zones[i] as ZoneSums;
      zone.requests += count;
      zone.ttftMs += count * (msOf(e) + wait.meanMs);
      zone.nearestMs += count * nearestMs;
    }
  }

  #add(count: number, unloadedMs: number, wait: Wait, k: number): void {
    this.#served += count;
    this.#ttftMs += count * (unloadedMs + wait.meanMs);
    const slo = this.#fleet.classes[k]?.ttftSloMs ?? Number.POSITIVE_INFINITY;
    const waitingMeanMs = wait.probability > 0 ? wait.meanMs / wait.probability : 0;
    const late =
      unloadedMs > slo
        ? 1
        : waitingMeanMs > 0
          ? wait.probability * Math.exp((unloadedMs - slo) / waitingMeanMs)
          : 0;
    this.#violations += count * late;
    if (unloadedMs > slo) this.#lateAtOnce += count;
    const at = (ms: number, n: number) => {
      const bin = Math.min(BINS, Math.floor(ms));
      this.#histogram[bin] = (this.#histogram[bin] as number) + n;
    };
    if (wait.meanMs < 0.01) {
      at(unloadedMs, count);
      return;
    }
    at(unloadedMs, count * (1 - wait.probability));
    const each = (count * wait.probability) / WAIT_QUANTILES.length;
    for (const q of WAIT_QUANTILES) at(unloadedMs + q * waitingMeanMs, each);
  }

  /** What is charged at the price of time. */
  get userHours(): number {
    return (this.#ttftMs + this.#queuedMs) / MS_PER_HOUR;
  }

  /** Requests that were late though they waited for nothing. */
  get lateAtOnce(): number {
    return this.#lateAtOnce;
  }

  sums(): Pick<
    SpanSums,
    'userRequests' | 'servedUserRequests' | 'lateUserRequests' | 'userTtftMs'
  > {
    return {
      userRequests: this.#served + this.#unserved,
      servedUserRequests: this.#served,
      lateUserRequests: this.#violations,
      userTtftMs: this.#ttftMs,
    };
  }

  totals(): Pick<SpanTotals, 'ttftMeanMs' | 'ttftP95Ms' | 'sloViolationShare' | 'zones'> {
    const all = this.#served + this.#unserved;
    return {
      ttftMeanMs: this.#served > 0 ? this.#ttftMs / this.#served : 0,
      ttftP95Ms: this.#percentileMs(0.95),
      sloViolationShare: all > 0 ? this.#violations / all : 0,
      zones: this.#zones.map(({ requests, ttftMs, nearestMs }, i) => ({
        zone: this.#fleet.zones[i]?.id as string,
        ttftMeanMs: requests > 0 ? ttftMs / requests : 0,
        nearestTtftMs: requests > 0 ? nearestMs / requests : 0,
      })),
    };
  }

  #percentileMs(p: number): number {
    const total = this.#histogram.reduce((a, b) => a + b, 0);
    let sum = 0;
    for (let bin = 0; bin <= BINS; bin++) {
      const n = this.#histogram[bin] as number;
      if (sum + n >= p * total && n > 0) return bin + (p * total - sum) / n;
      sum += n;
    }
    return 0;
  }
}
