import type { PublicFleet } from '../core/model/fleet.ts';
import { applyOverrides, type OverrideEntry, overridesOf } from '../core/model/overrides.ts';
import { overridesChangedSince } from '../store/overrides.ts';
import { fleet } from './fleet.ts';
import { SharedRefresh } from './shared-refresh.ts';

/** What operators have set is looked at again after so long, behind the request's back. */
const REFRESH_MS = 3000;
/** Older knowledge is waited for: an isolate that idled must not send a drained site its first request. */
const TRUSTED_MS = 10_000;
/** How long a request waits for D1. */
const WAIT_MS = 2000;
/** Once D1 has failed or kept a request waiting nobody waits for it for so long; it is tried this often. */
const FAILING_MS = 10_000;
const RETRY_MS = 1000;

/**
 * The fleet as operators want it, in this isolate's memory. D1 is asked only for what changed since, in
 * the background. If it does not answer, what is known holds; an isolate that knows nothing yet then
 * routes by the registry, since an answer from a site being drained is better than none.
 */
export class Overlay {
  readonly #entries = new Map<string, OverrideEntry>();
  readonly #refresh = new SharedRefresh(() => this.#read());
  #fleet = fleet;
  #db: D1Database | undefined;
  #revision = 0;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;

  /** Never throws. */
  async current(db: D1Database, ctx: ExecutionContext): Promise<PublicFleet> {
    this.#db = db;
    const ageMs = since(this.#checkedMs);
    if (ageMs <= REFRESH_MS) return this.#fleet;
    const isFailing = since(this.#failedMs) < FAILING_MS;
    if (ageMs > TRUSTED_MS && !isFailing) {
      await this.#refresh.within(WAIT_MS, ctx);
    } else if (since(this.#triedMs) > RETRY_MS) {
      this.#refresh.begin(ctx);
    }
    return this.#fleet;
  }

  /** The next request waits for what D1 has: this isolate knows that something was set. */
  expire(): void {
    this.#checkedMs = Number.NEGATIVE_INFINITY;
  }

  async #read(): Promise<void> {
    const begunMs = Date.now();
    this.#triedMs = begunMs;
    const slow = setTimeout(() => {
      this.#failedMs = Date.now();
    }, WAIT_MS);
    try {
      const session = (this.#db as D1Database).withSession('first-unconstrained');
      const found = await overridesChangedSince(session, this.#revision);
      for (const entry of found) {
        const key = `${entry.subject}/${entry.field}`;
        // Of two reads the later may be the first to answer.
        if (entry.revision > (this.#entries.get(key)?.revision ?? 0)) this.#entries.set(key, entry);
        this.#revision = Math.max(this.#revision, entry.revision);
      }
      if (found.length > 0) {
        this.#fleet = applyOverrides(fleet, overridesOf(this.#entries.values()));
      }
      // As of when it began: an answer that was long on its way is as old as that.
      this.#checkedMs = begunMs;
      this.#failedMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.#failedMs = Date.now();
      console.error(`overrides cannot be read, those known hold: ${error}`);
    } finally {
      clearTimeout(slow);
    }
  }
}

/** A clock that was set back says as little as an old answer. */
function since(ms: number): number {
  return Math.abs(Date.now() - ms);
}

export const overlay = new Overlay();
