import { type Env, now } from './env.ts';
import { fleetDigest } from './fleet.ts';

/** What a check of a deployment cannot see from outside. */
export async function deployment(env: Env) {
  const [migrations, hasKeys] = await Promise.all([appliedMigrations(env.DB), hasApiKeys(env.DB)]);
  return {
    nowUtcMs: now(env),
    /** SHA-256 of the public registry in the bundle. */
    registry: fleetDigest(),
    /** Names of the migrations that D1 has, oldest first. */
    migrations,
    /** Whether any client could get in: a key of the secret, or one that was made. */
    hasClientKeys:
      (env.CLIENT_KEYS_SHA256 !== undefined && env.CLIENT_KEYS_SHA256 !== '') || hasKeys,
  };
}

/** As `wrangler d1 migrations apply` books them; none where it never ran. */
async function appliedMigrations(db: D1Database): Promise<string[]> {
  if (!(await hasTable(db, 'd1_migrations'))) return [];
  const { results } = await db
    .prepare('SELECT name FROM d1_migrations ORDER BY id')
    .all<{ name: string }>();
  return results.map((row) => row.name);
}

async function hasApiKeys(db: D1Database): Promise<boolean> {
  if (!(await hasTable(db, 'api_keys'))) return false;
  return (await db.prepare('SELECT 1 FROM api_keys LIMIT 1').first()) !== null;
}

async function hasTable(db: D1Database, name: string): Promise<boolean> {
  const found = await db
    .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?")
    .bind(name)
    .first();
  return found !== null;
}
