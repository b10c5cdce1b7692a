import type { z } from 'zod';

/** States that are learned hour by hour, one a key: plain data as JSON beside the last hour it has seen. */
export interface StateTable {
  name: string;
  /** Columns of its primary key. */
  keys: readonly string[];
  /** D1 takes 2 MB a parameter. */
  statesPerStatement: number;
}

/**
 * States by what `keyOf` makes of their keys. One that cannot be read is begun anew, and said so in the
 * log: the counts it was made from are still there.
 * @param what of each it is, for the log
 */
export async function readStates<S extends z.ZodType>(
  db: D1Database,
  { name, keys }: StateTable,
  schema: S,
  what: string,
  keyOf: (keys: string[]) => string,
): Promise<Map<string, z.output<S>>> {
  const { results } = await db
    .prepare(`SELECT ${keys.join(', ')}, state FROM ${name}`)
    .all<Record<string, string>>();
  const states = new Map<string, z.output<S>>();
  for (const row of results) {
    const key = keyOf(keys.map((column) => row[column] as string));
    try {
      states.set(key, schema.parse(JSON.parse(row.state as string)));
    } catch (error) {
      console.error(`${what} of ${key} is begun anew: ${(error as Error).message}`);
    }
  }
  return states;
}

/** Writes states, all or none; one that has seen more than the one to be written stays. */
export async function writeStates(
  db: D1Database,
  { name, keys, statesPerStatement }: StateTable,
  states: readonly {
    key: Record<string, string | undefined>;
    state: { lastUtcMs: number | null };
  }[],
): Promise<void> {
  const columns = [...keys, 'last_utc_ms', 'state'];
  const sql =
    `INSERT INTO ${name} (${columns.join(', ')}) ` +
    `SELECT ${columns.map((column) => `value ->> '$.${column}'`).join(', ')} ` +
    `FROM json_each(?) WHERE true ON CONFLICT (${keys.join(', ')}) ` +
    'DO UPDATE SET last_utc_ms = excluded.last_utc_ms, state = excluded.state ' +
    `WHERE excluded.last_utc_ms >= ${name}.last_utc_ms`;
  const rows = states.map(({ key, state }) => ({
    ...key,
    last_utc_ms: state.lastUtcMs,
    state: JSON.stringify(state),
  }));
  const statements = [];
  for (let from = 0; from < rows.length; from += statesPerStatement) {
    const part = rows.slice(from, from + statesPerStatement);
    statements.push(db.prepare(sql).bind(JSON.stringify(part)));
  }
  if (statements.length > 0) await db.batch(statements);
}
