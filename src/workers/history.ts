import type { PlanHeader } from '../core/planning/plan.ts';
import { currentVersion, recentPlans } from '../store/plans.ts';
import type { Env } from './env.ts';

/** Plans a history goes back to: two days of quarter-hourly ones. */
const LENGTH = 200;

/** What is told of a plan in the history. */
export interface PlanBrief {
  version: number;
  createdUtcMs: number;
  objectiveAud: number;
  gap: number;
  rounds: number;
  /** Of all rounds together; null where the plan does not say. */
  wallMs: number | null;
  mode: PlanHeader['mode'];
  stopReason: PlanHeader['stopReason'];
  excluded: string[];
  nearestShare: number;
  unservedShare: number;
}

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

function briefOf(header: PlanHeader): PlanBrief {
  const { version, createdUtcMs, certificate, rounds, mode, stopReason, trace } = header;
  const timed = trace?.every((r) => r.wallMs !== undefined);
  return {
    version,
    createdUtcMs,
    objectiveAud: certificate.objectiveAud,
    gap: certificate.gap,
    rounds,
    wallMs: timed ? (trace ?? []).reduce((sum, r) => sum + (r.wallMs as number), 0) : null,
    mode,
    stopReason,
    excluded: header.excluded.map((e) => e.site),
    nearestShare: header.nearestShare,
    unservedShare: header.unservedShare,
  };
}
