import { monthOf } from '../core/accounting/keys.ts';
import type { Spent } from '../core/accounting/spending.ts';
import { rowKeys, rowSums, type UsageRow } from '../core/accounting/totals.ts';
import type { ComparedTtft } from '../core/accounting/usage-export.ts';
import { type TimingRow, timingKeys, timingSums } from '../core/learning/timing.ts';

/** A counter's rise since an isolate last wrote. */
export interface CounterRise {
  name: string;
  labels: string;
  value: number;
}

/** What an isolate has gathered, under an id of its own. */
export interface UsageBatch {
  id: string;
  rows: UsageRow[];
  timings?: TimingRow[];
  counters: CounterRise[];
}

/** A field's column. */
export const columnOf = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const fieldOf = (name: string) => `json_extract(value, '$.${name}')`;
const rise = (name: string) => `${columnOf(name)} = ${columnOf(name)} + excluded.${columnOf(name)}`;

// "WHERE true" keeps SQLite from reading ON CONFLICT as the join condition of the SELECT.
const addTo = (table: string, keys: readonly string[], sums: readonly string[]) =>
  `INSERT INTO ${table} (${[...keys, ...sums].map(columnOf).join(', ')}) ` +
  `SELECT ${[...keys, ...sums].map(fieldOf).join(', ')} FROM json_each(?) WHERE true ` +
  `ON CONFLICT (${keys.map(columnOf).join(', ')}) DO UPDATE SET ${sums.map(rise).join(', ')}`;
const ADD_ROWS = addTo('usage_hours', rowKeys, rowSums);
const ADD_TIMINGS = addTo('timing_hours', timingKeys, timingSums);
const ADD_MONTHS =
  'INSERT INTO usage_months (key_id, month_utc_ms, cost_nano_aud, carbon_mg) ' +
  `SELECT ${['keyId', 'monthUtcMs', 'costNanoAud', 'carbonMg'].map(fieldOf).join(', ')} ` +
  'FROM json_each(?) WHERE true ON CONFLICT (key_id, month_utc_ms) DO UPDATE SET ' +
  `${rise('costNanoAud')}, ${rise('carbonMg')}`;
const ADD_COUNTERS =
  'INSERT INTO metric_counters (name, labels, value) ' +
  `SELECT ${['name', 'labels', 'value'].map(fieldOf).join(', ')} FROM json_each(?) WHERE true ` +
  'ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value';

/**
 * Books a batch, all of it or nothing, and once however often it is written. Returns whether this
 * call booked it. Throws if D1 refuses; nothing has changed then, unless its answer was lost, which
 * writing again finds out.
 */
export async function bookBatch(
  db: D1Database,
  batch: UsageBatch,
  utcMs: number,
): Promise<boolean> {
  const months = batch.rows.map(({ keyId, hourUtcMs, costNanoAud, carbonMg }) => ({
    keyId,
    monthUtcMs: monthOf(hourUtcMs),
    costNanoAud,
    carbonMg,
  }));
  const { timings = [] } = batch;
  try {
    await db.batch([
      // Fails, and the transaction with it, where the batch is known.
      db
        .prepare('INSERT INTO usage_batches (id, written_utc_ms) VALUES (?, ?)')
        .bind(batch.id, utcMs),
      db.prepare(ADD_ROWS).bind(JSON.stringify(batch.rows)),
      db.prepare(ADD_MONTHS).bind(JSON.stringify(months)),
      db.prepare(ADD_COUNTERS).bind(JSON.stringify(batch.counters)),
      ...(timings.length > 0 ? [db.prepare(ADD_TIMINGS).bind(JSON.stringify(timings))] : []),
    ]);
    return true;
  } catch (error) {
    const known = await db
      .prepare('SELECT 1 FROM usage_batches WHERE id = ?')
      .bind(batch.id)
      .first();
    if (known === null) throw error;
    return false;
  }
}

/** What usage can be summed by; days are UTC's. */
export const usageGroups = ['key', 'model', 'zone', 'site', 'day', 'hour'] as const;
export type UsageGroup = (typeof usageGroups)[number];
const groupFields: Record<UsageGroup, { name: string; sql: string }> = {
  key: { name: 'keyId', sql: 'key_id' },
  model: { name: 'model', sql: 'model' },
  zone: { name: 'zone', sql: 'zone' },
  site: { name: 'site', sql: 'site' },
  day: { name: 'dayUtcMs', sql: 'hour_utc_ms - hour_utc_ms % 86400000' },
  hour: { name: 'hourUtcMs', sql: 'hour_utc_ms' },
};

