import { isEligible, unloadedTtftMs } from '../model/eligibility.ts';
import type { PublicFleet, Zone } from '../model/fleet.ts';
import type { PlanShares } from '../planning/plan.ts';
import { rankSites } from './rendezvous.ts';

/**
 * Sites for a request, best first: those of the plan's shares as the session ranks them, then the
 * other eligible sites by TTFT at zero load, so that there is a next-best even where a plan gives one
 * site everything, and an answer even without a plan.
 */
export function candidateSites(
  fleet: PublicFleet,
  zone: Zone,
  classIndex: number,
  shares: PlanShares | undefined,
  session: string,
): string[] {
  const cls = fleet.classes[classIndex];
  const eligible = fleet.sites.filter((s) => isEligible(fleet, zone, s, classIndex));
  const allowed = new Set(eligible.map((s) => s.id));
  const planned = rankSites(session, (cls && shares?.[cls.id]?.[zone.id]) ?? []).filter((s) =>
    allowed.has(s),
  );
  const others = eligible
    .filter((s) => !planned.includes(s.id))
    .map((s) => ({ id: s.id, ttftMs: unloadedTtftMs(zone, s, fleet.classes, classIndex) }))
    .sort((a, b) => a.ttftMs - b.ttftMs)
    .map((s) => s.id);
  return [...planned, ...others];
}
