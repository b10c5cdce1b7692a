import { z } from 'zod';
import type { PublicSite, RequestClass } from '../model/fleet.ts';
import { decodeStepMs, hardwareProfiles } from '../model/hardware.ts';
import { variability, waitingRequests } from '../model/queueing.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import { estimateSpeed } from './estimate.ts';
import { type TimingRow, timingSums } from './timing.ts';

/**
 * What the hours so far say of one site's speed: sums of {@link TimingRow}, older hours counting for
 * less. Plain data, to be stored as it is.
 */
export interface SiteTiming {
  version: 1;
  /** What all of it is held against: the registry's hardware and batch. */
  hardware: string;
  /** Beginning of the last hour that said anything. */
  lastUtcMs: number;
  /** Streams that were timed. */
  timed: number;
  /** Of their times to first token against their prompts, each less the mean of its zone and hour. */
  promptVarMs2: number;
  covarMs2: number;
  ttftVarMs2: number;
  /** Of their decoding: Σm, Σe and Σm²/e, where e is what the registry has for the same steps, ms. */
  decodeMs: number;
  expectedMs: number;
  decodeSqMs: number;
  /** By zone, of hours in which the site was not busy: streams, Σ prompt ms, Σ ttft less waiting ms. */
  zones: Record<string, [streams: number, promptMs: number, ttftMs: number]>;
}

const sum = z.number().min(0);
export const siteTimingSchema = z.strictObject({
  version: z.literal(1),
  hardware: z.string(),
  lastUtcMs: z.number(),
  timed: sum,
  promptVarMs2: sum,
  covarMs2: z.number(),
  ttftVarMs2: sum,
  decodeMs: sum,
  expectedMs: sum,
  decodeSqMs: sum,
  zones: z.record(z.string(), z.tuple([sum, sum, z.number()])),
});

/** An hour counts half after a day: servers are changed by people, in working hours. Chosen. */
const HALF_LIFE_MS = 24 * MS_PER_HOUR;

/**
 * Load up to which an hour says what a site takes before anybody waits: what waiting there is by the
 * model is taken off; above, the model's errors would be learned as distance. And load up to which its
 * prompts tell of prefill: above, waits are so long that they are cut to what is believed of a request.
 */
const MOST_QUIET_LOAD = 0.5;
const MOST_STEADY_LOAD = 0.8;

/** Zones with less than this of a stream are forgotten. */
const LEAST_STREAMS = 0.01;

/** Sums are in times of the registry's hardware, so they end with it. */
export function hardwareKey({ hardware }: Pick<PublicSite, 'hardware'>): string {
  return `${hardware.profile}/${hardware.batch}`;
}

/** @param fromUtcMs hours before it are not taken in */
export function emptyTiming(site: Pick<PublicSite, 'hardware'>, fromUtcMs = 0): SiteTiming {
  return {
    version: 1,
    hardware: hardwareKey(site),
    lastUtcMs: fromUtcMs,
    timed: 0,
    promptVarMs2: 0,
    covarMs2: 0,
    ttftVarMs2: 0,
    decodeMs: 0,
    expectedMs: 0,
    decodeSqMs: 0,
    zones: {},
  };
}

/** The same at a later instant: all of it counts for less. */
export function agedTo(state: SiteTiming, utcMs: number): SiteTiming {
  const kept = 0.5 ** (Math.max(0, utcMs - state.lastUtcMs) / HALF_LIFE_MS);
  const zones = Object.entries(state.zones).flatMap(([zone, [streams, promptMs, ttftMs]]) =>
    streams * kept < LEAST_STREAMS
      ? []
      : [[zone, [streams * kept, promptMs * kept, ttftMs * kept]] as const],
  );
  return {
    version: 1,
    hardware: state.hardware,
    lastUtcMs: state.lastUtcMs,
    timed: state.timed * kept,
    promptVarMs2: state.promptVarMs2 * kept,
    covarMs2: state.covarMs2 * kept,
    ttftVarMs2: state.ttftVarMs2 * kept,
    decodeMs: state.decodeMs * kept,
    expectedMs: state.expectedMs * kept,
    decodeSqMs: state.decodeSqMs * kept,
    zones: Object.fromEntries(zones) as SiteTiming['zones'],
  };
}

