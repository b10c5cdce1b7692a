import { monthOf } from '../core/accounting/keys.ts';
import type { Amounts } from '../core/accounting/micro.ts';
import type { Receipt } from '../core/accounting/receipt.ts';
import type { Spent } from '../core/accounting/spending.ts';
import { rowOf, Totals } from '../core/accounting/totals.ts';
import { type TimingRow, Timings } from '../core/learning/timing.ts';
import { bookBatch, type CounterRise, type UsageBatch } from '../store/usage.ts';
import { type Env, now, numberVar } from './env.ts';

/** Receipts an isolate gathers before it writes, whatever the time. */
export const MAX_GATHERED = 500;
/** Batches kept while D1 refuses them; older ones are lost, and counted as such. */
export const MAX_PENDING = 20;
/** A batch D1 refuses is written again after so long; then with the next one. */
const PAUSES_MS = [500, 2000];
/** A writer under way for longer than this has gone with its request. */
const ABANDONED_MS = 15_000;

/**
 * Receipts and counters of this isolate until they are booked. What a crash can lose is in
 * docs/receipts.md: what was gathered since the last write.
 */
export class Journal {
  #rows = new Totals();
  #timings = new Timings();
  /** By name, then labels. */
  #counters = new Map<string, Map<string, CounterRise>>();
  #gathered = 0;
  #pending: (UsageBatch & { receipts: number })[] = [];
  #writerSinceMs = Number.NEGATIVE_INFINITY;

  count(name: string, labels: string, value = 1): void {
    let ofName = this.#counters.get(name);
    if (ofName === undefined) {
      ofName = new Map();
      this.#counters.set(name, ofName);
    }
    const known = ofName.get(labels);
    if (known) known.value += value;
    else ofName.set(labels, { name, labels, value });
  }

  add(receipt: Receipt, spread?: Amounts): void {
    this.#rows.add(rowOf(receipt, spread));
    this.#gathered++;
  }

  time(row: TimingRow): void {
    this.#timings.add(row);
  }

  /**
   * Writes what was gathered, soon: at once when there is much, else when others have had the time to
   * add to it. To be awaited within waitUntil.
   */
  async writeSoon(env: Env): Promise<void> {
    if (this.#gathered >= MAX_GATHERED) return this.write(env);
    const nowMs = Date.now();
    if (nowMs - this.#writerSinceMs < ABANDONED_MS) return;
    this.#writerSinceMs = nowMs;
    await new Promise((resolve) => setTimeout(resolve, flushMs(env)));
    this.#writerSinceMs = Number.NEGATIVE_INFINITY;
    await this.write(env);
  }

  /** Books all there is. What D1 refuses stays and is tried again with the next write. */
  async write(env: Env): Promise<void> {
    this.#close();
    for (const batch of [...this.#pending]) {
      if (!(await this.#book(batch, env))) return;
      this.#pending = this.#pending.filter((b) => b !== batch);
    }
  }

  /** What a key has spent this month and is not known to be booked. */
  unbooked(keyId: string, nowUtcMs: number): Spent {
    const sum = { costNanoAud: 0, carbonMg: 0 };
    for (const row of [...this.#rows.rows(), ...this.#pending.flatMap((b) => b.rows)]) {
      if (row.keyId !== keyId || monthOf(row.hourUtcMs) !== monthOf(nowUtcMs)) continue;
      sum.costNanoAud += row.costNanoAud;
      sum.carbonMg += row.carbonMg;
    }
    return sum;
  }

  #close(): void {
    if (this.#gathered === 0 && this.#counters.size === 0) return;
    this.#pending.push({
      id: crypto.randomUUID(),
      rows: this.#rows.rows(),
      timings: this.#timings.rows(),
      counters: [...this.#counters.values()].flatMap((ofName) => [...ofName.values()]),
      receipts: this.#gathered,
    });
    this.#rows = new Totals();
    this.#timings = new Timings();
    this.#counters = new Map();
    this.#gathered = 0;
    while (this.#pending.length > MAX_PENDING) {
      const lost = this.#pending.shift();
      console.error(`${lost?.receipts} receipts are lost: D1 has refused them for too long`);
      this.count('receipts_lost', '', lost?.receipts);
    }
  }

  async #book(batch: UsageBatch, env: Env): Promise<boolean> {
    for (const pauseMs of [...PAUSES_MS, undefined]) {
      try {
        await bookBatch(env.DB, batch, now(env));
        return true;
      } catch (error) {
        console.error(`receipts cannot be booked: ${error}`);
        if (pauseMs === undefined) return false;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
    return false;
  }
}

function flushMs(env: Env): number {
  return numberVar(env.RECEIPT_FLUSH_MS, 2000, 0, 20_000);
}

export const journal = new Journal();
