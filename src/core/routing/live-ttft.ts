/** Weight of one TTFT in the running mean, how many make it worth something, and for how long. */
const WEIGHT = 0.2;
const MIN_TTFTS = 5;
const FRESH_MS = 60_000;

/** TTFT of sites against expectation, as one isolate lately saw it. */
export class LiveTtft {
  readonly #sites = new Map<string, { mean: number; count: number; seenMs: number }>();

  /** @param ratio TTFT over what it would be with nobody waiting */
  add(site: string, ratio: number, nowMs: number): void {
    const known = this.#sites.get(site);
    // After a silence the mean begins anew.
    const isFresh = known !== undefined && nowMs - known.seenMs < FRESH_MS;
    const { mean, count } = isFresh ? known : { mean: 0, count: 0 };
    const weight = Math.max(WEIGHT, 1 / (count + 1));
    const next = { mean: mean + (ratio - mean) * weight, count: count + 1, seenMs: nowMs };
    this.#sites.set(site, next);
  }

  /** The running mean; undefined where too little was seen lately. */
  of(site: string, nowMs: number): number | undefined {
    const known = this.#sites.get(site);
    if (known === undefined || known.count < MIN_TTFTS) return undefined;
    return nowMs - known.seenMs < FRESH_MS ? known.mean : undefined;
  }
}
