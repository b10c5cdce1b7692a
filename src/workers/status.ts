import { slotAt } from '../core/planning/plan.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { coordinatorOf } from './optimize.ts';

/** What the status page shows: the plan that holds, how it came about, and what went wrong. */
export async function status(env: Env) {
  const nowMs = now(env);
  const version = await currentVersion(env.DB);
  const plan = version === undefined ? undefined : await readPlan(env.DB, version);
  const { latest, ended } = await coordinatorOf(env).runs();
  return {
    fleet: fleet.name,
    nowUtcMs: nowMs,
    plan: plan ? { ...plan.header, ...slotAt(plan.header, nowMs) } : null,
    sites: fleet.sites.map(({ id, name, timeZone, gridRegion }) => ({
      id,
      name,
      timeZone,
      gridRegion,
    })),
    latestRun: latest ?? null,
    lastFailure: ended.find((r) => r.status === 'failed') ?? null,
  };
}
