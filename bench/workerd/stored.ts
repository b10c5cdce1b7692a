import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Sizes of what Workers stored, read from the files of a local stack. */

export interface Stored {
  keys: number;
  bytes: number;
  largest: { key: string; bytes: number };
}

/** All values of the coordinator's storage. */
export function durableObjectValues(dir: string): Stored | undefined {
  return query(dir, '_cf_KV', 'SELECT key, length(value) AS bytes FROM _cf_KV');
}

/** The rows of the latest plan in D1: its header, and each slot with shares, prices and sites' hours. */
export function planRows(dir: string): Stored | undefined {
  return query(
    dir,
    'plan_slots',
    `WITH latest AS (SELECT max(version) AS version FROM plans)
     SELECT 'header' AS key, length(header) AS bytes FROM plans JOIN latest USING (version)
     UNION ALL
     SELECT 'slot ' || slot, length(shares) + coalesce(length(prices), 0) + coalesce(length(site_hours), 0)
     FROM plan_slots JOIN latest USING (version)`,
  );
}

function query(dir: string, table: string, sql: string): Stored | undefined {
  for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.sqlite')) continue;
    const db = new DatabaseSync(join(dir, file), { readOnly: true });
    try {
      const known = db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(table);
      if (!known) continue;
      const rows = db.prepare(sql).all() as { key: string; bytes: number }[];
      if (rows.length === 0) continue;
      return {
        keys: rows.length,
        bytes: rows.reduce((sum, r) => sum + r.bytes, 0),
        largest: rows.reduce((a, b) => (b.bytes > a.bytes ? b : a)),
      };
    } finally {
      db.close();
    }
  }
  return undefined;
}
