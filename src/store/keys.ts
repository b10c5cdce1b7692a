import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import type { ApiKey } from '../core/accounting/keys.ts';
import { apiKeys } from './schema.ts';

/** Routers hold all keys in memory, some 300 bytes each. */
export const MAX_KEYS = 10_000;
const KEYS_PER_READ = 2000;

type Database = D1Database | D1DatabaseSession;

/** One above any so far, taken within the statement that writes it: revisions follow the commits. */
const nextRevision = sql`(SELECT coalesce(max(revision), 0) + 1 FROM api_keys)`;

/** Stores a key; false, and nothing stored, where there are {@link MAX_KEYS} already. */
export async function insertKey(db: D1Database, key: ApiKey): Promise<boolean> {
  const orm = drizzle(db);
  if ((await orm.$count(apiKeys)) >= MAX_KEYS) return false;
  const { models, classes, ...rest } = key;
  await orm.insert(apiKeys).values({
    ...rest,
    models: models && JSON.stringify(models),
    classes: classes && JSON.stringify(classes),
    revision: nextRevision,
  });
  return true;
}

/** Revokes a key; one that is revoked stays as it is. False if there is no such key. */
export async function revokeKey(db: D1Database, id: string, utcMs: number): Promise<boolean> {
  const orm = drizzle(db);
  await orm
    .update(apiKeys)
    .set({ revokedUtcMs: utcMs, revision: nextRevision })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedUtcMs)));
  return (await orm.$count(apiKeys, eq(apiKeys.id, id))) > 0;
}

/** Keys created or changed after a revision, and the revision up to which this is all. */
export async function keysChangedSince(
  db: Database,
  revision: number,
): Promise<{ keys: ApiKey[]; revision: number; more: boolean }> {
  const rows = await drizzle(db as D1Database)
    .select()
    .from(apiKeys)
    .where(gt(apiKeys.revision, revision))
    .orderBy(asc(apiKeys.revision))
    .limit(KEYS_PER_READ);
  return {
    keys: rows.map(({ revision: _, models, classes, ...rest }) => ({
      ...rest,
      models: models === null ? null : (JSON.parse(models) as string[]),
      classes: classes === null ? null : (JSON.parse(classes) as string[]),
    })),
    revision: rows.at(-1)?.revision ?? revision,
    more: rows.length === KEYS_PER_READ,
  };
}

/** All keys, oldest first. */
export async function allKeys(db: D1Database): Promise<ApiKey[]> {
  const keys: ApiKey[] = [];
  for (let revision = 0, more = true; more; ) {
    const read = await keysChangedSince(db, revision);
    keys.push(...read.keys);
    ({ revision, more } = read);
  }
  return keys.sort((a, b) => a.createdUtcMs - b.createdUtcMs);
}
