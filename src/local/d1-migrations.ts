import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Applies ./migrations to a local D1. Files and bookkeeping are those of `wrangler d1 migrations
 * apply`; wrangler itself is not used because it would have to start a runtime of its own.
 */

/** The part of D1's client that is needed; miniflare's proxy and the real binding both have it. */
type Database = {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
};
type Statement = {
  bind(...values: unknown[]): Statement;
  run(): Promise<unknown>;
  all<Row>(): Promise<{ results: Row[] }>;
};

const statementBreak = '--> statement-breakpoint';

async function migrationNames(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql'));
  return names.sort();
}

/** Returns the names of the migrations applied now, oldest first; each in one transaction. */
export async function applyMigrations(db: unknown, dir: string): Promise<string[]> {
  const database = db as Database;
  await database
    .prepare(
      'CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, ' +
        'name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)',
    )
    .run();
  const { results } = await database
    .prepare('SELECT name FROM d1_migrations')
    .all<{ name: string }>();
  const done = new Set(results.map((row) => row.name));
  const applied: string[] = [];
  for (const name of await migrationNames(dir)) {
    if (done.has(name)) continue;
    const sql = await readFile(join(dir, name), 'utf8');
    const statements = sql
      .split(statementBreak)
      .map((text) => text.trim())
      // D1 refuses a statement that is nothing but comments.
      .filter((text) => text.replace(/^--.*$/gm, '').trim() !== '');
    await database.batch([
      ...statements.map((text) => database.prepare(text)),
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name),
    ]);
    applied.push(name);
  }
  return applied;
}
