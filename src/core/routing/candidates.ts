import { eligibleSites } from '../model/eligibility.ts';
import type { PublicFleet, Zone } from '../model/fleet.ts';
import { spanOf } from '../model/maintenance.ts';
import type { PlanShares } from '../planning/plan.ts';
import { rankSites } from './rendezvous.ts';

/**
 * Sites for a request, best first: those of the plan's shares as the session ranks them, then the
 * other eligible sites by TTFT at zero load, so that there is a next-best even where a plan gives one
 * site everything, and an answer even without a plan. Sites that maintenance leaves nothing of at
 * this instant come last: a plan from before the window was entered may still name them.
 */
export function candidateSites(
  fleet: PublicFleet,
  zone: Zone,
  classIndex: number,
  shares: PlanShares | undefined,
  session: string,
  utcMs: number,
): string[] {
  const cls = fleet.classes[classIndex];
  const eligible = eligibleSites(fleet, zone, classIndex).map(
    ({ site }) => fleet.sites[site]?.id as string,
  );
  const planned = rankSites(session, (cls && shares?.[cls.id]?.[zone.id]) ?? []).filter((s) =>
    eligible.includes(s),
  );
  const all = [...planned, ...eligible.filter((s) => !planned.includes(s))];
  const closed = closedSites(fleet, utcMs);
  if (closed.size === 0) return all;
  return [...all.filter((s) => !closed.has(s)), ...all.filter((s) => closed.has(s))];
}

/** Windows that leave nothing of a site, parsed once for a fleet. */
const closuresByFleet = new WeakMap<PublicFleet, { site: string; from: number; to: number }[]>();

function closedSites(fleet: PublicFleet, utcMs: number): Set<string> {
  let closures = closuresByFleet.get(fleet);
  if (closures === undefined) {
    closures = fleet.sites.flatMap((site) =>
      (site.maintenance ?? [])
        .filter((m) => m.capacityShare === 0)
        .map((m) => ({ site: site.id, ...spanOf(m) })),
    );
    closuresByFleet.set(fleet, closures);
  }
  return new Set(closures.filter((c) => c.from <= utcMs && utcMs < c.to).map((c) => c.site));
}
