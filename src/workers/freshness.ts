/** How long a request waits for D1; a reading under way for longer counts as failed. */
export const WAIT_MS = 2000;
/**
 * Once D1 has failed or kept a request waiting, nobody waits for it for so long, while it is tried
 * again behind requests' backs this often. Under traffic a failure that goes on is renewed by those.
 */
const FAILING_MS = 10_000;
export const RETRY_MS = 1000;

/** How fresh what an isolate keeps of D1 is: when it was read, tried and failed. */
export class Freshness {
  #checkedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;

  /** Since what is known was as D1 had it. */
  get ageMs(): number {
    return since(this.#checkedMs);
  }

  get sinceTriedMs(): number {
    return since(this.#triedMs);
  }

  get isFailing(): boolean {
    return since(this.#failedMs) < FAILING_MS;
  }

  fail(): void {
    this.#failedMs = Date.now();
  }

  /** What is known is taken for old. */
  expire(): void {
    this.#checkedMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Reads, and never throws.
   * @param failure what to log before the error
   * @param read whether it read all there was; a reading that a later one has overtaken says nothing
   */
  async reading(failure: string, read: () => Promise<boolean>): Promise<void> {
    const begunMs = Date.now();
    this.#triedMs = begunMs;
    const slow = setTimeout(() => this.fail(), WAIT_MS);
    try {
      if (!(await read())) return;
      // As of when it began: an answer that was long on its way is as old as that.
      this.#checkedMs = begunMs;
      this.#failedMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.fail();
      console.error(`${failure}: ${error}`);
    } finally {
      clearTimeout(slow);
    }
  }
}

/** A clock that was set back says as little as an old answer. */
function since(ms: number): number {
  return Math.abs(Date.now() - ms);
}
