/**
 * Rate limits over many isolates. One bucket a key holds what may still be spent and fills at the
 * limit's pace, up to one minute's worth; isolates take small leases out of it in the background and
 * spend those. A request that finds a lease, or its isolate's small credit, waits for nobody.
 *
 * Error bound: an isolate may be {@link creditOf} (5 % of a minute's limit, or one request where that
 * is more) ahead of the bucket, so a key may exceed its limit by that times the isolates it reaches.
 * Leases that an isolate never spends are lost to the key for at most {@link LEASE_MS}.
 */

export interface Bucket {
  level: number;
  atMs: number;
}

const MS_PER_MINUTE = 60_000;
export const LEASE_MS = 5000;
const CREDIT_SHARE = 0.05;
const LARGEST_LEASE_SHARE = 0.1;

export function creditOf(perMinute: number): number {
  return Math.max(1, Math.floor(perMinute * CREDIT_SHARE));
}

/** The bucket at a later instant; a full one where there was none. */
export function filled(bucket: Bucket | undefined, perMinute: number, nowMs: number): Bucket {
  if (bucket === undefined) return { level: perMinute, atMs: nowMs };
  const ms = Math.max(0, nowMs - bucket.atMs);
  return {
    level: Math.min(perMinute, bucket.level + (ms * perMinute) / MS_PER_MINUTE),
    atMs: Math.max(nowMs, bucket.atMs),
  };
}

/** What an isolate tells the bucket: spent less returned since the last time, and what it wants. */
export interface LeaseRequest {
  net: number;
  want: number;
}

/** Books what an isolate spent ahead, and grants what there is of what it wants. */
export function lease(
  bucket: Bucket | undefined,
  perMinute: number,
  { net, want }: LeaseRequest,
  nowMs: number,
): { bucket: Bucket; granted: number } {
  const { level, atMs } = filled(bucket, perMinute, nowMs);
  // A debt beyond a minute's worth would shut a key out for longer than any limit says.
  const booked = Math.min(perMinute, Math.max(-perMinute, level - net));
  const granted = Math.max(0, Math.min(want, perMinute, Math.floor(booked)));
  return { bucket: { level: booked - granted, atMs }, granted };
}

/** An isolate's side of one limit of one key. */
export class Allowance {
  readonly perMinute: number;
  /** Leased and not spent. */
  #left = 0;
  #leasedMs = 0;
  /** Spent beyond leases since the last report. */
  #ahead = 0;
  #spentSinceReport = 0;
  /** The bucket as last heard of. */
  #bucket: Bucket | undefined;

  constructor(perMinute: number) {
    this.perMinute = perMinute;
  }

  /**
   * Whether a request may spend this now. `ask`: only the bucket knows. `empty`: the bucket had not so
   * much when last heard of. `never`: it is more than the whole limit. Nothing is spent yet.
   */
  mayI(amount: number, nowMs: number): 'yes' | 'ask' | 'empty' | 'never' {
    this.#dropOldLease(nowMs);
    if (amount > this.perMinute) return 'never';
    if (amount <= this.#left) return 'yes';
    const missing = amount - this.#left;
    if (this.#expectedLevel(nowMs) < missing) return 'empty';
    if (this.#ahead === 0 || this.#ahead + missing <= creditOf(this.perMinute)) return 'yes';
    return 'ask';
  }

  spend(amount: number): void {
    this.#spentSinceReport += Math.max(0, amount);
    const fromLease = Math.min(this.#left, amount);
    this.#left -= fromLease;
    this.#ahead += amount - fromLease;
  }

  /** Corrects a spend once it is known better; may give back. */
  correct(by: number): void {
    if (by > 0) this.spend(by);
    else this.#ahead += by;
  }

  /** Whether a lease should be asked for in the background. */
  get wantsLease(): boolean {
    return this.#ahead !== 0 || this.#left < this.#wish() / 2;
  }

  #wish(): number {
    const most = Math.max(1, Math.floor(this.perMinute * LARGEST_LEASE_SHARE));
    return Math.min(most, Math.max(1, 2 * this.#spentSinceReport));
  }

  /** The report; what it returns is no longer spendable here, see {@link failed}. */
  report(atLeast = 0): LeaseRequest {
    const want = Math.max(this.#wish(), Math.ceil(atLeast));
    const net = this.#ahead - this.#left;
    this.#left = 0;
    this.#ahead = 0;
    this.#spentSinceReport = 0;
    return { net, want };
  }

  granted(granted: number, bucket: Bucket, nowMs: number): void {
    this.#left += granted;
    this.#leasedMs = nowMs;
    this.#bucket = bucket;
  }

  /** A report that was perhaps never heard: it is made again with the next. */
  failed({ net }: LeaseRequest): void {
    this.#ahead += net;
  }

  /** What is left of this minute's worth, as far as this isolate knows. */
  remaining(nowMs: number): number {
    const level = this.#expectedLevel(nowMs) + this.#left;
    return Math.max(0, Math.min(this.perMinute, Math.floor(level)));
  }

  /** Until so much could be spent, ms. */
  waitMs(amount: number, nowMs: number): number {
    const missing = amount - this.#left - this.#expectedLevel(nowMs);
    return Math.max(0, Math.ceil((missing * MS_PER_MINUTE) / this.perMinute));
  }

  /** Until the whole limit is there again, ms. */
  resetMs(nowMs: number): number {
    return this.waitMs(this.perMinute, nowMs);
  }

  #expectedLevel(nowMs: number): number {
    return filled(this.#bucket, this.perMinute, nowMs).level - this.#ahead;
  }

  #dropOldLease(nowMs: number): void {
    if (nowMs - this.#leasedMs > LEASE_MS) this.#left = 0;
  }
}

/** A duration as OpenAI's headers write it: `120ms`, `1.5s`, `6m0s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 10) / 100;
  if (seconds < 60) return `${seconds}s`;
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}m${whole % 60}s`;
}