export type UsageSums = Pick<UsageRow, (typeof rowSums)[number]> &
  ComparedTtft &
  Partial<UsageRow> & { dayUtcMs?: number };

/** Who knows the nearest site's time has one of its own, so that equal counts are of the same receipts. */
const COMPARED = Object.entries({
  comparedTtftRequests: 'ttft_requests',
  comparedTtftMs: 'ttft_ms',
  comparedNearestTtftMs: 'nearest_ttft_ms',
} satisfies Record<keyof ComparedTtft, string>).map(
  ([name, column]) =>
    `coalesce(sum(CASE WHEN ttft_requests = nearest_ttft_requests THEN ${column} ELSE 0 END), 0) AS ${name}`,
);

export interface UsageQuery {
  fromUtcMs: number;
  toUtcMs: number;
  keyId?: string;
  by: readonly UsageGroup[];
  limit: number;
}

/** Sums of the hours in [from, to), in the order of what they are grouped by. */
export async function readUsage(db: D1Database, q: UsageQuery): Promise<UsageSums[]> {
  const fields = q.by.map((g) => groupFields[g]);
  const picked = [
    ...fields.map((f) => `${f.sql} AS ${f.name}`),
    ...rowSums.map((f) => `coalesce(sum(${columnOf(f)}), 0) AS ${f}`),
    ...COMPARED,
  ];
  const group = fields.map((f) => f.sql).join(', ');
  const { results } = await db
    .prepare(
      `SELECT ${picked.join(', ')} FROM usage_hours ` +
        'WHERE hour_utc_ms >= ?1 AND hour_utc_ms < ?2 AND (?3 IS NULL OR key_id = ?3) ' +
        `${group ? `GROUP BY ${group} ORDER BY ${group} ` : ''}LIMIT ?4`,
    )
    .bind(q.fromUtcMs, q.toUtcMs, q.keyId ?? null, q.limit)
    .all<UsageSums>();
  return results;
}

/** When a batch was last booked; undefined where none is remembered. */
export async function lastBookedUtcMs(db: D1Database): Promise<number | undefined> {
  const sql = 'SELECT max(written_utc_ms) AS utcMs FROM usage_batches';
  return (await db.prepare(sql).first<number | null>('utcMs')) ?? undefined;
}

/** What keys have spent in a month; keys without any receipt are left out. */
export async function monthSpent(
  db: D1Database | D1DatabaseSession,
  monthUtcMs: number,
  keyIds: readonly string[],
): Promise<Map<string, Spent>> {
  const { results } = await db
    .prepare(
      'SELECT key_id AS keyId, cost_nano_aud AS costNanoAud, carbon_mg AS carbonMg ' +
        'FROM usage_months WHERE month_utc_ms = ? AND key_id IN (SELECT value FROM json_each(?))',
    )
    .bind(monthUtcMs, JSON.stringify(keyIds))
    .all<Spent & { keyId: string }>();
  return new Map(results.map(({ keyId, ...spent }) => [keyId, spent]));
}

export async function readCounters(db: D1Database): Promise<CounterRise[]> {
  const { results } = await db
    .prepare('SELECT name, labels, value FROM metric_counters ORDER BY name, labels')
    .all<CounterRise>();
  return results;
}

/** Forgets batches that nobody writes again. */
export async function pruneBatches(db: D1Database, beforeUtcMs: number): Promise<void> {
  await db.prepare('DELETE FROM usage_batches WHERE written_utc_ms < ?').bind(beforeUtcMs).run();
}

/** Deletes sums of hours and months that began before an instant. */
export async function pruneUsage(db: D1Database, beforeUtcMs: number): Promise<void> {
  await db.batch([
    db.prepare('DELETE FROM usage_hours WHERE hour_utc_ms < ?').bind(beforeUtcMs),
    db.prepare('DELETE FROM usage_months WHERE month_utc_ms < ?').bind(beforeUtcMs),
  ]);
}
