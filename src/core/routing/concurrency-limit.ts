/** TTFT this many times its usual means a queue has formed. */
const TOLERANCE = 2;
/** Weights of one TTFT: in what is so lately, and in what is usual where it is above and below that. */
const SHORT_WEIGHT = 0.1;
const RISE_WEIGHT = 0.01;
const FALL_WEIGHT = 0.05;
const DECREASE = 0.8;
/** A limit in use grows by a tenth while as many requests begin as it lets in at once. */
const INCREASE = 0.1;
const MIN_LIMIT = 4;
/** One decrease an interval: what was sent before it comes back slow, too. */
const INTERVAL_MS = 1000;

/**
 * How many requests of this isolate a site takes without queueing: increase while TTFT is as usual and
 * the limit is in use, multiplicative decrease when it has grown or the site says it is busy (TTFT in
 * place of TCP's loss after Netflix's concurrency-limits). It begins at what the site's hardware works
 * on at once, so that shares of a plan hold until a site shows it is full.
 *
 * A TTFT up to its expectation is no queue, however much it varies below: what is usual counts as 1 at
 * least. The increase is in proportion to the limit, since by one a round, as TCP's, a site of 2,000
 * places that was once cut to 80 would have them back after some two million answers.
 */
export class ConcurrencyLimit {
  readonly #most: number;
  #limit: number;
  #lately = 1;
  #usual = 1;
  #timed = 0;
  #decreasedMs = Number.NEGATIVE_INFINITY;

  constructor(concurrency: number) {
    this.#most = Math.max(MIN_LIMIT, concurrency);
    this.#limit = this.#most;
  }

  get value(): number {
    return this.#limit;
  }

  /** @param ratio of a TTFT to its expectation at zero load */
  timed(ratio: number, inFlight: number, nowMs: number): void {
    const lately = this.#lately + (ratio - this.#lately) * weight(SHORT_WEIGHT, ++this.#timed);
    // It rises slowly, so that a queue does not become the measure of itself.
    const change = lately > this.#usual ? RISE_WEIGHT : FALL_WEIGHT;
    const usual = this.#usual + (lately - this.#usual) * weight(change, this.#timed);
    this.#lately = lately;
    this.#usual = Math.max(1, usual);
    if (lately > TOLERANCE * this.#usual) this.overloaded(inFlight, nowMs);
    else if (inFlight >= this.#limit / 2) {
      this.#limit = Math.min(this.#most, this.#limit + Math.max(INCREASE, 1 / this.#limit));
    }
  }

  overloaded(inFlight: number, nowMs: number): void {
    if (nowMs - this.#decreasedMs < INTERVAL_MS) return;
    this.#decreasedMs = nowMs;
    this.#limit = Math.max(MIN_LIMIT, Math.min(this.#limit, inFlight) * DECREASE);
  }
}

/** A plain mean at first, so that one TTFT does not weigh for all. */
function weight(last: number, count: number): number {
  return Math.max(last, 1 / count);
}
