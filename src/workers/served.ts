import type { ServedHour } from '../core/learning/served.ts';
import type { PublicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { readServed, type ServedRow } from '../store/timings.ts';

/** Hours before the one under way that a report current at a plan's beginning may be of. */
const HOURS = 3;

/**
 * A request is counted when it has ended, in the hour it began in: what a site has counted by now is what
 * began until as long ago as its streams take. 0 where none was timed.
 */
function meanStreamMs(rows: readonly ServedRow[]): number {
  const timed = rows.reduce((sum, r) => sum + r.timed, 0);
  return timed > 0 ? rows.reduce((sum, r) => sum + r.streamMs, 0) / timed : 0;
}

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
    const bySite = fleet.sites.map(({ id }): [string, ServedHour[]] => {
      const own = new Map(rows.flatMap((r) => (r.site === id ? [[r.hourUtcMs, r]] : [])));
      const endedUtcMs = nowMs - rate * meanStreamMs([...own.values()]);
      return [
        id,
        [...hours.keys()].flatMap((hourUtcMs) => {
          const forMs = Math.min(MS_PER_HOUR, endedUtcMs - hourUtcMs);
          if (!(forMs > 0)) return [];
          const { workMs = 0, tokens = 0 } = own.get(hourUtcMs) ?? {};
          return [{ fromUtcMs: hourUtcMs, forMs, workMs: rate * workMs, tokens: rate * tokens }];
        }),
      ];
    });
    inputs.served = Object.fromEntries(bySite);
  } catch (error) {
    console.error(`what sites had to do cannot be read: ${(error as Error).message}`);
  }
}
