import { type EligibleSite, eligibleSites } from '../model/eligibility.ts';
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
  const eligible = eligibleIds(fleet, zone, classIndex);
  const ranked = rankSites(session, (cls && shares?.[cls.id]?.[zone.id]) ?? []);
  const all = new Set(ranked.filter((s) => eligible.has(s)));
  for (const site of eligible) all.add(site);
  const closed = closedSites(fleet, utcMs);
  if (closed.size === 0) return [...all];
  return [...all].sort((a, b) => Number(closed.has(a)) - Number(closed.has(b)));
}

/** The site nearest to a zone that may serve a class at this instant, else the nearest of all. */
export function nearestSite(
  fleet: PublicFleet,
  zone: Zone,
  classIndex: number,
  utcMs: number,
): string | undefined {
  const closed = closedSites(fleet, utcMs);
  let nearest: string | undefined;
  for (const site of eligibleIds(fleet, zone, classIndex)) {
    if (!closed.has(site)) return site;
    nearest ??= site;
  }
  return nearest;
}

/** A plan's shares without sites that maintenance leaves nothing of at this instant. */
export function openShares<S extends readonly (readonly [site: string, share: number])[]>(
  fleet: PublicFleet,
  shares: S,
  utcMs: number,
): S | S[number][] {
  const closed = closedSites(fleet, utcMs);
  return closed.size === 0 ? shares : shares.filter(([site]) => !closed.has(site));
}

/** By the list of them, which is one for a zone and class: ids in its order, nearest first. */
const idsOfEligible = new WeakMap<readonly EligibleSite[], ReadonlySet<string>>();

function eligibleIds(fleet: PublicFleet, zone: Zone, classIndex: number): ReadonlySet<string> {
  const eligible = eligibleSites(fleet, zone, classIndex);
  let ids = idsOfEligible.get(eligible);
  if (ids === undefined) {
    ids = new Set(eligible.map(({ site }) => fleet.sites[site]?.id as string));
    idsOfEligible.set(eligible, ids);
  }
  return ids;
}

/** Windows that leave nothing of a site, parsed once for a fleet. */
const closuresByFleet = new WeakMap<PublicFleet, { site: string; from: number; to: number }[]>();

const NONE: ReadonlySet<string> = new Set();

function closedSites(fleet: PublicFleet, utcMs: number): ReadonlySet<string> {
  let closures = closuresByFleet.get(fleet);
  if (closures === undefined) {
    closures = fleet.sites.flatMap((site) =>
      (site.maintenance ?? [])
        .filter((m) => m.capacityShare === 0)
        .map((m) => ({ site: site.id, ...spanOf(m) })),
    );
    closuresByFleet.set(fleet, closures);
  }
  if (closures.length === 0) return NONE;
  return new Set(closures.filter((c) => c.from <= utcMs && utcMs < c.to).map((c) => c.site));
}
