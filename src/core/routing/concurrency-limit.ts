/** TTFT this many times its usual means a queue has formed. */
const TOLERANCE = 2;
const SHORT_WEIGHT = 0.2;
const LONG_WEIGHT = 0.01;
const DECREASE = 0.8;
const MIN_LIMIT = 4;
/** One decrease an interval: what was sent before it comes back slow, too. */
const INTERVAL_MS = 1000;

/**
 * How many requests of this isolate a site takes without queueing: additive increase while TTFT is
 * as usual and the limit is in use, multiplicative decrease when it has grown or the site says it is
 * busy (as TCP does; TTFT in place of loss after Netflix's concurrency-limits). It begins at what the
 * site's hardware works on at once, so that shares of a plan hold until a site shows it is full.
 */
export class ConcurrencyLimit {
  readonly #most: number;
  #limit: number;
  #short: number | undefined;
  #long: number | undefined;
  #decreasedMs = Number.NEGATIVE_INFINITY;

  constructor(concurrency: number) {
    this.#most = Math.max(MIN_LIMIT, concurrency);
    this.#limit = this.#most;
  }

  get value(): number {
    return this.#limit;
  }

  timed(ratio: number, inFlight: number, nowMs: number): void {
    this.#short = mix(this.#short, ratio, SHORT_WEIGHT);
    // What is usual rises slowly and falls at once: a queue must not become the measure of itself.
    this.#long = Math.min(mix(this.#long, ratio, LONG_WEIGHT), Math.max(this.#short, 1));
    if (this.#short > TOLERANCE * this.#long) this.overloaded(inFlight, nowMs);
    else if (inFlight >= this.#limit / 2) {
      this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit);
    }
  }

  overloaded(inFlight: number, nowMs: number): void {
    if (nowMs - this.#decreasedMs < INTERVAL_MS) return;
    this.#decreasedMs = nowMs;
    this.#limit = Math.max(MIN_LIMIT, Math.min(this.#limit, inFlight) * DECREASE);
  }
}

function mix(mean: number | undefined, value: number, weight: number): number {
  return mean === undefined ? value : mean + (value - mean) * weight;
}
