import { type Lateness, lateAud, lateCurvature, lateSlope } from '../model/lateness.ts';
import { type Queue, waitingCurvature, waitingRequests, waitingSlope } from '../model/queueing.ts';
import { impactsAt, type SiteImpacts } from './impacts.ts';
import { bracketedRoot } from './root.ts';
import type { SupplyCurve } from './supply-curve.ts';

/**
 * A site's private cost, per slot t and totals N (req/s by class):
 *
 *   g_t(N) = b_t + Σ_k a_tk N_k + φ_t(ℓ),   φ_t(ℓ) = w_t · Lq(u) + F(u),   u = ℓ / servers
 *   ℓ = Σ_k s_k N_k ≤ L_t
 *
 * b: what it costs to stand there; a: energy, carbon and water at this slot's prices; Lq: waiting
 * requests (queueing.ts); F: price of late ones (lateness.ts). Convex for every sign of a, so negative prices need no special care.
 */
export interface SiteProblem {
  slotCount: number;
  classCount: number;
  /** b, AUD per slot. Length T. */
  baseAud: Float64Array;
  /** a, AUD per (req/s) and slot. Length T·K. */
  rateAud: Float64Array;
  /** w, AUD per waiting request and slot. Length T. */
  waitingAud: Float64Array;
  /** s, busy servers per req/s. Length K. */
  loadPerReqPerS: Float64Array;
  /** L, busy servers. Length T. */
  maxLoad: Float64Array;
  queue: Queue;
  /** Absent where late requests have no price. */
  lateness?: Lateness;
  /** Carbon and water at no request, and per request; absent where the site keeps them to itself. */
  impacts?: SiteImpacts;
}

/** What the coordinator asks of a site in one round. */
export interface SiteQuery {
  round: number;
  /** z, the proposed totals, req/s. Length T·K. */
  totals: Float64Array;
  /** p, AUD per (req/s) and slot. Length T·K. */
  prices: Float64Array;
  /** The most the site can be asked for, req/s. Length T·K. */
  box: Float64Array;
  /** Whether carbon and water are asked for, too. */
  impacts?: true;
  /** Loads at which a supply curve is asked for, busy servers. Length T·M. */
  supplyLoad?: Float64Array;
  /** Classic rounds only: penalty ρ (length T·K) and centre z − u of the proximal step. */
  proximal?: { penalty: Float64Array; center: Float64Array };
}

/** What a site answers: figures at the proposal, never its parameters. */
export interface SiteAnswer {
  round: number;
  /** g_t(z). Length T. */
  costAud: Float64Array;
  /** ∂g_t/∂N_k at z. Length T·K. */
  marginalAud: Float64Array;
  /** Second derivative of g_t by load at z, ≥ 0. Length T. */
  slopeAud: Float64Array;
  /** min over the box of g_t(N) − p·N: the site's part of the certificate. Length T. */
  boundAud: Float64Array;
  /** At z. Present when asked for, unless the site keeps them to itself. */
  impacts?: SiteImpacts;
  /** Present when asked for. */
  supply?: SupplyCurve;
  /** argmin g(N) + Σ ρ/2 (N − centre)²: present when asked for. Length T·K. */
  proximal?: Float64Array;
}

/** Answers one round. Pure: same problem and query, same answer. */
export function answerQuery(site: SiteProblem, query: SiteQuery): SiteAnswer {
  const answer: SiteAnswer = {
    round: query.round,
    costAud: new Float64Array(site.slotCount),
    marginalAud: new Float64Array(site.slotCount * site.classCount),
    slopeAud: new Float64Array(site.slotCount),
    boundAud: new Float64Array(site.slotCount),
  };
  if (query.impacts && site.impacts) {
    const atNothing = { impacts: site.impacts, totals: new Float64Array(query.totals.length) };
    answer.impacts = impactsAt(atNothing, query.totals);
  }
  if (query.supplyLoad) answer.supply = supplyCurve(site, query.supplyLoad);
  if (query.proximal) answer.proximal = new Float64Array(site.slotCount * site.classCount);
  for (let t = 0; t < site.slotCount; t++) {
    evaluateSlot(site, t, query.totals, answer);
    answer.boundAud[t] = slotBound(site, t, query.prices, query.box);
    if (query.proximal && answer.proximal) {
      proximalSlot(site, t, query.proximal, query.box, answer.proximal);
    }
  }
  return answer;
}

