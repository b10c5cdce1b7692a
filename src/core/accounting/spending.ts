/** Amounts that a key's budgets are held against. */
export interface Spent {
  /** 1e-9 AUD. */
  costNanoAud: number;
  carbonMg: number;
}

/** A key with a budget that nobody used for this long is no longer followed. */
const FOLLOWED_MS = 10 * 60_000;

interface Entry {
  spent: Spent;
  monthUtcMs: number;
  usedMs: number;
  /** Has been held against the ledger, not only counted here. */
  isRead: boolean;
}

/**
 * What keys have spent this month, as one isolate knows it: the ledger as last read, and its own
 * receipts at once. Within a month it never falls: a read may have begun before this isolate's last
 * receipts were booked, or come from a replica that lags behind.
 */
export class Spending {
  readonly #entries = new Map<string, Entry>();

  /** Follows a key from now on. Whether what it spent before is known, too. */
  follow(keyId: string, monthUtcMs: number, nowMs: number): boolean {
    const known = this.#entries.get(keyId);
    if (known) {
      known.usedMs = nowMs;
      return known.isRead;
    }
    const spent = { costNanoAud: 0, carbonMg: 0 };
    this.#entries.set(keyId, { spent, monthUtcMs, usedMs: nowMs, isRead: false });
    return false;
  }

  /** A receipt of this isolate's. */
  add(keyId: string, { costNanoAud, carbonMg }: Spent): void {
    const spent = this.#entries.get(keyId)?.spent;
    if (spent === undefined) return;
    spent.costNanoAud += costNanoAud;
    spent.carbonMg += carbonMg;
  }

  of(keyId: string, monthUtcMs: number): Spent {
    const entry = this.#entries.get(keyId);
    return entry?.monthUtcMs === monthUtcMs ? entry.spent : { costNanoAud: 0, carbonMg: 0 };
  }

  /** Keys to be read; those out of use are forgotten. */
  followed(nowMs: number): string[] {
    for (const [id, { usedMs }] of this.#entries) {
      if (nowMs - usedMs > FOLLOWED_MS) this.#entries.delete(id);
    }
    return [...this.#entries.keys()];
  }

  /**
   * What the ledger has of a key.
   * @param unbooked what this isolate has not booked yet, taken after the ledger was read: what was
   *   booked in between may be missing in both, which this isolate's own count makes good
   */
  learn(keyId: string, monthUtcMs: number, booked: Spent | undefined, unbooked: Spent): void {
    const entry = this.#entries.get(keyId);
    // A read that was under way when the month turned.
    if (entry === undefined || monthUtcMs < entry.monthUtcMs) return;
    const before = this.of(keyId, monthUtcMs);
    entry.spent = {
      costNanoAud: Math.max(before.costNanoAud, (booked?.costNanoAud ?? 0) + unbooked.costNanoAud),
      carbonMg: Math.max(before.carbonMg, (booked?.carbonMg ?? 0) + unbooked.carbonMg),
    };
    entry.monthUtcMs = monthUtcMs;
    entry.isRead = true;
  }
}
