import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/**
 * D1 for a workerd without miniflare: SQLite in memory behind the HTTP calls that workerd's D1 binding
 * makes (`/query` and `/execute`, as miniflare's database.worker.js answers them). A batch is one
 * transaction.
 */
export async function startDatabase(): Promise<{ port: number; close(): void }> {
  const db = new DatabaseSync(':memory:');
  const server = createServer(async (req, res) => {
    let text = '';
    for await (const piece of req.setEncoding('utf8')) text += piece;
    const url = new URL(req.url ?? '', 'http://d1');
    const isTable = url.searchParams.get('resultsFormat') === 'ROWS_AND_COLUMNS';
    const asked = [JSON.parse(text)].flat() as Query[];
    let answer: unknown;
    let status = 200;
    db.exec('BEGIN');
    try {
      answer = asked.map((query) => run(db, query, isTable));
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      status = 500;
      answer = { success: false, error: (error as Error).message };
    }
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
      db.close();
    },
  };
}

interface Query {
  sql: string;
  params?: SQLInputValue[];
}

function run(db: DatabaseSync, { sql, params = [] }: Query, isTable: boolean) {
  const statement = db.prepare(sql);
  const columns = statement.columns().map((c) => c.name);
  let rows: Record<string, unknown>[] = [];
  let changes = 0;
  let lastRowId = 0;
  if (columns.length > 0) {
    rows = statement.all(...params);
  } else {
    const done = statement.run(...params);
    changes = Number(done.changes);
    lastRowId = Number(done.lastInsertRowid);
  }
  const meta = {
    served_by: 'bench',
    duration: 0,
    changes,
    last_row_id: lastRowId,
    changed_db: changes > 0,
    size_after: 0,
    rows_read: rows.length,
    rows_written: changes,
  };
  const table = () => ({ columns, rows: rows.map((row) => columns.map((c) => row[c])) });
  return { success: true, results: isTable ? table() : rows, meta };
}
