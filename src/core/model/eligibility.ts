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
