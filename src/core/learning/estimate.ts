import { clamp } from '../clamp.ts';
import type { PublicSite, Zone } from '../model/fleet.ts';
import { estimateRttMs } from '../model/geo.ts';
import { decodeStepMs, hardwareProfiles } from '../model/hardware.ts';
import { SPEED_SPAN } from '../model/speed.ts';
import type { SiteTiming } from './site-speeds.ts';

/** A factor over the registry's time, and its standard error; 1 and {@link FACTOR_SD} unmeasured. */
export interface Factor {
  factor: number;
  se: number;
}

export interface SpeedEstimate {
  prefill: Factor;
  decode: Factor;
  /** By zone that was measured, ms. */
  rttMs: Record<string, { ms: number; se: number }>;
}

/**
 * Before anything is measured, how far a site is thought to be off: its speeds by half of the
 * registry's, what it takes before it begins by 30 ms for all zones, and each zone's network by 5 ms
 * and 30 % of the estimate. Chosen; Google Cloud's measured Sydney–Melbourne is 17 % off.
 */
const FACTOR_SD = 0.5;
const OVERHEAD_SD_MS = 30;
const NETWORK_SD_MS = 5;
const NETWORK_SD_SHARE = 0.3;

/** Requests that come together wait together: so many say as much as one that came alone. Chosen. */
const TOGETHER = 10;

/** Scatter of single requests until it is measured, as a share of what is expected, and for how many that stands. */
const SCATTER = 0.5;
const SCATTER_COUNTS = 20;
const LEAST_SCATTER_MS = 5;

/** Light in glass, of {@link estimateRttMs}'s 15 µs per km and round trip. */
const STRAIGHT_SHARE = 10 / 15;

/**
 * A site's speed: the registry's value as a prior, and what was measured, each by what it is worth.
 *
 * Times to first token are y = f·x + b + a_z + noise, with x the registry's prefill time of the prompt,
 * f ~ N(1, ½²) prefill's factor, b ~ N(0, 30 ms) what the site takes before it begins, and a_z the
 * network of a zone about its estimate, half a decode step included. All is Gaussian, so f and b have a
 * posterior in closed form once the a_z are integrated out: per zone the mean residual r at mean prompt
 * x̄ has variance 1/g = σ²/n + τ², the spread within a zone and hour tells of f alone. Results are kept
 * within {@link SPEED_SPAN} of the registry, networks above light in glass.
 * @param zones whose network is asked for
 */
export function estimateSpeed(
  state: SiteTiming,
  site: PublicSite,
  zones: readonly Zone[],
): SpeedEstimate {
  const decode = decodeOf(state);
  const { profile, batch } = site.hardware;
  const joinMs = (decode.factor * decodeStepMs(hardwareProfiles[profile], batch)) / 2;
  const seen = zones.flatMap((zone) => {
    const [n = 0, promptMs = 0, ttftMs = 0] = state.zones[zone.id] ?? [];
    if (n <= 0) return [];
    const apartMs = estimateRttMs(zone, site);
    const sdMs = NETWORK_SD_MS + NETWORK_SD_SHARE * apartMs;
    const x = promptMs / n;
    return [{ id: zone.id, n, apartMs, sdMs, x, rest: ttftMs / n - apartMs - joinMs }];
  });
  const weight = 1 / (TOGETHER * scatterMs2(state, seen, joinMs));
  // Precision matrix of (f, b), and what it is to be multiplied into.
  let ff = 1 / FACTOR_SD ** 2 + state.promptVarMs2 * weight;
  let bb = 1 / OVERHEAD_SD_MS ** 2;
  let fb = 0;
  let intoF = 1 / FACTOR_SD ** 2 + state.covarMs2 * weight;
  let intoB = 0;
  for (const { n, sdMs, x, rest } of seen) {
    const g = 1 / (1 / (n * weight) + sdMs ** 2);
    ff += g * x * x;
    fb += g * x;
    bb += g;
    intoF += g * x * rest;
    intoB += g * rest;
  }
  const det = ff * bb - fb * fb;
  const factor = clamp((bb * intoF - fb * intoB) / det, 1 / SPEED_SPAN, SPEED_SPAN);
  // Of b given f as it is, should that have been bounded.
  const overheadMs = (intoB - fb * factor) / bb;
  const rttMs = seen.map(({ id, n, apartMs, sdMs, x, rest }) => {
    const precision = 1 / sdMs ** 2 + n * weight;
    const ownMs = (n * weight * (rest - factor * x - overheadMs)) / precision;
    const leastMs = STRAIGHT_SHARE * (apartMs - estimateRttMs(site, site));
    const ms = clamp(apartMs + overheadMs + ownMs, leastMs, mostRttMs(apartMs));
    return [id, { ms, se: precision ** -0.5 }] as const;
  });
  return {
    prefill: { factor, se: Math.sqrt(bb / det) },
    decode,
    rttMs: Object.fromEntries(rttMs),
  };
}

/** The mean ratio of decoding to what is expected, and 1, each by its precision. */
function decodeOf({ timed, decodeMs, expectedMs, decodeSqMs }: SiteTiming): Factor {
  const prior = 1 / FACTOR_SD ** 2;
  if (!(timed > 0 && expectedMs > 0)) return { factor: 1, se: FACTOR_SD };
  const ratio = decodeMs / expectedMs;
  const spread = Math.max(0, decodeSqMs / expectedMs - ratio ** 2);
  const variance = (SCATTER_COUNTS * SCATTER ** 2 + timed * spread) / (SCATTER_COUNTS + timed);
  const measured = timed / (TOGETHER * variance);
  return {
    factor: clamp((prior + measured * ratio) / (prior + measured), 1 / SPEED_SPAN, SPEED_SPAN),
    se: (prior + measured) ** -0.5,
  };
}

/** σ² of a single time to first token about its line, ms². */
function scatterMs2(
  state: SiteTiming,
  seen: readonly { n: number; apartMs: number; x: number }[],
  joinMs: number,
): number {
  const { timed, promptVarMs2, covarMs2, ttftVarMs2 } = state;
  const n = seen.reduce((a, z) => a + z.n, 0);
  const expectedMs = n > 0 ? seen.reduce((a, z) => a + z.n * (z.apartMs + z.x), 0) / n : 0;
  const priorMs2 = (SCATTER * (expectedMs + joinMs)) ** 2;
  const slope = promptVarMs2 > 0 ? covarMs2 / promptVarMs2 : 0;
  const aboutMs2 = Math.max(0, ttftVarMs2 - slope * covarMs2);
  const variance = (SCATTER_COUNTS * priorMs2 + aboutMs2) / (SCATTER_COUNTS + timed);
  return Math.max(LEAST_SCATTER_MS ** 2, variance);
}

/** Of a network estimated so long, however long it seems. */
export function mostRttMs(apartMs: number): number {
  return SPEED_SPAN * (apartMs + OVERHEAD_SD_MS);
}
