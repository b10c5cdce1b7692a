import { usageView } from '../core/accounting/usage-export.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { WINDOW_MS } from '../core/routing/board.ts';
import { lastBookedUtcMs, readUsage } from '../store/usage.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { knownSites } from './optimize.ts';
import type { KnownSite } from './site-board.ts';

const MS_PER_DAY = 24 * MS_PER_HOUR;
/** Of fewer streams a mean is not told. */
const LEAST_STREAMS = 0.5;

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
] as const;

/** What happens at the sites, as isolates last reported it, and the receipts of this hour and day of UTC. */
export async function measured(env: Env) {
  const nowMs = now(env);
  const hourUtcMs = floorToHour(nowMs);
  const dayUtcMs = nowMs - (nowMs % MS_PER_DAY);
  const sumsSince = async (fromUtcMs: number) => {
    const [sums] = await readUsage(env.DB, { fromUtcMs, toUtcMs: nowMs + 1, by: [], limit: 1 });
    const view = usageView(sums ?? {});
    return { fromUtcMs, ...Object.fromEntries(DRAWN.map((name) => [name, view[name]])) };
  };
  const [known, bookedUtcMs, hour, day] = await Promise.all([
    knownSites(env),
    lastBookedUtcMs(env.DB),
    sumsSince(hourUtcMs),
    sumsSince(dayUtcMs),
  ]);
  return {
    nowUtcMs: nowMs,
    traffic: known
      ? fleet.sites.map(({ id }) => ({
          site: id,
          ...ratesOf(known[id]),
          ttft: ttftOf(known[id]),
        }))
      : null,
    receipts: { bookedUtcMs: bookedUtcMs ?? null, hour, day },
  };
}

/** Attempts a second of about the last minute of true time that ended, and that failed. */
function ratesOf(site: KnownSite | undefined) {
  const { good, bad } = site?.attempts ?? { good: 0, bad: 0 };
  const windowS = WINDOW_MS / 1000;
  return { attemptsPerS: (good + bad) / windowS, failedPerS: bad / windowS };
}

/**
 * Mean times to first token of streams of about the last quarter of an hour, ms; null where there were
 * none. `unloadedTtftMs` is what the same streams take with nobody waiting: on the registry's hardware,
 * and under `planned` at the speeds of the plan that covered them, of those that one did.
 */
export function ttftOf(site: KnownSite | undefined) {
  const { timed, planned } = site ?? {};
  if (!timed || timed.count < LEAST_STREAMS) return null;
  const mean = (of: { count: number; ttftMs: number }, unloadedMs: number) => ({
    streams: of.count,
    ttftMs: of.ttftMs / of.count,
    unloadedTtftMs: unloadedMs / of.count,
  });
  const isPlanned = planned !== undefined && planned.count >= LEAST_STREAMS;
  return {
    ...mean(timed, timed.expectedMs),
    planned: isPlanned ? mean(planned, planned.plannedMs) : null,
  };
}

/** An open page must not cost D1 and the board a read for every viewer. */
const SHARED_MS = 5000;
let shared: { body: Awaited<ReturnType<typeof measured>>; readMs: number } | undefined;

/** The same, at most a few seconds old. */
export async function sharedMeasured(env: Env) {
  if (shared === undefined || Date.now() - shared.readMs > SHARED_MS) {
    shared = { body: await measured(env), readMs: Date.now() };
  }
  return shared.body;
}
