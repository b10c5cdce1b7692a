import type { PlanHeader } from './plan.ts';

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

export function briefOf(header: PlanHeader): PlanBrief {
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
