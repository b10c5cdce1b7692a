import type { ObjectivePrices, RequestClass } from './fleet.ts';
import { variability, waitExponent } from './queueing.ts';
import { siteWork } from './site-power.ts';
import type { Speedy } from './speed.ts';
import { SECONDS_PER_HOUR } from './units.ts';

/**
 * Price of requests that come late, as a function of the site's load alone. A request waits with
 * probability u^(m−1) and then for an exponential time of mean V·S/(c(1−u)), as in the ledger, so at
 * c·u/S requests a second the expected number of late ones is
 *
 *   F(u) = (c/S) · mean_k u^m · exp(−a_k (1 − u)),   a_k = c·W_k / (V·S)
 *
 * with S the mean service time of the classes and W_k the wait a class bears: half of what its SLO
 * leaves after the unloaded first token, the other half being the network's (assumed; the site does not know where
 * requests come from). Classes count alike, as in V; one whose work may wait is never late.
 *
 * Convex and increasing on [0, 1]: u^m with m ≥ 2 and exp(−a(1 − u)) with a ≥ 0 are non-negative,
 * non-decreasing and convex, and for two such functions (f·g)″ = f″g + 2f′g′ + fg″ ≥ 0; a mean of
 * convex functions is convex.
 */
export interface Lateness {
  servers: number;
  /** a by class that can be late, dimensionless. */
  decay: Float64Array;
  /** AUD per slot if every request at full load were late: price × requests. */
  fullAud: number;
}

/** Undefined where lateness has no price, or nothing ever waits. */
export function siteLateness(
  site: Speedy,
  classes: RequestClass[],
  prices: ObjectivePrices,
  slotHours: number,
): Lateness | undefined {
  const { servers } = site.hardware;
  const work = siteWork(site, classes);
  const meanServiceS = work.reduce((sum, w) => sum + w.serverS, 0) / work.length;
  const audPerReqPerS = prices.lateAudPerRequest * SECONDS_PER_HOUR * slotHours;
  const waitScaleS = (variability(classes) * meanServiceS) / servers;
  const decay = work.flatMap(({ firstTokenMs }, k) => {
    const slo = classes[k]?.ttftSloMs;
    return slo === undefined ? [] : Math.max(0, slo - firstTokenMs) / 2 / 1000 / waitScaleS;
  });
  if (!(audPerReqPerS > 0 && waitScaleS > 0 && decay.length > 0)) return undefined;
  // The mean is over the classes that can be late; the others' share of requests never is.
  const shareLate = decay.length / classes.length;
  return {
    servers,
    decay: Float64Array.from(decay),
    fullAud: (shareLate * audPerReqPerS * servers) / meanServiceS,
  };
}

/** Price of the late requests of a slot at utilisation u in [0, 1], AUD. */
export function lateAud(l: Lateness, u: number): number {
  const m = waitExponent(l.servers);
  return meanOf(l, u, () => u ** m);
}

/** d/du of {@link lateAud}. */
export function lateSlope(l: Lateness, u: number): number {
  const m = waitExponent(l.servers);
  return meanOf(l, u, (a) => u ** (m - 1) * (m + a * u));
}

/** d²/du² of {@link lateAud}. */
export function lateCurvature(l: Lateness, u: number): number {
  const m = waitExponent(l.servers);
  return meanOf(l, u, (a) => u ** (m - 2) * (m * (m - 1) + 2 * m * a * u + (a * u) ** 2));
}

/** Mean over the classes of a polynomial in u times the class's exponential. */
function meanOf(l: Lateness, u: number, polynomial: (a: number) => number): number {
  if (u <= 0) return 0;
  if (u > 1) return Number.POSITIVE_INFINITY;
  const sum = l.decay.reduce((s, a) => {
    const tail = Math.exp(-a * (1 - u));
    // Where the tail vanishes, a polynomial of an enormous a must not make it NaN.
    return tail > 0 ? s + tail * polynomial(a) : s;
  }, 0);
  return (l.fullAud * sum) / l.decay.length;
}
