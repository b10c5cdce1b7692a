import type { ServedHour } from '../core/learning/served.ts';
import type { PublicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { readServed } from '../store/timings.ts';

/** Hours before the one under way that a report current at a plan's beginning may be of. */
const HOURS = 3;

/**
 * Puts what sites had to do in the last hours into the inputs, for solvers that know what the site's
 * meters read meanwhile. An hour in which the whole router counted nothing is a gap. What cannot be read,
 * the plan does without: nothing is learned of power by it.
 * @param rate how fast the system's clock runs: an hour of it is so much shorter for servers
 */
export async function countServed(
  db: D1Database,
  fleet: PublicFleet,
  inputs: PlanningInputs,
  nowMs: number,
  rate = 1,
): Promise<void> {
  try {
    const fromUtcMs = floorToHour(nowMs) - HOURS * MS_PER_HOUR;
    const rows = await readServed(db, fromUtcMs, nowMs);
    const hours = Map.groupBy(rows, (row) => row.hourUtcMs);
    if (hours.size === 0) return;
    const bySite = fleet.sites.map(({ id }): [string, ServedHour[]] => [
      id,
      [...hours].map(([hourUtcMs, ofHour]) => {
        const own = ofHour.find((row) => row.site === id);
        return {
          fromUtcMs: hourUtcMs,
          forMs: Math.min(MS_PER_HOUR, nowMs - hourUtcMs),
          workMs: rate * (own?.workMs ?? 0),
          tokens: rate * (own?.tokens ?? 0),
        };
      }),
    ]);
    inputs.served = Object.fromEntries(bySite);
  } catch (error) {
    console.error(`what sites had to do cannot be read: ${(error as Error).message}`);
  }
}
