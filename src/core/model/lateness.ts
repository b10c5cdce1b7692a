import type { ObjectivePrices, RequestClass } from './fleet.ts';
import type { RequestWork } from './hardware.ts';
import { variability, waitExponent } from './queueing.ts';
import { siteWork } from './site-power.ts';
import type { Speedy } from './speed.ts';
import { SECONDS_PER_HOUR } from './units.ts';

/**
 * Price of requests that come late, in two parts.
 *
 * Those late without any wait, because the prompt is long and the site far or slow: a share of what a
 * zone sends to a site, {@link lateAtOnceShare}, known beforehand.
 *
 * Those that wait too long, as a function of the site's load alone. A request waits with probability
 * u^(m−1) and then for an exponential time of mean V·S/(c(1−u)), as in the ledger, so at c·u/S
 * requests a second the expected number of late ones is
 *
 *   F(u) = (c/S) · mean_kp u^m · exp(−a_kp (1 − u)),   a_kp = c·W_kp / (V·S)
 *
 * with S the mean service time of the classes and W_kp the wait that prompt p of class k bears: what its
 * SLO leaves after its own unloaded first token, less half of that, or {@link MOST_NETWORK_MS}, for the
 * network (assumed: the site does not know where requests come from). Prompts late without a wait are
 * not in it. Classes count alike, as in V; one whose work may wait is never late.
 *
 * Convex and increasing on [0, 1]: u^m with m ≥ 2 and exp(−a(1 − u)) with a ≥ 0 are non-negative,
 * non-decreasing and convex, and for two such functions (f·g)″ = f″g + 2f′g′ + fg″ ≥ 0; a sum of
 * convex functions is convex.
 */
export interface Lateness {
  servers: number;
  /** a of prompts alike, dimensionless, rising. */
  decay: Float64Array;
  /** AUD per slot if every one of those were late at full load: price × requests. */
  fullAud: Float64Array;
}

/** Of what an SLO leaves, the most that is set aside for the network: a round trip from Sydney to Perth (assumed). */
const MOST_NETWORK_MS = 50;
/** Decays this close are one: a sum of so many exponentials is worked out at every step of an optimization. */
const ALIKE = 1.25;

/** Undefined where lateness has no price, or nothing that waits can be late. */
export function siteLateness(
  site: Speedy,
  classes: RequestClass[],
  prices: ObjectivePrices,
  slotHours: number,
): Lateness | undefined {
  const audPerReqPerS = prices.lateAudPerRequest * SECONDS_PER_HOUR * slotHours;
  if (!(audPerReqPerS > 0)) return undefined;
  const { servers } = site.hardware;
  const work = siteWork(site, classes);
  const meanServiceS = work.reduce((sum, w) => sum + w.serverS, 0) / work.length;
  const waitScaleS = (variability(classes) * meanServiceS) / servers;
  if (!(waitScaleS > 0)) return undefined;
  const all = work.flatMap((w, k) => {
    const { ttftSloMs } = classes[k] as RequestClass;
    if (ttftSloMs === undefined) return [];
    const fullAud = (audPerReqPerS * servers) / meanServiceS / classes.length / w.promptMs.length;
    return Array.from(firstTokensMs(w), (ms) => {
      const leftMs = ttftSloMs - ms;
      const bearsMs = leftMs - Math.min(leftMs / 2, MOST_NETWORK_MS);
      return { decay: bearsMs / 1000 / waitScaleS, fullAud };
    });
  });
  return gathered(
    servers,
    all.filter(({ decay }) => decay >= 0).sort((a, b) => a.decay - b.decay),
  );
}

/** Prompts of rising decay, those alike put together at the least of their decays. */
function gathered(
  servers: number,
  prompts: { decay: number; fullAud: number }[],
): Lateness | undefined {
  if (prompts.length === 0) return undefined;
  const decay: number[] = [];
  const fullAud: number[] = [];
  for (const prompt of prompts) {
    const last = decay.length - 1;
    if (last < 0 || prompt.decay > ALIKE * (decay[last] as number)) {
      decay.push(prompt.decay);
      fullAud.push(prompt.fullAud);
    } else {
      fullAud[last] = (fullAud[last] as number) + prompt.fullAud;
    }
  }
  return { servers, decay: Float64Array.from(decay), fullAud: Float64Array.from(fullAud) };
}

/**
 * Share of a class's prompts whose first token is late though they wait for nothing.
 * @param rttMs between zone and site
 */
export function lateAtOnceShare(work: RequestWork, rttMs: number, cls: RequestClass): number {
  const { ttftSloMs = Number.POSITIVE_INFINITY } = cls;
  const late = firstTokensMs(work).filter((ms) => rttMs + ms > ttftSloMs);
  return late.length / work.promptMs.length;
}

/** First token with nobody waiting, by prompt. */
function firstTokensMs({ promptMs, prefillMs, firstTokenMs }: RequestWork): Float64Array {
  return promptMs.map((ms) => ms - prefillMs + firstTokenMs);
}

/** Price of the late requests of a slot at utilisation u in [0, 1], AUD. */
export function lateAud(l: Lateness, u: number): number {
  const m = waitExponent(l.servers);
  return sumOf(l, u, () => u ** m);
}

/** d/du of {@link lateAud}. */
export function lateSlope(l: Lateness, u: number): number {
  const m = waitExponent(l.servers);
  return sumOf(l, u, (a) => u ** (m - 1) * (m + a * u));
}

/** d²/du² of {@link lateAud}. */
export function lateCurvature(l: Lateness, u: number): number {
  const m = waitExponent(l.servers);
  return sumOf(l, u, (a) => u ** (m - 2) * (m * (m - 1) + 2 * m * a * u + (a * u) ** 2));
}

/** Sum over the prompts of a polynomial in u times the prompt's exponential. */
function sumOf(l: Lateness, u: number, polynomial: (a: number) => number): number {
  if (u <= 0) return 0;
  if (u > 1) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let n = 0; n < l.decay.length; n++) {
    const a = l.decay[n] as number;
    const tail = Math.exp(-a * (1 - u));
    // Where the tail vanishes, a polynomial of an enormous a must not make it NaN.
    if (tail > 0) sum += (l.fullAud[n] as number) * tail * polynomial(a);
  }
  return sum;
}
