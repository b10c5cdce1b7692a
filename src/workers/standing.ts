import { InvalidInputError } from '../core/model/errors.ts';
import { type PlannedTraffic, trafficOf } from '../core/planning/traffic.ts';
import { currentVersion, readPlan } from '../store/plans.ts';

/**
 * How the plan in force splits traffic, or why that is not known; neither before the first plan.
 * Throws where D1 does not answer: it may the next time, and then no plan moves more than it should.
 */
export async function standingTraffic(
  db: D1Database,
): Promise<{ traffic?: PlannedTraffic; fault?: string }> {
  const version = await currentVersion(db);
  if (version === undefined) return {};
  try {
    const plan = await readPlan(db, version);
    return plan ? { traffic: trafficOf(plan) } : {};
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const fault = `no rise over plan ${version} is limited, for it cannot be read: ${error.message}`;
    console.error(fault);
    return { fault };
  }
}
