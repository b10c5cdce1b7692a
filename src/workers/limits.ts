import type { ApiKey } from '../core/accounting/keys.ts';
import { Allowance, durationText } from '../core/accounting/rate-limit.ts';
import type { Env } from './env.ts';
import { type Leases, type Resource, resources } from './key-limits.ts';
import { SharedRefresh } from './shared-refresh.ts';

/** How long a request at its limit waits for the bucket, and how often a bucket is asked. */
const WAIT_MS = 1000;
const LEAST_PAUSE_MS = 200;
/** Keys whose limits an isolate follows at once. */
const MAX_FOLLOWED = 5000;

export type Amounts = Record<Resource, number>;

/** An isolate's side of one key's limits. */
export class KeyRates {
  readonly #allowances: [Resource, Allowance][] = [];
  readonly #refresh: SharedRefresh;
  #env: Env | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #needed: Partial<Amounts> = {};

  constructor(keyId: string, limits: Partial<Amounts>) {
    for (const resource of resources) {
      const perMinute = limits[resource];
      if (perMinute !== undefined) this.#allowances.push([resource, new Allowance(perMinute)]);
    }
    this.#refresh = new SharedRefresh(() => this.#ask(keyId));
  }

  /** Spends, or says which limit is in the way. Waits only where no lease or credit is left. */
  async spend(amounts: Amounts, env: Env, ctx: ExecutionContext): Promise<Resource | undefined> {
    this.#env = env;
    let limit = this.#inTheWay(amounts);
    // The second time for a question that was under way, and did not ask for this much.
    for (let n = 0; n < 2 && limit && this.#isWorthAsking(limit.answer); n++) {
      this.#needed = amounts;
      await this.#refresh.within(WAIT_MS, ctx);
      limit = this.#inTheWay(amounts);
    }
    if (limit) return limit.resource;
    for (const [resource, allowance] of this.#allowances) allowance.spend(amounts[resource]);
    this.#askSoon(ctx);
    return undefined;
  }

  #inTheWay(amounts: Amounts) {
    for (const [resource, allowance] of this.#allowances) {
      const answer = allowance.mayI(amounts[resource], Date.now());
      if (answer !== 'yes') return { resource, answer };
    }
    return undefined;
  }

  /** A key far over its limit must not ask for every request. */
  #isWorthAsking(answer: 'ask' | 'empty' | 'never'): boolean {
    if (answer === 'ask') return true;
    return answer === 'empty' && Date.now() - this.#askedMs > LEAST_PAUSE_MS;
  }

  /** Once a request's real tokens are known. */
  correct(resource: Resource, by: number): void {
    for (const [r, allowance] of this.#allowances) if (r === resource) allowance.correct(by);
  }

  /** When so much can be spent again, ms; undefined if never, being over the limit itself. */
  waitMs(resource: Resource, amount: number): number | undefined {
    const allowance = this.#allowances.find(([r]) => r === resource)?.[1];
    if (allowance === undefined || amount > allowance.perMinute) return undefined;
    return Math.max(1, allowance.waitMs(amount, Date.now()));
  }

  /** `x-ratelimit-…` as OpenAI writes them. */
  label(headers: Record<string, string>): void {
    const nowMs = Date.now();
    for (const [resource, allowance] of this.#allowances) {
      headers[`x-ratelimit-limit-${resource}`] = String(allowance.perMinute);
      headers[`x-ratelimit-remaining-${resource}`] = String(allowance.remaining(nowMs));
      headers[`x-ratelimit-reset-${resource}`] = durationText(allowance.resetMs(nowMs));
    }
  }

  #askSoon(ctx: ExecutionContext): void {
    if (Date.now() - this.#askedMs <= LEAST_PAUSE_MS) return;
    if (this.#allowances.some(([, a]) => a.wantsLease)) this.#refresh.begin(ctx);
  }

  async #ask(keyId: string): Promise<void> {
    const env = this.#env as Env;
    this.#askedMs = Date.now();
    const wanted: Leases = {};
    for (const [resource, allowance] of this.#allowances) {
      const report = allowance.report(this.#needed[resource]);
      wanted[resource] = { perMinute: allowance.perMinute, ...report };
    }
    this.#needed = {};
    try {
      const granted = await env.KEY_LIMITS.getByName(keyId).lease(wanted);
      for (const [resource, allowance] of this.#allowances) {
        const g = granted[resource];
        if (g) allowance.granted(g.granted, g.bucket, Date.now());
      }
    } catch (error) {
      console.error(`limits of key ${keyId} cannot be asked: ${error}`);
      for (const [resource, allowance] of this.#allowances) {
        const asked = wanted[resource];
        if (asked) allowance.failed(asked);
      }
    }
  }
}

const followed = new Map<string, KeyRates>();

/** This isolate's side of a key's limits; undefined where it has none. */
export function ratesOf(key: ApiKey): KeyRates | undefined {
  if (key.requestsPerMinute === null && key.tokensPerMinute === null) return undefined;
  let rates = followed.get(key.id);
  if (rates === undefined) {
    rates = new KeyRates(key.id, {
      ...(key.requestsPerMinute !== null && { requests: key.requestsPerMinute }),
      ...(key.tokensPerMinute !== null && { tokens: key.tokensPerMinute }),
    });
    const oldest = followed.keys().next().value;
    if (followed.size >= MAX_FOLLOWED && oldest !== undefined) followed.delete(oldest);
    followed.set(key.id, rates);
  }
  return rates;
}
