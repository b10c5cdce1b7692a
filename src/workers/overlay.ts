import type { PublicFleet } from '../core/model/fleet.ts';
import { applyOverrides, type OverrideEntry, overridesOf } from '../core/model/overrides.ts';
import { overridesChangedSince } from '../store/overrides.ts';
import { fleet } from './fleet.ts';
import { Freshness, RETRY_MS, WAIT_MS } from './freshness.ts';
import { SharedRefresh } from './shared-refresh.ts';

/** What operators have set is looked at again after so long, behind the request's back. */
const REFRESH_MS = 3000;
/** Older knowledge is waited for: an isolate that idled must not send a drained site its first request. */
const TRUSTED_MS = 10_000;

/**
 * The fleet as operators want it, in this isolate's memory. D1 is asked only for what changed since, in
 * the background. If it does not answer, what is known holds; an isolate that knows nothing yet then
 * routes by the registry, since an answer from a site being drained is better than none.
 */
export class Overlay {
  readonly #entries = new Map<string, OverrideEntry>();
  readonly #freshness = new Freshness();
  readonly #refresh = new SharedRefresh(() => this.#read());
  #fleet = fleet;
  #db: D1Database | undefined;
  #revision = 0;

  /** Never throws. */
  async current(db: D1Database, ctx: ExecutionContext): Promise<PublicFleet> {
    this.#db = db;
    const { ageMs, isFailing, sinceTriedMs } = this.#freshness;
    if (ageMs <= REFRESH_MS) return this.#fleet;
    if (ageMs > TRUSTED_MS && !isFailing) {
      await this.#refresh.within(WAIT_MS, ctx);
    } else if (sinceTriedMs > RETRY_MS) {
      this.#refresh.begin(ctx);
    }
    return this.#fleet;
  }

  /** The next request waits for what D1 has: this isolate knows that something was set. */
  expire(): void {
    this.#freshness.expire();
  }

  #read(): Promise<void> {
    return this.#freshness.reading('overrides cannot be read, those known hold', async () => {
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
      return true;
    });
  }
}

export const overlay = new Overlay();
