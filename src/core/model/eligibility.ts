import type { PublicFleet, PublicSite, RequestClass, Zone } from './fleet.ts';
import { estimateRttMs } from './geo.ts';
import { joinMs, prefillMs } from './hardware.ts';
import { mayWait } from './request-class.ts';
import { siteWork } from './site-power.ts';
import { hardwareOf, rttMs } from './speed.ts';

/** TTFT in ms of a zone–site pair in a class at zero load: network round trip, half a decode step and prefill. */
export function unloadedTtftMs(
  zone: Zone,
  site: PublicSite,
  classes: RequestClass[],
  k: number,
): number {
  const work = siteWork(site, classes)[k];
  if (work === undefined) throw new RangeError(`no class ${k}`);
  return rttMs(zone, site) + work.firstTokenMs;
}

/** The same for one request, by its own prompt; of a class's mean at least. */
export function requestTtftMs(
  zone: Zone,
  site: PublicSite,
  cls: RequestClass,
  promptTokens: number,
): number {
  return promptTtftMs(zone, site, Math.max(promptTokens, cls.meanInputTokens));
}

/** TTFT in ms of a prompt of so many tokens at zero load, however short. */
export function promptTtftMs(zone: Zone, site: PublicSite, promptTokens: number): number {
  const hw = hardwareOf(site);
  return rttMs(zone, site) + joinMs(hw, site.hardware.batch) + prefillMs(hw, promptTokens);
}

export interface EligibleSite {
  /** Index in the fleet. */
  site: number;
  unloadedTtftMs: number;
}

/** Eligibility changes with the registry only, so a fleet's answers are kept. */
interface Known {
  /** By site, then class; and by the registry alone. */
  firstTokenMs: number[][];
  statedMs: number[][];
  /** Zone to its sites by class. */
  byZone: Map<Zone, EligibleSite[][]>;
}
const knownByFleet = new WeakMap<PublicFleet, Known>();

/**
 * Sites that may serve a zone's requests of a class, nearest first: those that are active, allowed by
 * the zone's residency, serve the model and meet the TTFT SLO at zero load, if the class has one; of
 * them as many as the fleet's `sitesPerZone`. Routers use them all: an answer from far away is better than none.
 * Who may serve whom is the registry's to say, which routers go by. A site whose speed is known comes in
 * its true place, and not at all where it is found to miss the SLO, unless all do.
 */
export function eligibleSites(fleet: PublicFleet, zone: Zone, k: number): readonly EligibleSite[] {
  let known = knownByFleet.get(fleet);
  if (known === undefined) {
    const firstOf = (s: Pick<PublicSite, 'hardware' | 'speed'>) =>
      siteWork(s, fleet.classes).map((w) => w.firstTokenMs);
    const firstTokenMs = fleet.sites.map(firstOf);
    const statedMs = fleet.sites.map((s, j) =>
      s.speed ? firstOf({ hardware: s.hardware }) : (firstTokenMs[j] as number[]),
    );
    known = { firstTokenMs, statedMs, byZone: new Map() };
    knownByFleet.set(fleet, known);
  }
  let byClass = known.byZone.get(zone);
  if (byClass === undefined) {
    byClass = eligibleByClass(fleet, zone, known);
    known.byZone.set(zone, byClass);
  }
  return byClass[k] ?? [];
}

function eligibleByClass(
  fleet: PublicFleet,
  zone: Zone,
  { firstTokenMs, statedMs }: Known,
): EligibleSite[][] {
  const allowed = zone.allowedSites && new Set(zone.allowedSites);
  const byClass = fleet.classes.map((): EligibleSite[] => []);
  const isInTime = (k: number, ttftMs: number) =>
    ttftMs <= (fleet.classes[k]?.ttftSloMs ?? Number.POSITIVE_INFINITY);
  fleet.sites.forEach((site, j) => {
    if (site.state !== 'active' || (allowed && !allowed.has(site.id))) return;
    const apartMs = estimateRttMs(zone, site);
    fleet.classes.forEach((cls, k) => {
      if (!(cls.model in site.upstream.models)) return;
      const ttftMs = apartMs + (statedMs[j]?.[k] as number);
      if (isInTime(k, ttftMs)) byClass[k]?.push({ site: j, unloadedTtftMs: ttftMs });
    });
  });
  return byClass.map((sites, k) => {
    const stated = nearest(sites, fleet.sitesPerZone ?? sites.length);
    if (!fleet.sites.some((s) => s.speed)) return stated;
    const measured = stated.map(({ site }) => ({
      site,
      unloadedTtftMs:
        rttMs(zone, fleet.sites[site] as PublicSite) + (firstTokenMs[site]?.[k] as number),
    }));
    const inTime = measured.filter((s) => isInTime(k, s.unloadedTtftMs));
    return nearest(inTime.length > 0 ? inTime : measured, stated.length);
  });
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
