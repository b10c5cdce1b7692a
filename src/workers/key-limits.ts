import { DurableObject } from 'cloudflare:workers';
import { type Bucket, type LeaseRequest, lease } from '../core/accounting/rate-limit.ts';
import type { Env } from './env.ts';

/** What a key's rates are limited in. */
export type Resource = 'requests' | 'tokens';
export const resources: readonly Resource[] = ['requests', 'tokens'];

export type Leases = Partial<Record<Resource, LeaseRequest & { perMinute: number }>>;
export type Granted = Partial<Record<Resource, { granted: number; bucket: Bucket }>>;

type Buckets = Partial<Record<Resource, Bucket>>;

/** One a key: its buckets, for all isolates. Nobody's request waits for it but at the limit. */
export class KeyLimits extends DurableObject<Env> {
  #buckets: Buckets = {};

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => {
      this.#buckets = (await ctx.storage.get<Buckets>('buckets')) ?? {};
    });
  }

  async lease(wanted: Leases): Promise<Granted> {
    const granted: Granted = {};
    for (const resource of resources) {
      const asked = wanted[resource];
      if (asked === undefined) continue;
      const taken = lease(this.#buckets[resource], asked.perMinute, asked, Date.now());
      this.#buckets[resource] = taken.bucket;
      granted[resource] = taken;
    }
    // What is lost in a crash is a lease or two: the answer need not wait for the disk.
    this.ctx.storage.put('buckets', this.#buckets, { allowUnconfirmed: true });
    return granted;
  }
}
