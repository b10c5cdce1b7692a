import type { PublicFleet, PublicSite, RequestClass, Zone } from './fleet.ts';
import { estimateRttMs } from './geo.ts';
import { siteWork } from './site-power.ts';

/** TTFT in ms of a zone–site pair in a class at zero load: network round trip plus prefill. */
export function unloadedTtftMs(
  zone: Zone,
  site: PublicSite,
  classes: RequestClass[],
  k: number,
): number {
  const work = siteWork(site, classes)[k];
  if (work === undefined) throw new RangeError(`no class ${k}`);
  return estimateRttMs(zone, site) + work.prefillMs;
}

/** Whether a site may serve a zone's requests of a class: state, residency, model, TTFT SLO. */
export function isEligible(fleet: PublicFleet, zone: Zone, site: PublicSite, k: number): boolean {
  const cls = fleet.classes[k];
  if (cls === undefined || site.state !== 'active') return false;
  if (zone.allowedSites && !zone.allowedSites.includes(site.id)) return false;
  if (!(cls.model in site.upstream.models)) return false;
  return unloadedTtftMs(zone, site, fleet.classes, k) <= cls.ttftSloMs;
}

/** A site a plan may use for a zone and class: its index in the fleet, and its TTFT at zero load. */
export interface PlannableSite {
  site: number;
  unloadedTtftMs: number;
}

/**
 * Sites a plan may send a zone's requests of a class to, in the fleet's order: the eligible ones that
 * are at most `maxExtraTtftMs` slower at zero load than the fastest of them, so that no zone pays for
 * the others' savings beyond that. Routers fall back on any eligible site: see candidates.ts.
 */
export function plannableSites(fleet: PublicFleet, zone: Zone, k: number): PlannableSite[] {
  const eligible = fleet.sites.flatMap((site, j): PlannableSite[] =>
    isEligible(fleet, zone, site, k)
      ? [{ site: j, unloadedTtftMs: unloadedTtftMs(zone, site, fleet.classes, k) }]
      : [],
  );
  const extraMs = (zone.fairness ?? fleet.fairness)?.maxExtraTtftMs;
  if (extraMs === undefined) return eligible;
  const fastestMs = eligible.reduce((a, s) => Math.min(a, s.unloadedTtftMs), Infinity);
  return eligible.filter((s) => s.unloadedTtftMs <= fastestMs + extraMs);
}
