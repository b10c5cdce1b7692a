/** States that are learned hour by hour, one a key: plain data as JSON beside the last hour it has seen. */
export interface StateTable {
  name: string;
  /** Columns of its primary key. */
  keys: readonly string[];
  /** D1 takes 2 MB a parameter. */
  statesPerStatement: number;
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
