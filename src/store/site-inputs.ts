import { and, gte, lt, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { siteInputs } from './schema.ts';

/** An hour of a site's surroundings as pushed from outside. */
export const siteInputSchema = z.strictObject({
  site: z.string(),
  /** Beginning of the hour, e.g. 2022-01-24T00:00Z. */
  utc: z
    .string()
    .regex(
      /^\d{4}-\d\d-\d\dT\d\d:00(:00(\.0+)?)?Z$/,
      'must be a full UTC hour such as 2022-01-24T00:00Z',
    )
    .refine((t) => !Number.isNaN(Date.parse(t)), 'is not a date'),
  tempC: z.number().min(-60).max(60),
  rhPct: z.number().min(0).max(100),
  spotAudPerMwh: z.number().min(-2000).max(30_000).nullable().default(null),
  carbonKgPerKwh: z.number().min(0).max(3).nullable().default(null),
});
export type SiteInput = z.output<typeof siteInputSchema>;

/** D1 binds at most 100 parameters a statement; a row takes eight. */
const ROWS_PER_STATEMENT = 12;

/** Writes hours, over earlier ones of the same site and hour, all or none. */
export async function writeSiteInputs(
  db: D1Database,
  rows: SiteInput[],
  source: string,
  updatedUtcMs: number,
): Promise<void> {
  const orm = drizzle(db);
  const statements = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const values = rows.slice(from, from + ROWS_PER_STATEMENT).map((r) => ({
      siteId: r.site,
      utcMs: Math.floor(Date.parse(r.utc) / MS_PER_HOUR) * MS_PER_HOUR,
      tempC: r.tempC,
      rhPct: r.rhPct,
      spotAudPerMwh: r.spotAudPerMwh,
      carbonKgPerKwh: r.carbonKgPerKwh,
      source,
      updatedUtcMs,
    }));
    statements.push(
      orm
        .insert(siteInputs)
        .values(values)
        .onConflictDoUpdate({
          target: [siteInputs.siteId, siteInputs.utcMs],
          set: {
            tempC: sql`excluded.temp_c`,
            rhPct: sql`excluded.rh_pct`,
            spotAudPerMwh: sql`excluded.spot_aud_per_mwh`,
            carbonKgPerKwh: sql`excluded.carbon_kg_per_kwh`,
            source: sql`excluded.source`,
            updatedUtcMs: sql`excluded.updated_utc_ms`,
          },
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
