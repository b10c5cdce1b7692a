import { and, gte, lt, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';
import { parseUtcMs } from '../core/model/time.ts';
import { siteInputs } from './schema.ts';

/** An hour of a site's surroundings as pushed from outside: weather, price, carbon, or some of them. */
export const siteInputSchema = z
  .strictObject({
    site: z.string(),
    /** Beginning of the hour, e.g. 2022-01-24T00:00Z. */
    utc: z
      .string()
      .regex(
        /^\d{4}-\d\d-\d\dT\d\d:00(:00(\.0+)?)?Z$/,
        'must be a full UTC hour such as 2022-01-24T00:00Z',
      )
      .refine((t) => parseUtcMs(t) !== undefined, 'is not a date'),
    tempC: z.number().min(-60).max(60).optional(),
    rhPct: z.number().min(0).max(100).optional(),
    spotAudPerMwh: z.number().min(-2000).max(30_000).nullish(),
    carbonKgPerKwh: z.number().min(0).max(3).nullish(),
  })
  .refine((h) => (h.tempC === undefined) === (h.rhPct === undefined), {
    message: 'tempC and rhPct are given together or not at all',
    path: ['rhPct'],
  })
  .refine((h) => (h.tempC ?? h.spotAudPerMwh ?? h.carbonKgPerKwh ?? null) !== null, {
    message: 'has none of tempC with rhPct, spotAudPerMwh and carbonKgPerKwh',
  });
export type SiteInput = z.output<typeof siteInputSchema>;

/** D1 binds at most 100 parameters a statement; a row takes ten. */
const ROWS_PER_STATEMENT = 10;

/** Columns that keep what they hold where a row brings nothing. */
const keptColumns = {
  tempC: 'temp_c',
  rhPct: 'rh_pct',
  weatherSource: 'weather_source',
  spotAudPerMwh: 'spot_aud_per_mwh',
  priceSource: 'price_source',
  carbonKgPerKwh: 'carbon_kg_per_kwh',
  carbonSource: 'carbon_source',
};
const newOrKept = Object.fromEntries(
  Object.entries(keptColumns).map(([key, name]) => [
    key,
    sql.raw(`coalesce(excluded.${name}, site_inputs.${name})`),
  ]),
);

/** Writes hours, over what was there of the same site, hour and group, all or none. */
export async function writeSiteInputs(
  db: D1Database,
  rows: SiteInput[],
  source: string,
  updatedUtcMs: number,
): Promise<void> {
  const orm = drizzle(db);
  const sourceIf = (value: number | null | undefined) => (value == null ? null : source);
  const statements = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const values = rows.slice(from, from + ROWS_PER_STATEMENT).map((r) => ({
      siteId: r.site,
      utcMs: parseUtcMs(r.utc) as number,
      tempC: r.tempC ?? null,
      rhPct: r.rhPct ?? null,
      weatherSource: sourceIf(r.tempC),
      spotAudPerMwh: r.spotAudPerMwh ?? null,
      priceSource: sourceIf(r.spotAudPerMwh),
      carbonKgPerKwh: r.carbonKgPerKwh ?? null,
      carbonSource: sourceIf(r.carbonKgPerKwh),
      updatedUtcMs,
    }));
    statements.push(
      orm
        .insert(siteInputs)
        .values(values)
        .onConflictDoUpdate({
          target: [siteInputs.siteId, siteInputs.utcMs],
          set: { ...newOrKept, updatedUtcMs: sql`excluded.updated_utc_ms` },
        }),
    );
  }
  const [first, ...rest] = statements;
  if (first) await orm.batch([first, ...rest]);
}

/** All hours of all sites in [fromUtcMs, toUtcMs). */
export function readSiteInputs(db: D1Database, fromUtcMs: number, toUtcMs: number) {
  return drizzle(db)
    .select()
    .from(siteInputs)
    .where(and(gte(siteInputs.utcMs, fromUtcMs), lt(siteInputs.utcMs, toUtcMs)));
}

/** When a site's latest hour was written, in ms; sites without any are left out. */
export async function inputsWrittenUtcMs(
  db: D1Database,
  sites: readonly string[],
): Promise<Map<string, number>> {
  // One row read a site, off the end of the primary key.
  const { results } = await db
    .prepare(
      'SELECT value AS site, (SELECT updated_utc_ms FROM site_inputs WHERE site_id = value ' +
        'ORDER BY utc_ms DESC LIMIT 1) AS utcMs FROM json_each(?)',
    )
    .bind(JSON.stringify(sites))
    .all<{ site: string; utcMs: number | null }>();
  return new Map(results.flatMap((r) => (r.utcMs === null ? [] : [[r.site, r.utcMs]])));
}

/** Deletes hours that began before an instant. */
export async function pruneSiteInputs(db: D1Database, beforeUtcMs: number): Promise<void> {
  await drizzle(db).delete(siteInputs).where(lt(siteInputs.utcMs, beforeUtcMs));
}
