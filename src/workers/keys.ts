import { type ApiKey, isLive, keyIdOf, monthOf } from '../core/accounting/keys.ts';
import { keysChangedSince } from '../store/keys.ts';
import { monthSpent, type Spent } from '../store/usage.ts';
import { matchesHash, sha256 } from './auth.ts';
import { journal } from './journal.ts';
import { SharedRefresh } from './shared-refresh.ts';

/** Keys known for longer than this are looked at again, behind the request's back. */
const REFRESH_MS = 3000;
/** Older knowledge is waited for: a key revoked while an isolate idled must not open it later. */
const TRUSTED_MS = 10_000;
/** How often unknown keys may send an isolate to D1, and how long a request waits for D1. */
const UNKNOWN_MS = 250;
const WAIT_MS = 2000;
/** A key with a budget that nobody used for this long is no longer followed. */
const FOLLOWED_MS = 10 * 60_000;

/**
 * All keys, in this isolate's memory. D1 is asked only for what changed since, in the background; if
 * it does not answer, the keys known serve on.
 */
export class KeyRing {
  readonly #keys = new Map<string, ApiKey>();
  readonly #spent = new Map<string, Spent & { monthUtcMs: number; usedMs: number }>();
  readonly #refresh: SharedRefresh;
  readonly #unbooked: (keyId: string, nowUtcMs: number) => Spent;
  #db: D1Database | undefined;
  #revision = 0;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #nowUtcMs = 0;

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
    // A clock that was set back says as little as an old answer.
    const ageMs = Math.abs(Date.now() - this.#checkedMs);
    const known = this.#keys.has(id);
    if (ageMs > TRUSTED_MS) {
      await this.#refresh.within(WAIT_MS, ctx);
    } else if (!known) {
      // It may be new. Guessing is slowed by it, too.
      const waitMs = UNKNOWN_MS - Math.abs(Date.now() - this.#triedMs);
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await this.#refresh.within(WAIT_MS, ctx);
    } else if (ageMs > REFRESH_MS && Math.abs(Date.now() - this.#triedMs) > UNKNOWN_MS) {
      this.#refresh.begin(ctx);
    }
    const key = this.#keys.get(id);
    if (key === undefined) return this.#isBlind ? 'unavailable' : 'unknown';
    if (!matchesHash(await sha256(token), key.hash) || !isLive(key, nowUtcMs)) return 'unknown';
    if (key.budgetNanoAud !== null || key.budgetCarbonMg !== null) await this.#follow(id, ctx);
    return key;
  }

  /** A receipt of this isolate's counts at once; those of others once they are booked and read. */
  spend(keyId: string, amounts: Spent): void {
    const spent = this.#spent.get(keyId);
    if (spent === undefined) return;
    spent.costNanoAud += amounts.costNanoAud;
    spent.carbonMg += amounts.carbonMg;
  }

  /** What a key has spent this month as far as is known here. */
  spent(keyId: string, nowUtcMs: number): Spent {
    const spent = this.#spent.get(keyId);
    return spent && spent.monthUtcMs === monthOf(nowUtcMs)
      ? spent
      : { costNanoAud: 0, carbonMg: 0 };
  }

  /** D1 has never answered this isolate. */
  get #isBlind(): boolean {
    return this.#checkedMs === Number.NEGATIVE_INFINITY;
  }

  async #follow(id: string, ctx: ExecutionContext): Promise<void> {
    const spent = this.#spent.get(id);
    if (spent) {
      spent.usedMs = Date.now();
      return;
    }
    const nothing = { costNanoAud: 0, carbonMg: 0, monthUtcMs: Number.NaN, usedMs: Date.now() };
    this.#spent.set(id, nothing);
    await this.#refresh.within(WAIT_MS, ctx);
    // The refresh that was under way may have begun before this key was followed.
    if (Number.isNaN(this.#spent.get(id)?.monthUtcMs)) await this.#refresh.within(WAIT_MS, ctx);
  }

  async #read(): Promise<void> {
    this.#triedMs = Date.now();
    try {
      const session = (this.#db as D1Database).withSession('first-unconstrained');
      for (let more = true; more; ) {
        const read = await keysChangedSince(session, this.#revision);
        for (const key of read.keys) this.#keys.set(key.id, key);
        this.#revision = Math.max(this.#revision, read.revision);
        more = read.more;
      }
      await this.#readSpent(session);
      this.#checkedMs = Date.now();
    } catch (error) {
      console.error(`keys cannot be read, those known serve on: ${error}`);
    }
  }

  async #readSpent(session: D1DatabaseSession): Promise<void> {
    const nowMs = Date.now();
    for (const [id, { usedMs }] of this.#spent) {
      if (nowMs - usedMs > FOLLOWED_MS) this.#spent.delete(id);
    }
    if (this.#spent.size === 0) return;
    const monthUtcMs = monthOf(this.#nowUtcMs);
    const ids = [...this.#spent.keys()];
    // Taken before the read: what is booked meanwhile counts twice until the next, not never.
    const unbooked = new Map(ids.map((id) => [id, this.#unbooked(id, this.#nowUtcMs)]));
    const found = await monthSpent(session, monthUtcMs, ids);
    for (const id of ids) {
      const spent = {
        costNanoAud: (found.get(id)?.costNanoAud ?? 0) + (unbooked.get(id)?.costNanoAud ?? 0),
        carbonMg: (found.get(id)?.carbonMg ?? 0) + (unbooked.get(id)?.carbonMg ?? 0),
      };
      const usedMs = this.#spent.get(id)?.usedMs ?? nowMs;
      this.#spent.set(id, { ...spent, monthUtcMs, usedMs });
    }
  }
}

export const keyRing = new KeyRing((keyId, nowUtcMs) => journal.unbooked(keyId, nowUtcMs));
