import { rowSums, type UsageRow } from '../core/accounting/totals.ts';
import { usageView } from '../core/accounting/usage-export.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { lastBookedUtcMs, readUsage } from '../store/usage.ts';
import { clockRate, type Env } from './env.ts';

const MS_PER_DAY = 24 * MS_PER_HOUR;
/** Receipts are booked within seconds of true time; what D1 refused for longer is seen with the next hour. */
const BOOKED_WITHIN_MS = 600_000;

/**
 * Of receipts, what the page draws. Whoever may see the status sees this: no tokens, nothing by key,
 * model, zone or site.
 */
const DRAWN = [
  'requests',
  'estimated',
  'unpriced',
  'energyKwh',
  'carbonKg',
  'waterL',
  'costAud',
  'nearestEnergyKwh',
  'nearestCarbonKg',
  'nearestWaterL',
  'nearestCostAud',
  'ttftRequests',
  'ttftMs',
  'nearestTtftRequests',
  'nearestTtftMs',
] as const;

type Sums = Partial<Pick<UsageRow, (typeof rowSums)[number]>>;

/**
 * Receipts of this hour and day of UTC. D1 bills every row that it reads: hours that nobody books into
 * any longer are read once, and again when another has joined them.
 */
export class ReceiptsNow {
  #past: { fromUtcMs: number; toUtcMs: number; sums: Sums } | undefined;

  /** Throws if D1 refuses. */
  async read(env: Env, nowMs: number) {
    const hourUtcMs = floorToHour(nowMs);
    const dayUtcMs = nowMs - (nowMs % MS_PER_DAY);
    const openUtcMs = floorToHour(nowMs - BOOKED_WITHIN_MS * clockRate(env));
    const fromUtcMs = Math.max(dayUtcMs, openUtcMs);
    const [bookedUtcMs, past, open] = await Promise.all([
      lastBookedUtcMs(env.DB),
      this.#pastSums(env.DB, dayUtcMs, fromUtcMs),
      readUsage(env.DB, { fromUtcMs, toUtcMs: nowMs + 1, by: ['hour'], limit: 24 }),
    ]);
    const hour = open.find((sums) => sums.hourUtcMs === hourUtcMs) ?? {};
    return {
      bookedUtcMs: bookedUtcMs ?? null,
      hour: { fromUtcMs: hourUtcMs, ...drawn(hour) },
      day: { fromUtcMs: dayUtcMs, ...drawn(open.reduce(added, past)) },
    };
  }

  async #pastSums(db: D1Database, fromUtcMs: number, toUtcMs: number): Promise<Sums> {
    if (fromUtcMs === toUtcMs) return {};
    const known = this.#past;
    if (known?.fromUtcMs === fromUtcMs && known.toUtcMs === toUtcMs) return known.sums;
    const [sums = {}] = await readUsage(db, { fromUtcMs, toUtcMs, by: [], limit: 1 });
    this.#past = { fromUtcMs, toUtcMs, sums };
    return sums;
  }
}

function added(a: Sums, b: Sums): Sums {
  return Object.fromEntries(rowSums.map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}

function drawn(sums: Sums) {
  const view = usageView(added(sums, {}));
  return Object.fromEntries(DRAWN.map((name) => [name, view[name]]));
}
