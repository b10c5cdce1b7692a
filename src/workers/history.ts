import { briefOf, type PlanBrief } from '../core/planning/brief.ts';
import { currentVersion, recentPlans } from '../store/plans.ts';
import type { Env } from './env.ts';

/** Plans a history goes back to: two days of quarter-hourly ones. */
const LENGTH = 200;

let kept: { version: number; plans: PlanBrief[] } | undefined;

/** The latest plans, newest first. */
export async function history(env: Env): Promise<{ plans: PlanBrief[] }> {
  const version = await currentVersion(env.DB);
  if (version === undefined) return { plans: [] };
  if (kept?.version !== version) {
    const headers = await recentPlans(env.DB, LENGTH);
    kept = { version, plans: headers.map(briefOf) };
  }
  return { plans: kept.plans };
}
