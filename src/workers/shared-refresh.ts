/** A refresh under way for longer than this is not waited for: another is begun beside it. */
const ABANDONED_MS = 5000;

/**
 * One refresh at a time for all requests of an isolate. It lives in the request that began it and may
 * never settle, should that request end; others therefore wait under a timer of their own.
 */
export class SharedRefresh {
  readonly #run: () => Promise<void>;
  #begunMs = Number.NEGATIVE_INFINITY;
  #done: Promise<void> | undefined;

  /** @param run must not throw */
  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** The refresh under way, begun if there is none. Kept alive by the request, if not awaited. */
  begin(ctx: ExecutionContext): Promise<void> {
    const nowMs = Date.now();
    if (this.#done === undefined || nowMs - this.#begunMs > ABANDONED_MS) {
      this.#begunMs = nowMs;
      const done = this.#run().finally(() => {
        if (this.#done === done) this.#done = undefined;
      });
      this.#done = done;
      ctx.waitUntil(done);
    }
    return this.#done;
  }

  /** The same, waited for so long at most. Whether it ended within that. */
  async within(ms: number, ctx: ExecutionContext): Promise<boolean> {
    let timer: number | null = null;
    const timeUp = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const ended = await Promise.race([this.begin(ctx).then(() => true), timeUp]);
    clearTimeout(timer);
    return ended;
  }
}
