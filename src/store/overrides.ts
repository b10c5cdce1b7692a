import { asc, desc, gt, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { type OverrideEntry, type Overrides, overridesOf } from '../core/model/overrides.ts';
import { overrideChanges, overrides } from './schema.ts';

type Database = D1Database | D1DatabaseSession;

/** A field to be set; null sets it back to the registry's. */
export type OverrideChange = Omit<OverrideEntry, 'revision'>;

/** Who sets it, when and why. */
export interface Authorship {
  utcMs: number;
  author?: string;
  reason?: string;
}

const latestRevision = sql`(SELECT coalesce(max(revision), 0) FROM override_changes)`;

/** Sets fields, all of them or none, and writes down that it was done. */
export async function setOverrides(
  db: D1Database,
  changes: readonly OverrideChange[],
  { utcMs, author, reason }: Authorship,
): Promise<void> {
  const orm = drizzle(db);
  const [first, ...rest] = changes.flatMap(({ subject, field, value }) => {
    const of = { subject, field, value: value === null ? null : JSON.stringify(value) };
    return [
      orm.insert(overrideChanges).values({
        ...of,
        utcMs,
        author,
        reason,
        revision: sql`${latestRevision} + 1`,
      }),
      orm
        .insert(overrides)
        .values({ ...of, revision: latestRevision })
        .onConflictDoUpdate({
          target: [overrides.subject, overrides.field],
          set: { value: sql`excluded.value`, revision: sql`excluded.revision` },
        }),
    ];
  });
  if (first) await orm.batch([first, ...rest]);
}

/** Fields set after a revision, oldest first. */
export async function overridesChangedSince(
  db: Database,
  revision: number,
): Promise<OverrideEntry[]> {
  const rows = await drizzle(db as D1Database)
    .select()
    .from(overrides)
    .where(gt(overrides.revision, revision))
    .orderBy(asc(overrides.revision));
  return rows.map((row) => ({ ...row, value: row.value === null ? null : JSON.parse(row.value) }));
}

/** All that is set. */
export async function readOverrides(db: Database): Promise<Overrides> {
  return overridesOf(await overridesChangedSince(db, 0));
}

/** The latest changes, newest first. */
export async function recentChanges(db: D1Database, count: number) {
  const rows = await drizzle(db)
    .select()
    .from(overrideChanges)
    .orderBy(desc(overrideChanges.revision))
    .limit(count);
  return rows.map(({ utcMs, value, ...row }) => ({
    ...row,
    utc: new Date(utcMs).toISOString(),
    value: value === null ? null : (JSON.parse(value) as unknown),
  }));
}
