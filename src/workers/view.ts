import { InvalidInputError } from '../core/model/errors.ts';
import type { Plan } from '../core/planning/plan.ts';
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
  const [plan, last] = [await readPlan(env.DB, version), await planBefore(env, version)];
  kept = planViewBody(fleet, plan, last, referenceAudPerKwh(env));
  return kept;
}

/** What moved since the plan before is told where that can be read. */
async function planBefore(env: Env, version: number): Promise<Plan | undefined> {
  try {
    return await readPlan(env.DB, version - 1);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    console.warn(`no moves are shown since plan ${version - 1}: ${error.message}`);
    return undefined;
  }
}