/** The site's congestion cost and its derivatives at the loads asked for. */
function supplyCurve(site: SiteProblem, load: Float64Array): SupplyCurve {
  const M = load.length / site.slotCount;
  const curve: SupplyCurve = {
    costAud: new Float64Array(load.length),
    marginalAud: new Float64Array(load.length),
    slopeAud: new Float64Array(load.length),
  };
  load.forEach((l, i) => {
    const t = Math.floor(i / M);
    curve.costAud[i] = congestionCost(site, t, l);
    curve.marginalAud[i] = congestion(site, t, l);
    curve.slopeAud[i] = congestionSlope(site, t, l);
  });
  return curve;
}

/** Load in busy servers of totals N in slot t. */
export function loadOf(loadPerReqPerS: Float64Array, totals: Float64Array, t: number): number {
  const K = loadPerReqPerS.length;
  let load = 0;
  for (let k = 0; k < K; k++) load += (loadPerReqPerS[k] as number) * (totals[t * K + k] as number);
  return load;
}

/** φ(ℓ): cost of congestion, AUD. */
function congestionCost(site: SiteProblem, t: number, load: number): number {
  const u = load / site.queue.servers;
  const w = site.waitingAud[t] as number;
  const waiting = w > 0 ? w * waitingRequests(site.queue, u) : 0;
  return site.lateness ? waiting + lateAud(site.lateness, u) : waiting;
}

/** φ'(ℓ): congestion cost per busy server, AUD. */
function congestion(site: SiteProblem, t: number, load: number): number {
  const c = site.queue.servers;
  const w = site.waitingAud[t] as number;
  const waiting = w > 0 ? (w / c) * waitingSlope(site.queue, load / c) : 0;
  return site.lateness ? waiting + lateSlope(site.lateness, load / c) / c : waiting;
}

/** φ''(ℓ), AUD per busy server squared. */
function congestionSlope(site: SiteProblem, t: number, load: number): number {
  const c = site.queue.servers;
  const w = site.waitingAud[t] as number;
  const waiting = w > 0 ? (w / (c * c)) * waitingCurvature(site.queue, load / c) : 0;
  return site.lateness ? waiting + lateCurvature(site.lateness, load / c) / (c * c) : waiting;
}

function evaluateSlot(site: SiteProblem, t: number, totals: Float64Array, out: SiteAnswer): void {
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
 * min over 0 ≤ N ≤ box, ℓ ≤ L of g_t(N) − p·N, exactly: at a given load the classes that gain most
 * per busy server fill first, and each fills while its gain exceeds the congestion cost.
 */
function slotBound(site: SiteProblem, t: number, prices: Float64Array, box: Float64Array): number {
  const K = site.classCount;
  const gainPerLoad = (k: number) =>
    ((prices[t * K + k] as number) - (site.rateAud[t * K + k] as number)) /
    (site.loadPerReqPerS[k] as number);
  const order = Array.from({ length: K }, (_, k) => k).sort(
    (a, b) => gainPerLoad(b) - gainPerLoad(a),
  );
  const maxLoad = site.maxLoad[t] as number;
  let load = 0;
  let gain = 0;
  for (const k of order) {
    const ratio = gainPerLoad(k);
    if (ratio <= 0 || congestion(site, t, load) >= ratio) break;
    const full = load + (site.loadPerReqPerS[k] as number) * (box[t * K + k] as number);
    const limit = Math.min(full, maxLoad);
    const to =
      congestion(site, t, limit) <= ratio
        ? limit
        : bracketedRoot((l) => congestion(site, t, l) - ratio, load, limit);
    gain += ratio * (to - load);
    load = to;
    if (load < full) break;
  }
  return (site.baseAud[t] as number) + congestionCost(site, t, load) - gain;
}

/**
 * argmin over 0 ≤ N ≤ box, ℓ ≤ L of g_t(N) + Σ_k ρ_k/2 (N_k − y_k)².
 * Stationarity gives N_k(μ) = clamp(y_k − (a_k + s_k μ)/ρ_k) with one unknown, the congestion price
 * μ = φ'(ℓ), or above it when the capacity binds: a monotone root in one dimension.
 */
function proximalSlot(
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
