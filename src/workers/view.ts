import { type PlanViewBody, planViewBody } from '../core/planning/plan-view.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { type Env, referenceAudPerKwh } from './env.ts';
import { fleet } from './fleet.ts';

/** Plans never change, so what is made of one is kept. */
let kept: PlanViewBody | undefined;

export async function view(env: Env): Promise<PlanViewBody> {
  const version = await currentVersion(env.DB);
  if (version === undefined) return planViewBody(fleet, undefined);
  if (kept?.version === version) return kept;
  const [plan, last] = [await readPlan(env.DB, version), await readPlan(env.DB, version - 1)];
  kept = planViewBody(fleet, plan, last, referenceAudPerKwh(env));
  return kept;
}
