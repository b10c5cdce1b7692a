import type { Site } from '../model/fleet.ts';
import { decodeStepMs, hardwareProfiles } from '../model/hardware.ts';
import { type PowerTimes, powerParts } from '../model/site-power.ts';
import type { Speedy } from '../model/speed.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import { boundedTimes, PRIOR_REPORTS, withReport } from './meters.ts';
import type { ServedHour } from './served.ts';

/**
 * What a site's meters say of its IT power. Of a report that measured y times what the model has for the
 * work of its hour, of which servers that idle or sleep are the share a, y − 1 = a·α + (1 − a)·β + noise,
 * where 1 + α and 1 + β are how many times the model's a site takes idle and at work. Plain data.
 */
export interface PowerState {
  version: 1;
  /** The hardware and sleep of the registry that reports were held against. */
  model: string;
  /** Of the last report taken in. */
  utcMs: number;
  reports: number;
  /** Σa, Σa², Σ(y − 1) and Σa(y − 1). */
  idle: number;
  idleSq: number;
  off: number;
  idleOff: number;
}

/** A site as fast as it is known to be. */
export type FastSite = Site & Pick<Speedy, 'speed'>;

/** Less of a report's hour than this was counted by the router, and it says nothing. Chosen. */
const LEAST_COUNTED = 0.9;

/**
 * A quarter of {@link PRIOR_REPORTS} for each of the two: where all hours are alike they cannot be told
 * apart, share what was found, and half a day of reports weighs as much as the model. Less than for
 * cooling, since a report's errors, 5 % or so, are a smaller part of what is learned. Chosen.
 */
const PRIOR = PRIOR_REPORTS / 4;

const modelOf = ({ hardware, cost, maxUtilisation, headroomServers }: Site) =>
  JSON.stringify([hardware, cost.idle, cost.sleepServerKw, maxUtilisation, headroomServers]);

/**
 * IT power that the model has for the hour before an instant, kW; undefined where less than nine tenths of
 * it was counted. An hour that two counted ones share has of each by time.
 */
export function modelledPower(
  site: FastSite,
  served: readonly ServedHour[],
  utcMs: number,
): { idleKw: number; loadKw: number } | undefined {
  const hw = hardwareProfiles[site.hardware.profile];
  const { servers, batch } = site.hardware;
  const { prefill, decode } = site.speed ?? { prefill: 1, decode: 1 };
  const stepMs = (decode * decodeStepMs(hw, batch)) / batch;
  let countedMs = 0;
  let prefillMs = 0;
  let decodeMs = 0;
  for (const { fromUtcMs, forMs, workMs, tokens } of served) {
    const sharedMs = Math.min(utcMs, fromUtcMs + forMs) - Math.max(utcMs - MS_PER_HOUR, fromUtcMs);
    if (!(sharedMs > 0)) continue;
    countedMs += sharedMs;
    prefillMs += (prefill * workMs * sharedMs) / forMs;
    decodeMs += (stepMs * tokens * sharedMs) / forMs;
  }
  if (countedMs < LEAST_COUNTED * MS_PER_HOUR) return undefined;
  const kwOf = (w: number) => (hw.gpusPerServer * hw.serverFactor * w) / 1000;
  const load = (prefillMs + decodeMs) / countedMs;
  const workKw = (prefillMs * kwOf(hw.prefillW) + decodeMs * kwOf(hw.decodeW)) / countedMs;
  const parts = powerParts(site, site.headroomServers);
  // More than it has room for, it had less idle than nothing: its servers were full.
  const inUse = Math.min(load, servers * site.maxUtilisation);
  return {
    idleKw: parts.idleKw + parts.idleKwPerLoad * inUse,
    loadKw: workKw + parts.busyKwPerLoad * inUse,
  };
}

/** The state after a report; one that is not newer, or of no counted hour, says nothing. */
export function takeItPower(
  state: PowerState | undefined,
  site: FastSite,
  utcMs: number,
  itKw: number,
  served: readonly ServedHour[],
): PowerState | undefined {
  const before = state?.model === modelOf(site) ? state : undefined;
  if (before && utcMs <= before.utcMs) return before;
  const modelled = modelledPower(site, served, utcMs);
  if (modelled === undefined) return before;
  const allKw = modelled.idleKw + modelled.loadKw;
  if (!(allKw > 0)) return before;
  const a = modelled.idleKw / allKw;
  const off = boundedTimes(itKw / allKw) - 1;
  return {
    version: 1,
    model: modelOf(site),
    utcMs,
    ...withReport(before, utcMs, { reports: 1, idle: a, idleSq: a * a, off, idleOff: a * off }),
  };
}

/**
 * IT power over the model's: least squares, and 1 as so many reports' worth for each of the two, so that
 * what hours do not tell apart stays near the model. No server at work draws less than one that idles.
 */
export function powerTimes(state: PowerState | undefined, site: Site): PowerTimes {
  if (state?.model !== modelOf(site)) return { idle: 1, load: 1 };
  const { reports, idle, idleSq, off, idleOff } = state;
  const loadOff = off - idleOff;
  const both = idle - idleSq;
  const ofIdle = PRIOR + idleSq;
  const ofLoad = PRIOR + reports - 2 * idle + idleSq;
  const bounded = (value: number) => boundedTimes(1 + value) - 1;
  const det = ofIdle * ofLoad - both * both;
  const free = (ofLoad * idleOff - both * loadOff) / det;
  let alpha = bounded(free);
  // Each given the other as it is, should that have been bounded.
  const beta = bounded((loadOff - both * alpha) / ofLoad);
  if (alpha === free) alpha = bounded((idleOff - both * beta) / ofIdle);
  const { idleW, decodeW } = hardwareProfiles[site.hardware.profile];
  return { idle: Math.min(1 + alpha, ((1 + beta) * decodeW) / idleW), load: 1 + beta };
}
