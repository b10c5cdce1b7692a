import { floorToHour } from '../../../src/core/model/time.ts';
import type { PlanHeader, PlanShares } from '../../../src/core/planning/plan.ts';
import { fleet } from '../../../src/workers/fleet.ts';

/** Plans as tests want them, without an optimization. */

/** Every zone's split, in every slot. */
export const split: [string, number][] = [
  ['sydney', 0.5],
  ['melbourne', 0.3],
  ['adelaide', 0.2],
];

/** A plan's header for a day from the present hour on. */
export function draft(runId: string, change: Partial<PlanHeader> = {}) {
  return {
    schemaVersion: 1 as const,
    runId,
    createdUtcMs: Date.now(),
    startUtcMs: floorToHour(Date.now()),
    slotCount: 24,
    slotHours: 1,
    certificate: { objectiveAud: 1, lowerBoundAud: 1, gap: 0 },
    rounds: 1,
    mode: 'learned' as const,
    stopReason: 'gap' as const,
    excluded: [],
    nearestShare: 1,
    unservedShare: 0,
    sites: [],
    ...change,
  };
}

export function slots(shares = split): PlanShares[] {
  const zones = Object.fromEntries(fleet.zones.map((z) => [z.id, shares]));
  const byClass = Object.fromEntries(fleet.classes.map((c) => [c.id, zones]));
  return Array.from({ length: 24 }, () => byClass);
}