/**
 * The state after an hour of a site, or the first `forMs` of it.
 *
 * Congestion must not be taken for speed. A request's wait does not depend on its own prompt, and it is
 * the same for all zones; so within one zone and hour the slope of time over prompt is free of it.
 * Only the height of that line has the waiting in it, and is taken of quiet hours alone. How busy the
 * hour was is by what it says itself of the site's speed. A decode step is held against the registry's
 * at the batch there was: by Little's law the sequences in decoding are tokens a second times seconds a
 * token, taken to be spread evenly over the servers.
 * @param rows of this hour and site, a zone each
 */
export function takeHour(
  before: SiteTiming,
  site: PublicSite,
  classes: RequestClass[],
  hourUtcMs: number,
  rows: readonly TimingRow[],
  forMs = MS_PER_HOUR,
): SiteTiming {
  const sum = sumsOf(rows);
  if (sum.timed === 0) return before;
  const { profile, batch, servers } = site.hardware;
  const hw = hardwareProfiles[profile];
  const decoding = (sum.tokens * sum.decodeMs) / sum.steps / forMs;
  const stepMs = decodeStepMs(hw, Math.min(batch, 1 + decoding / servers));
  const aged = agedTo(before, hourUtcMs);
  const decoded: SiteTiming = {
    ...aged,
    lastUtcMs: Math.max(hourUtcMs, before.lastUtcMs),
    timed: aged.timed + sum.timed,
    decodeMs: aged.decodeMs + sum.decodeMs,
    expectedMs: aged.expectedMs + sum.steps * stepMs,
    decodeSqMs: aged.decodeSqMs + sum.decodeSqMs2 / stepMs,
  };
  const next = withPrompts(decoded, rows);
  const { prefill, decode } = estimateSpeed(next, site, []);
  const fullStepMs = decodeStepMs(hw, batch) / batch;
  const busyMs = prefill.factor * sum.workMs + decode.factor * sum.tokens * fullStepMs;
  const load = busyMs / (servers * forMs);
  if (load > MOST_STEADY_LOAD) return decoded;
  if (load > MOST_QUIET_LOAD) return next;
  const queue = { servers, variability: variability(classes) };
  const waitMs = (waitingRequests(queue, load) * forMs) / sum.requests;
  const zones = { ...next.zones };
  for (const { zone, timed, promptMs, ttftMs } of rows) {
    const [streams, prompts, ttfts] = zones[zone] ?? [0, 0, 0];
    zones[zone] = [streams + timed, prompts + promptMs, ttfts + ttftMs - timed * waitMs];
  }
  return { ...next, zones };
}

function sumsOf(rows: readonly TimingRow[]) {
  const of = (name: (typeof timingSums)[number]) => rows.reduce((a, row) => a + row[name], 0);
  return Object.fromEntries(timingSums.map((name) => [name, of(name)])) as Record<
    (typeof timingSums)[number],
    number
  >;
}

/** With what prompts say of prefill: the spread within each zone. */
function withPrompts(state: SiteTiming, rows: readonly TimingRow[]): SiteTiming {
  const next = { ...state };
  for (const { timed, promptMs, ttftMs, promptSqMs2, productMs2, ttftSqMs2 } of rows) {
    if (timed === 0) continue;
    next.promptVarMs2 += Math.max(0, promptSqMs2 - promptMs ** 2 / timed);
    next.covarMs2 += productMs2 - (promptMs * ttftMs) / timed;
    next.ttftVarMs2 += Math.max(0, ttftSqMs2 - ttftMs ** 2 / timed);
  }
  return next;
}
