import { and, gte, lt } from 'drizzle-orm';
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

/** An hour to be written; a group that is absent or null keeps what is there. */
export interface SiteHourRow {
  site: string;
  utcMs: number;
  tempC?: number;
  rhPct?: number;
  spotAudPerMwh?: number | null;
  carbonKgPerKwh?: number | null;
  /** When the source made it. */
  issuedUtcMs: number;
}

/** All rows of a statement are one parameter, a text of some 70 characters a row; D1 takes 2 MB. */
const ROWS_PER_STATEMENT = 5000;

/** Places in a row as it is bound: site, hour, temperature, humidity, price, carbon, issue. */
const field = (n: number) => `value ->> '$[${n}]'`;
const givenBy = (n: number, then: string) => `iif(${field(n)} IS NULL, NULL, ${then})`;
const columns: [name: string, value: string][] = [
  ['temp_c', field(2)],
  ['rh_pct', field(3)],
  ['weather_source', givenBy(2, '?2')],
  ['weather_issued_utc_ms', givenBy(2, field(6))],
  ['spot_aud_per_mwh', field(4)],
  ['price_source', givenBy(4, '?2')],
  ['price_issued_utc_ms', givenBy(4, field(6))],
  ['carbon_kg_per_kwh', field(5)],
  ['carbon_source', givenBy(5, '?2')],
  ['carbon_issued_utc_ms', givenBy(5, field(6))],
];
const names = columns.map(([name]) => name);
const writeSql =
  `INSERT INTO site_inputs (site_id, utc_ms, updated_utc_ms, ${names.join(', ')}) ` +
  `SELECT ${field(0)}, ${field(1)}, ?3, ${columns.map(([, value]) => value).join(', ')} ` +
  // Without WHERE, SQLite would take ON for a join's.
  'FROM json_each(?1) WHERE true ON CONFLICT (site_id, utc_ms) DO UPDATE SET ' +
  'updated_utc_ms = excluded.updated_utc_ms, ' +
  names.map((name) => `${name} = coalesce(excluded.${name}, site_inputs.${name})`).join(', ');

/** Writes hours of one source, over what was there of the same site, hour and group, all or none. */
export async function writeSiteHours(
  db: D1Database,
  rows: readonly SiteHourRow[],
  source: string,
  updatedUtcMs: number,
): Promise<void> {
  const statements = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const bound = rows
      .slice(from, from + ROWS_PER_STATEMENT)
      .map((r) => [
        r.site,
        r.utcMs,
        r.tempC ?? null,
        r.rhPct ?? null,
        r.spotAudPerMwh ?? null,
        r.carbonKgPerKwh ?? null,
        r.issuedUtcMs,
      ]);
    statements.push(db.prepare(writeSql).bind(JSON.stringify(bound), source, updatedUtcMs));
  }
  if (statements.length > 0) await db.batch(statements);
}

/** The same of hours as an operator sends them, issued as they come. */
export async function writeSiteInputs(
  db: D1Database,
  hours: SiteInput[],
  source: string,
  updatedUtcMs: number,
): Promise<void> {
  const rows = hours.map(({ utc, ...hour }) => ({
    ...hour,
    utcMs: parseUtcMs(utc) as number,
    issuedUtcMs: updatedUtcMs,
  }));
  await writeSiteHours(db, rows, source, updatedUtcMs);
}

/** All hours of all sites in [fromUtcMs, toUtcMs). */
export function readSiteInputs(db: D1Database, fromUtcMs: number, toUtcMs: number) {
  return drizzle(db)
    .select()
    .from(siteInputs)
    .where(and(gte(siteInputs.utcMs, fromUtcMs), lt(siteInputs.utcMs, toUtcMs)));
}

/** Wholesale prices of an hour, AUD/MWh, by site; sites without one are left out. */
export async function readSpotPrices(db: D1Database, utcMs: number): Promise<Map<string, number>> {
  const { results } = await db
    .prepare(
      'SELECT site_id AS site, spot_aud_per_mwh AS price FROM site_inputs ' +
        'WHERE utc_ms = ? AND spot_aud_per_mwh IS NOT NULL',
    )
    .bind(utcMs)
    .all<{ site: string; price: number }>();
  return new Map(results.map(({ site, price }) => [site, price]));
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
