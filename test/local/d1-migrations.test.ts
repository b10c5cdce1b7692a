import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyMigrations } from '../../src/local/d1-migrations.ts';

let dir: string;
let miniflare: Miniflare;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isotherm-migrations-'));
  const contents = 'export default { fetch: () => new Response() };';
  miniflare = new Miniflare({
    workers: [
      {
        config: {
          name: 'd1',
          compatibilityDate: '2026-01-01',
          manifest: { mainModule: 'w.js', modules: { 'w.js': { type: 'esm', contents } } },
          env: { DB: { type: 'd1', id: 'db' } },
        },
      },
    ],
  });
  await miniflare.ready;
});

afterAll(async () => {
  await miniflare.dispose();
  await rm(dir, { recursive: true });
});

test('each migration is applied once, in order, and not at all when a part of it fails', async () => {
  const db = await miniflare.getD1Database('DB');
  await writeFile(
    join(dir, '0000_first.sql'),
    'CREATE TABLE a (n INTEGER);\n--> statement-breakpoint\nCREATE TABLE b (n INTEGER);\n',
  );
  await writeFile(join(dir, '0001_second.sql'), 'INSERT INTO a VALUES (1);');
  expect(await applyMigrations(db, dir)).toEqual(['0000_first.sql', '0001_second.sql']);
  expect(await applyMigrations(db, dir)).toEqual([]);
  expect(await db.prepare('SELECT count(*) AS n FROM a').first('n')).toBe(1);

  await writeFile(
    join(dir, '0002_broken.sql'),
    'INSERT INTO a VALUES (2);\n--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);',
  );
  await expect(applyMigrations(db, dir)).rejects.toThrow(/nowhere/);
  expect(await db.prepare('SELECT count(*) AS n FROM a').first('n')).toBe(1);
});
