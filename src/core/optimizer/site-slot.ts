import { lateAud, lateCurvature, lateSlope } from '../model/lateness.ts';
import { waitingCurvature, waitingRequests, waitingSlope } from '../model/queueing.ts';
import { bracketedRoot } from './root.ts';
import type { SiteAnswer, SiteProblem } from './site-subproblem.ts';

/** The separable part of a site's cost, one slot at a time. */

/** Load in busy servers of totals N in slot t. */
export function loadOf(loadPerReqPerS: Float64Array, totals: Float64Array, t: number): number {
  const K = loadPerReqPerS.length;
  let load = 0;
  for (let k = 0; k < K; k++) load += (loadPerReqPerS[k] as number) * (totals[t * K + k] as number);
  return load;
}

/** φ(ℓ): cost of congestion, AUD. */
export function congestionCost(site: SiteProblem, t: number, load: number): number {
  const u = load / site.queue.servers;
  const w = site.waitingAud[t] as number;
  const waiting = w > 0 ? w * waitingRequests(site.queue, u) : 0;
  return site.lateness ? waiting + lateAud(site.lateness, u) : waiting;
}

/** φ'(ℓ): congestion cost per busy server, AUD. */
export function congestion(site: SiteProblem, t: number, load: number): number {
  const c = site.queue.servers;
  const w = site.waitingAud[t] as number;
  const waiting = w > 0 ? (w / c) * waitingSlope(site.queue, load / c) : 0;
  return site.lateness ? waiting + lateSlope(site.lateness, load / c) / c : waiting;
}

/** φ''(ℓ), AUD per busy server squared. */
export function congestionSlope(site: SiteProblem, t: number, load: number): number {
  const c = site.queue.servers;
  const w = site.waitingAud[t] as number;
  const waiting = w > 0 ? (w / (c * c)) * waitingCurvature(site.queue, load / c) : 0;
  return site.lateness ? waiting + lateCurvature(site.lateness, load / c) / (c * c) : waiting;
}

export function evaluateSlot(
  site: SiteProblem,
  t: number,
  totals: Float64Array,
  out: SiteAnswer,
): void {
  const K = site.classCount;
  const load = loadOf(site.loadPerReqPerS, totals, t);
  const marginalLoad = congestion(site, t, load);
  let cost = (site.baseAud[t] as number) + congestionCost(site, t, load);
  for (let k = 0; k < K; k++) {
    const a = site.rateAud[t * K + k] as number;
    cost += a * (totals[t * K + k] as number);
    out.marginalAud[t * K + k] = a + (site.loadPerReqPerS[k] as number) * marginalLoad;
  }
  out.costAud[t] = cost;
  out.slopeAud[t] = congestionSlope(site, t, load);
}

/**
 * min over 0 ≤ N ≤ box, ℓ ≤ L of g_t(N) − p·N, exactly.
 */
export function slotBound(
  site: SiteProblem,
  t: number,
  prices: Float64Array,
  box: Float64Array,
): number {
  const K = site.classCount;
  const { load, gainAud } = bestFill({
    priceAud: prices.subarray(t * K, (t + 1) * K),
    rateAud: site.rateAud.subarray(t * K, (t + 1) * K),
    box: box.subarray(t * K, (t + 1) * K),
    loadPerReqPerS: site.loadPerReqPerS,
    maxLoad: site.maxLoad[t] as number,
    congestionAud: (l) => congestion(site, t, l),
  });
  return (site.baseAud[t] as number) + congestionCost(site, t, load) - gainAud;
}

/** What a slot's best load follows from: by class prices, rates, room and load; C by load, rising. */
export interface SlotOffer {
  priceAud: Float64Array;
  rateAud: Float64Array;
  box: Float64Array;
  loadPerReqPerS: Float64Array;
  maxLoad: number;
  congestionAud: (load: number) => number;
  /** Of the load, relative; see root.ts. */
  precision?: number;
}

/**
 * The load at which Σ_k (p_k − a_k) N_k − φ(ℓ) is most, and that gain without φ: at a given load the
 * classes that gain most per busy server fill first, and each fills while its gain exceeds the
 * congestion cost.
 */
export function bestFill(offer: SlotOffer): { load: number; gainAud: number } {
  const { congestionAud, loadPerReqPerS, maxLoad } = offer;
  const gainPerLoad = (k: number) =>
    ((offer.priceAud[k] as number) - (offer.rateAud[k] as number)) / (loadPerReqPerS[k] as number);
  const order = Array.from(loadPerReqPerS, (_, k) => k).sort(
    (a, b) => gainPerLoad(b) - gainPerLoad(a),
  );
  let load = 0;
  let gainAud = 0;
  for (const k of order) {
    const ratio = gainPerLoad(k);
    if (ratio <= 0 || congestionAud(load) >= ratio) break;
    const full = load + (loadPerReqPerS[k] as number) * (offer.box[k] as number);
    const limit = Math.min(full, maxLoad);
    const to =
      congestionAud(limit) <= ratio
        ? limit
        : bracketedRoot((l) => congestionAud(l) - ratio, load, limit, offer.precision);
    gainAud += ratio * (to - load);
    load = to;
    if (load < full) break;
  }
  return { load, gainAud };
}

/**
 * argmin over 0 ≤ N ≤ box, ℓ ≤ L of g_t(N) + Σ_k ρ_k/2 (N_k − y_k)².
 * Stationarity gives N_k(μ) = clamp(y_k − (a_k + s_k μ)/ρ_k) with one unknown, the congestion price
 * μ = φ'(ℓ), or above it when the capacity binds: a monotone root in one dimension.
 */
export function proximalSlot(
  site: SiteProblem,
  t: number,
  proximal: { penalty: Float64Array; center: Float64Array },
  box: Float64Array,
  out: Float64Array,
): void {
  const K = site.classCount;
  const maxLoad = site.maxLoad[t] as number;
  const fill = (mu: number): number => {
    let load = 0;
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const s = site.loadPerReqPerS[k] as number;
      const free =
        (proximal.center[at] as number) -
        ((site.rateAud[at] as number) + s * mu) / (proximal.penalty[at] as number);
      const n = Math.min(Math.max(free, 0), box[at] as number);
      out[at] = n;
      load += s * n;
    }
    return load;
  };
  const excess = (mu: number) => {
    const load = fill(mu);
    return load > maxLoad ? -1 - (load - maxLoad) : mu - congestion(site, t, load);
  };
  if (excess(0) >= 0) return;
  let high = 1e-6;
  while (excess(high) < 0 && high < 1e12) high *= 8;
  // `excess` jumps where the capacity starts to bind; the root finder only needs its sign.
  fill(bracketedRoot(excess, high / 8 < 1e-6 ? 0 : high / 8, high));
  const load = loadOf(site.loadPerReqPerS, out, t);
  if (load <= maxLoad) return;
  for (let k = 0; k < K; k++) out[t * K + k] = (out[t * K + k] as number) * (maxLoad / load);
}
