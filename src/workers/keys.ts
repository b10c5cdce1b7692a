import { type ApiKey, isLive, keyIdOf, monthOf } from '../core/accounting/keys.ts';
import { sha256Hex } from '../core/accounting/sha256.ts';
import { Spending, type Spent } from '../core/accounting/spending.ts';
import { keysChangedSince } from '../store/keys.ts';
import { monthSpent } from '../store/usage.ts';
import { matchesHash } from './auth.ts';
import { Freshness, RETRY_MS, WAIT_MS } from './freshness.ts';
import { journal } from './journal.ts';
import { SharedRefresh } from './shared-refresh.ts';

/** Keys known for longer than this are looked at again, behind the request's back. */
const REFRESH_MS = 3000;
/** Older knowledge is waited for: a key revoked while an isolate idled must not open it later. */
const TRUSTED_MS = 10_000;
/** How often unknown keys may send an isolate to D1. */
const UNKNOWN_MS = 250;
/** While D1 fails, keys serve on as last known for so long: so late may a revocation come then. */
const STALE_MS = 3_600_000;

/**
 * All keys, in this isolate's memory. D1 is asked only for what changed since, in the background; if
 * it does not answer, the keys known serve on, for a while.
 */
export class KeyRing {
  readonly #keys = new Map<string, ApiKey>();
  readonly #spending = new Spending();
  readonly #freshness = new Freshness();
  readonly #refresh: SharedRefresh;
  readonly #unbooked: (keyId: string, nowUtcMs: number) => Spent;
  #db: D1Database | undefined;
  #revision = 0;
  #nowUtcMs = 0;
  #reads = 0;
  #newestRead = 0;

  /** @param unbooked what this isolate knows a key to have spent, beyond what is booked */
  constructor(unbooked: (keyId: string, nowUtcMs: number) => Spent) {
    this.#unbooked = unbooked;
    this.#refresh = new SharedRefresh(() => this.#read());
  }

  /**
   * The live key that a token is; `unknown` where it is none, `unavailable` where that cannot be said.
   */
  async find(
    token: string,
    nowUtcMs: number,
    db: D1Database,
    ctx: ExecutionContext,
  ): Promise<ApiKey | 'unknown' | 'unavailable'> {
    this.#db = db;
    this.#nowUtcMs = nowUtcMs;
    const id = keyIdOf(token);
    if (id === undefined) return 'unknown';
    const known = this.#keys.has(id);
    if (this.#freshness.ageMs > TRUSTED_MS) {
      await this.#look(ctx);
    } else if (!known) {
      // It may be new. Guessing is slowed by it, too.
      const waitMs = UNKNOWN_MS - this.#freshness.sinceTriedMs;
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await this.#look(ctx);
    } else if (this.#freshness.ageMs > REFRESH_MS && this.#freshness.sinceTriedMs > UNKNOWN_MS) {
      this.#refresh.begin(ctx);
    }
    if (this.#freshness.ageMs > STALE_MS) return 'unavailable';
    const key = this.#keys.get(id);
    if (key === undefined) return this.#freshness.isFailing ? 'unavailable' : 'unknown';
    if (!matchesHash(sha256Hex(token), key.hash) || !isLive(key, nowUtcMs)) return 'unknown';
    if (key.budgetNanoAud !== null || key.budgetCarbonMg !== null) await this.#follow(id, ctx);
    return key;
  }

  /** A receipt of this isolate's counts at once; those of others once they are booked and read. */
  spend(keyId: string, amounts: Spent): void {
    this.#spending.add(keyId, amounts);
  }

  /** What a key has spent this month as far as is known here. */
  spent(keyId: string, nowUtcMs: number): Spent {
    return this.#spending.of(keyId, monthOf(nowUtcMs));
  }

  /** Asks D1 and waits for it, unless it is known not to answer. */
  async #look(ctx: ExecutionContext): Promise<void> {
    if (!this.#freshness.isFailing) {
      if (!(await this.#refresh.within(WAIT_MS, ctx))) this.#freshness.fail();
    } else if (this.#freshness.sinceTriedMs > RETRY_MS) {
      this.#refresh.begin(ctx);
    }
  }

  /** Waits until it is known what a key has spent; while D1 fails, this isolate's own count must do. */
  async #follow(id: string, ctx: ExecutionContext): Promise<void> {
    // The refresh that was under way may have begun before this key was followed.
    for (let n = 0; n < 2; n++) {
      if (this.#spending.follow(id, monthOf(this.#nowUtcMs), Date.now())) return;
      await this.#look(ctx);
    }
  }

  #read(): Promise<void> {
    const read = ++this.#reads;
    return this.#freshness.reading('keys cannot be read, those known serve on', async () => {
      const session = (this.#db as D1Database).withSession('first-unconstrained');
      for (let more = true; more; ) {
        const found = await keysChangedSince(session, this.#revision);
        // One that hung while a later one answered may still have a key as it was before.
        if (read < this.#newestRead) return false;
        this.#newestRead = read;
        for (const key of found.keys) this.#keys.set(key.id, key);
        this.#revision = Math.max(this.#revision, found.revision);
        more = found.more;
      }
      await this.#readSpent(session);
      return true;
    });
  }

  async #readSpent(session: D1DatabaseSession): Promise<void> {
    const ids = this.#spending.followed(Date.now());
    if (ids.length === 0) return;
    const nowUtcMs = this.#nowUtcMs;
    const monthUtcMs = monthOf(nowUtcMs);
    const found = await monthSpent(session, monthUtcMs, ids);
    for (const id of ids) {
      this.#spending.learn(id, monthUtcMs, found.get(id), this.#unbooked(id, nowUtcMs));
    }
  }
}

export const keyRing = new KeyRing((keyId, nowUtcMs) => journal.unbooked(keyId, nowUtcMs));
