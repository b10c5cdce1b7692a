import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Suspicion } from './suspicion.ts';

/** Failures in a row that eject a site. One is a blip, which the next site answers for. */
const MAX_FAILURES = 3;
/** Share of attempts that must succeed, over about the last {@link WINDOW_MS}, where there were enough. */
const MIN_SUCCESS_SHARE = 0.5;
const MIN_ATTEMPTS = 10;
const WINDOW_MS = 30_000;
/** First ejection; each further one, without an answer between, lasts twice as long. */
const EJECTION_MS = 10_000;
const MAX_EJECTION_MS = 160_000;
/** A half-open site gets one request; if nothing is heard of it, the next after this. */
const PROBE_MS = 30_000;
/** A busy site that does not say for how long. */
const BUSY_MS = 1000;
const MAX_RETRY_AFTER_MS = 600_000;
/** Weight of one TTFT in the running mean, and how many make it worth something. */
const TTFT_WEIGHT = 0.1;
const MIN_TTFTS = 10;

/**
 * One site as one isolate has seen it. A circuit breaker of three states: closed; open after failures,
 * for a while; then half-open, when one request tries it and its end decides.
 */
export class SiteRecord {
  /** By the site's own word (`retry-after`). */
  retryAtMs = 0;
  inFlight = 0;
  readonly #limit: ConcurrencyLimit;
  readonly #suspicion = new Suspicion();
  #failures = 0;
  #good = 0;
  #bad = 0;
  #decayedMs = 0;
  #ejectedUntilMs = 0;
  #ejections = 0;
  #probeUntilMs = 0;
  #slowness = 1;
  #ttfts = 0;

  constructor(concurrency: number) {
    this.#limit = new ConcurrencyLimit(concurrency);
  }

  begin(nowMs: number): void {
    this.inFlight++;
    if (this.#isHalfOpen(nowMs)) this.#probeUntilMs = nowMs + PROBE_MS;
  }

  end(): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    // Also if its client left: another may try then.
    this.#probeUntilMs = 0;
  }

  /** A first byte: enough to let others in, not to forget what was before. */
  began(nowMs: number): void {
    this.retryAtMs = 0;
    // While it is ejected, these are answers to requests from before.
    if (nowMs >= this.#ejectedUntilMs) this.#probeUntilMs = 0;
  }

  /** A whole answer. */
  answered(nowMs: number): void {
    this.began(nowMs);
    this.#count(nowMs, true);
    this.#suspicion.clear();
    this.#failures = 0;
    if (nowMs >= this.#ejectedUntilMs) this.#ejections = 0;
  }

  /** @param expectedMs TTFT at zero load, as the registry has it */
  timed(ttftMs: number, expectedMs: number, nowMs: number): void {
    const ratio = ttftMs / Math.max(1, expectedMs);
    this.#ttfts++;
    // A plain mean at first, so that one observation does not weigh for all.
    this.#slowness += (ratio - this.#slowness) * Math.max(TTFT_WEIGHT, 1 / this.#ttfts);
    this.#limit.timed(ratio, this.inFlight, nowMs);
  }

  /** Not a failure: the site is well, and says it has enough. */
  busy(nowMs: number, retryAtMs: number | undefined): void {
    this.#limit.overloaded(this.inFlight, nowMs);
    this.#probeUntilMs = 0;
    const until = Math.min(retryAtMs ?? nowMs + BUSY_MS, nowMs + MAX_RETRY_AFTER_MS);
    this.retryAtMs = Math.max(this.retryAtMs, until);
  }

  /** Returns whether that put the site out of use. */
  failed(nowMs: number): boolean {
    this.#count(nowMs, false);
    this.#failures++;
    const attempts = this.#good + this.#bad;
    const mostlyFails = attempts >= MIN_ATTEMPTS && this.#good < MIN_SUCCESS_SHARE * attempts;
    const isIll = this.#failures >= MAX_FAILURES || mostlyFails || this.#isHalfOpen(nowMs);
    return isIll && this.eject(nowMs);
  }

  /** A failure that may be the request's fault. Returns how many are to be counted now. */
  suspected(client: string, request: string, nowMs: number): number {
    return this.#suspicion.add(client, request, nowMs);
  }

  eject(nowMs: number): boolean {
    // Requests that were under way when it was ejected say nothing new.
    if (nowMs < this.#ejectedUntilMs) return false;
    this.#ejectedUntilMs = nowMs + Math.min(EJECTION_MS * 2 ** this.#ejections, MAX_EJECTION_MS);
    this.#ejections++;
    this.#probeUntilMs = 0;
    this.#ttfts = 0;
    this.#slowness = 1;
    this.#good = 0;
    this.#bad = 0;
    return true;
  }

  /** Open, or half-open with a request on its way to find out. */
  isEjected(nowMs: number): boolean {
    return nowMs < this.#ejectedUntilMs || nowMs < this.#probeUntilMs;
  }

  /** It was put out of use, and has answered nothing since that time was over. */
  get isDoubted(): boolean {
    return this.#ejections > 0;
  }

  /** Doubted, and either out of use or at work on the request that is to find out. */
  isOutOrTried(nowMs: number): boolean {
    return this.isDoubted && (nowMs < this.#ejectedUntilMs || this.inFlight > 0);
  }

  get isFull(): boolean {
    return this.inFlight >= this.#limit.value;
  }

  get slowness(): number | undefined {
    return this.#ttfts < MIN_TTFTS ? undefined : this.#slowness;
  }

  #isHalfOpen(nowMs: number): boolean {
    return this.#ejections > 0 && nowMs >= this.#ejectedUntilMs;
  }

  #count(nowMs: number, good: boolean): void {
    const kept = Math.exp(-(nowMs - this.#decayedMs) / WINDOW_MS);
    this.#good = this.#good * kept + (good ? 1 : 0);
    this.#bad = this.#bad * kept + (good ? 0 : 1);
    this.#decayedMs = nowMs;
  }
}
