/**
 * How many requests may be sent to a second site: a share of all requests, plus a few, so that a
 * fleet in trouble does not get its load a second and third time over. A token bucket like finagle's
 * RetryBudget (20 % and a reserve), per isolate.
 */
export class RetryBudget {
  #tokens: number;
  readonly #perRequest: number;
  readonly #most: number;

  /** @param reserve retries that a quiet isolate may make at once, and the most it ever saves up */
  constructor(perRequest = 0.2, reserve = 20) {
    this.#perRequest = perRequest;
    this.#most = reserve;
    this.#tokens = reserve;
  }

  /** To be called once for every request. */
  deposit(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#perRequest);
  }

  /** Whether one more attempt is within the budget; if so, it is spent. */
  spend(): boolean {
    // A fifth added five times is a little under one.
    if (this.#tokens < 1 - 1e-9) return false;
    this.#tokens -= 1;
    return true;
  }
}
