import { type SiteTiming, siteTimingSchema } from '../core/learning/site-speeds.ts';
import { type TimingRow, timingKeys, timingSums } from '../core/learning/timing.ts';
import { readStates, writeStates } from './states.ts';
import { columnOf } from './usage.ts';

/** A state is a text of about 60 bytes a zone. */
const TABLE = { name: 'site_timings', keys: ['site'], statesPerStatement: 100 };

const fields = [...timingKeys, ...timingSums].map((name) => `${columnOf(name)} AS ${name}`);

/**
 * What requests of the hours in [fromUtcMs, toUtcMs) said, by rising hour. Whole hours, as many as
 * `mostRows` allow, one at least.
 */
export async function readTimings(
  db: D1Database,
  { fromUtcMs, toUtcMs, mostRows }: { fromUtcMs: number; toUtcMs: number; mostRows: number },
): Promise<TimingRow[]> {
  const { results } = await db
    .prepare(
      `WITH hours AS (SELECT hour_utc_ms AS hour, count(*) AS n, sum(count(*)) OVER ` +
        '(ORDER BY hour_utc_ms) AS upto FROM timing_hours ' +
        'WHERE hour_utc_ms >= ?1 AND hour_utc_ms < ?2 GROUP BY hour_utc_ms) ' +
        `SELECT ${fields.join(', ')} FROM timing_hours WHERE hour_utc_ms IN ` +
        '(SELECT hour FROM hours WHERE upto <= ?3 OR upto = n) ORDER BY hour_utc_ms, site, zone',
    )
    .bind(fromUtcMs, toUtcMs, mostRows)
    .all<TimingRow>();
  return results;
}

export interface ServedRow {
  site: string;
  hourUtcMs: number;
  workMs: number;
  tokens: number;
  /** Streams whose times count, and what all of them took from being asked to their end. */
  timed: number;
  streamMs: number;
}

/** What every site had to do in the hours in [fromUtcMs, toUtcMs), by hour and site. */
export async function readServed(
  db: D1Database,
  fromUtcMs: number,
  toUtcMs: number,
): Promise<ServedRow[]> {
  const { results } = await db
    .prepare(
      'SELECT site, hour_utc_ms AS hourUtcMs, sum(work_ms) AS workMs, sum(tokens) AS tokens, ' +
        'sum(timed) AS timed, sum(ttft_ms + decode_ms) AS streamMs ' +
        'FROM timing_hours WHERE hour_utc_ms >= ? AND hour_utc_ms < ? GROUP BY hour_utc_ms, site',
    )
    .bind(fromUtcMs, toUtcMs)
    .all<ServedRow>();
  return results;
}

/** What is known of every site, as {@link readStates} does. */
export function readSiteTimings(db: D1Database): Promise<Map<string, SiteTiming>> {
  return readStates(db, TABLE, siteTimingSchema, 'speed', ([site]) => site as string);
}

/** Writes states, as {@link writeStates} does. */
export function writeSiteTimings(
  db: D1Database,
  states: ReadonlyMap<string, SiteTiming>,
): Promise<void> {
  return writeStates(
    db,
    TABLE,
    [...states].map(([site, state]) => ({ key: { site }, state })),
  );
}

/** Deletes what requests of hours that began before an instant said of sites' speeds. */
export async function pruneTimings(db: D1Database, beforeUtcMs: number): Promise<void> {
  await db.prepare('DELETE FROM timing_hours WHERE hour_utc_ms < ?').bind(beforeUtcMs).run();
}
