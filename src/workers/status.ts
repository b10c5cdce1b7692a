import { slotAt } from '../core/planning/plan.ts';
import { attributionsOfSites } from '../feeds/attribution.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { clockRate, type Env, now, optionalVar, systemUtcMs } from './env.ts';
import { feedReports } from './feeds.ts';
import { fleet } from './fleet.ts';
import { inputAges } from './inputs.ts';
import { coordinatorOf, knownSites } from './optimize.ts';

/** What the status page shows: the plan that holds, how it came about, and what went wrong. */
export async function status(env: Env) {
  const nowMs = now(env);
  const version = await currentVersion(env.DB);
  const plan = version === undefined ? undefined : await readPlan(env.DB, version);
  const [{ latest, ended }, inputs, feeds, known] = await Promise.all([
    coordinatorOf(env).runs(),
    inputAges(env.DB, fleet, nowMs),
    feedReports(env, fleet),
    knownSites(env),
  ]);
  return {
    fleet: fleet.name,
    nowUtcMs: nowMs,
    /** How many times as fast as true time the system's clock runs: plans, inputs and receipts go by it. */
    clockRate: clockRate(env),
    /** Made-up requests a second, mean over a day, that a local run sends itself; null where it sends none. */
    madeUpReqPerS: optionalVar(env.MADE_UP_REQ_PER_S, 0, 1e9) ?? null,
    plan: plan ? { ...plan.header, ...slotAt(plan.header, nowMs) } : null,
    sites: fleet.sites.map(({ id, name, timeZone, gridRegion }) => ({
      id,
      name,
      timeZone,
      gridRegion,
    })),
    /** Sites that are not well, and since when; null where nobody can say. */
    troubles: known
      ? fleet.sites.flatMap(({ id }) => {
          const trouble = known[id]?.trouble;
          if (!trouble) return [];
          return [{ site: id, kind: trouble.kind, sinceUtcMs: systemUtcMs(env, trouble.sinceMs) }];
        })
      : null,
    /** Sites that were fed once, and not for long now. */
    staleInputs: fleet.sites.map((s) => s.id).filter((id) => inputs.get(id)?.stale),
    /** Live feeds, with what is wrong with them. */
    feeds,
    attributions: plan ? attributionsOfSites(plan.header.sites) : [],
    latestRun: latest ?? null,
    lastFailure: ended.find((r) => r.status === 'failed') ?? null,
  };
}

/** An open status page must not cost D1 and the coordinator a read for every viewer. */
const SHARED_MS = 5000;
let shared: { body: Awaited<ReturnType<typeof status>>; readMs: number } | undefined;

/** The same, at most a few seconds old. */
export async function sharedStatus(env: Env, maxAgeMs = SHARED_MS) {
  if (shared === undefined || Date.now() - shared.readMs > maxAgeMs) {
    shared = { body: await status(env), readMs: Date.now() };
  }
  return shared.body;
}
