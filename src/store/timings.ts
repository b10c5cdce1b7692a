/** Deletes what requests of hours that began before an instant said of sites' speeds. */
export async function pruneTimings(db: D1Database, beforeUtcMs: number): Promise<void> {
  await db.prepare('DELETE FROM timing_hours WHERE hour_utc_ms < ?').bind(beforeUtcMs).run();
}
