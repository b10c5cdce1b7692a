import { type CountedHour, type DemandStates, seriesKey } from '../core/forecast/demand.ts';
import { type SeriesState, seriesStateSchema } from '../core/forecast/series.ts';
import type { PublicFleet } from '../core/model/fleet.ts';
import { readStates, writeStates } from './states.ts';

/** A state is a text of about 1.7 kB. */
const TABLE = { name: 'demand_series', keys: ['zone', 'class_id'], statesPerStatement: 500 };

/** What is known of every series, by {@link seriesKey}, as {@link readStates} does. */
export function readDemandStates(db: D1Database): Promise<Map<string, SeriesState>> {
  const keyOf = ([zone, classId]: string[]) => seriesKey(zone as string, classId as string);
  return readStates(db, TABLE, seriesStateSchema, 'demand', keyOf);
}

/** Writes states, as {@link writeStates} does. */
export function writeDemandStates(db: D1Database, states: DemandStates): Promise<void> {
  const keyed = [...states].map(([key, state]) => {
    const [zone, classId] = key.split(' ');
    return { key: { zone, class_id: classId }, state };
  });
  return writeStates(db, TABLE, keyed);
}

/**
 * Requests served in the first `mostHours` hours of [fromUtcMs, toUtcMs) that saw any at all. An hour
 * without one is not among them: a router out of use is no demand of zero. Models that no class has
 * are left out.
 */
export async function readCountedHours(
  db: D1Database,
  fleet: PublicFleet,
  { fromUtcMs, toUtcMs, mostHours }: { fromUtcMs: number; toUtcMs: number; mostHours: number },
): Promise<CountedHour[]> {
  const { results } = await db
    .prepare(
      'SELECT hour_utc_ms AS utcMs, zone, model, sum(requests) AS requests FROM usage_hours ' +
        'WHERE hour_utc_ms IN (SELECT DISTINCT hour_utc_ms FROM usage_hours ' +
        'WHERE hour_utc_ms >= ? AND hour_utc_ms < ? ORDER BY hour_utc_ms LIMIT ?) ' +
        'GROUP BY hour_utc_ms, zone, model ORDER BY hour_utc_ms',
    )
    .bind(fromUtcMs, toUtcMs, mostHours)
    .all<{ utcMs: number; zone: string; model: string; requests: number }>();
  const classOf = new Map(
    fleet.classes.flatMap((c) => [c.model, ...(c.aliases ?? [])].map((model) => [model, c.id])),
  );
  const hours = new Map<number, Map<string, number>>();
  for (const { utcMs, zone, model, requests } of results) {
    const counts = hours.get(utcMs) ?? new Map<string, number>();
    hours.set(utcMs, counts);
    const classId = classOf.get(model);
    if (classId === undefined) continue;
    const key = seriesKey(zone, classId);
    counts.set(key, (counts.get(key) ?? 0) + requests);
  }
  return [...hours].map(([utcMs, requests]) => ({ utcMs, requests }));
}
