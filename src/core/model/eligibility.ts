import type { PublicFleet, PublicSite, RequestClass, Zone } from './fleet.ts';
import { estimateRttMs } from './geo.ts';
import { hardwareProfiles, joinMs, prefillMs } from './hardware.ts';
import { mayWait } from './request-class.ts';
import { siteWork } from './site-power.ts';

/** TTFT in ms of a zone–site pair in a class at zero load: network round trip, half a decode step and prefill. */
export function unloadedTtftMs(
  zone: Zone,
  site: PublicSite,
  classes: RequestClass[],
  k: number,
): number {
  const work = siteWork(site, classes)[k];
  if (work === undefined) throw new RangeError(`no class ${k}`);
  return estimateRttMs(zone, site) + work.firstTokenMs;
}

/** The same for one request, by its own prompt; of a class's mean at least. */
export function requestTtftMs(
  zone: Zone,
  site: PublicSite,
  cls: RequestClass,
  promptTokens: number,
): number {
  const tokens = Math.max(promptTokens, cls.meanInputTokens);
  const { profile, batch } = site.hardware;
  const hw = hardwareProfiles[profile];
  return estimateRttMs(zone, site) + joinMs(hw, batch) + prefillMs(hw, tokens);
}

export interface EligibleSite {
  /** Index in the fleet. */
  site: number;
  unloadedTtftMs: number;
}

/** Eligibility changes with the registry only, so a fleet's answers are kept. */
interface Known {
  /** By site, then class. */
  firstTokenMs: number[][];
  /** Zone to its sites by class. */
  byZone: Map<Zone, EligibleSite[][]>;
}
const knownByFleet = new WeakMap<PublicFleet, Known>();

/**
 * Sites that may serve a zone's requests of a class, nearest first: those that are active, allowed by
 * the zone's residency, serve the model and meet the TTFT SLO at zero load, if the class has one; of
 * them as many as the fleet's `sitesPerZone`. Routers use them all: an answer from far away is better than none.
 */
export function eligibleSites(fleet: PublicFleet, zone: Zone, k: number): readonly EligibleSite[] {
  let known = knownByFleet.get(fleet);
  if (known === undefined) {
    const firstTokenMs = fleet.sites.map((s) =>
      siteWork(s, fleet.classes).map((w) => w.firstTokenMs),
    );
    known = { firstTokenMs, byZone: new Map() };
    knownByFleet.set(fleet, known);
  }
  let byClass = known.byZone.get(zone);
  if (byClass === undefined) {
    byClass = eligibleByClass(fleet, zone, known.firstTokenMs);
    known.byZone.set(zone, byClass);
  }
  return byClass[k] ?? [];
}

function eligibleByClass(
  fleet: PublicFleet,
  zone: Zone,
  firstTokenMs: number[][],
): EligibleSite[][] {
  const allowed = zone.allowedSites && new Set(zone.allowedSites);
  const byClass = fleet.classes.map((): EligibleSite[] => []);
  fleet.sites.forEach((site, j) => {
    if (site.state !== 'active' || (allowed && !allowed.has(site.id))) return;
    const rttMs = estimateRttMs(zone, site);
    fleet.classes.forEach((cls, k) => {
      if (!(cls.model in site.upstream.models)) return;
      const ttftMs = rttMs + (firstTokenMs[j]?.[k] as number);
      const isInTime = ttftMs <= (cls.ttftSloMs ?? Number.POSITIVE_INFINITY);
      if (isInTime) byClass[k]?.push({ site: j, unloadedTtftMs: ttftMs });
    });
  });
  return byClass.map((sites) => nearest(sites, fleet.sitesPerZone ?? sites.length));
}

function nearest(sites: EligibleSite[], count: number): EligibleSite[] {
  return sites.sort((a, b) => a.unloadedTtftMs - b.unloadedTtftMs).slice(0, count);
}

/**
 * Sites a plan may send a zone's requests of a class to, in the fleet's order: the eligible ones that
 * are at most `maxExtraTtftMs` slower at zero load than the fastest of them, so that no zone pays for
 * the others' savings beyond that. Nobody waits for the answers of work that may wait, so to it all
 * eligible sites are fair.
 */
export function plannableSites(fleet: PublicFleet, zone: Zone, k: number): EligibleSite[] {
  const eligible = eligibleSites(fleet, zone, k);
  const fairness = zone.fairness ?? fleet.fairness;
  const isFair = fairness === undefined || mayWait(fleet.classes[k] as RequestClass);
  const extraMs = isFair ? Number.POSITIVE_INFINITY : fairness.maxExtraTtftMs;
  const latestMs = (eligible[0]?.unloadedTtftMs ?? 0) + extraMs;
  return eligible.filter((s) => s.unloadedTtftMs <= latestMs).sort((a, b) => a.site - b.site);
}
