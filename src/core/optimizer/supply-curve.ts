import type { CurveSample } from './congestion-curve.ts';
import { figuresFault } from './figures.ts';
import type { DispatchProblem, SiteCapability } from './problem.ts';
import { loadOf } from './site-subproblem.ts';

/**
 * Supply curves: in its first answer a site may send, beside its costs at the proposal (nothing), its
 * congestion cost at several loads, as a bid in a power market does. With them the coordinator knows
 * the site's cost between bounds without asking again:
 *
 *   g_t(N) = g_t(0) + Σ_k a_k N_k + φ(ℓ),   tangents ≤ φ ≤ chords through the points
 *
 * so one round can both find a plan and prove it.
 */
export interface SupplyCurve {
  /** φ at the loads asked for, AUD; zero at load zero. Length T·M. */
  costAud: Float64Array;
  /** φ' there, AUD per busy server. Length T·M. */
  marginalAud: Float64Array;
  /** φ'' there. Length T·M. */
  slopeAud: Float64Array;
}

/** A supply curve with the rest of a site's cost: all the coordinator needs of the site. */
export interface SupplyBid extends SupplyCurve {
  /** The loads asked for, busy servers, rising from 0 to the limit. Length T·M. */
  load: Float64Array;
  /** g_t(0), AUD. Length T. */
  baseAud: Float64Array;
  /** a_k, AUD per (req/s). Length T·K. */
  rateAud: Float64Array;
}

/** M, points of a curve: what they leave open falls with their square, and they travel once. */
const POINTS = 24;

/**
 * The loads to ask a site for, by slot: spaced by (1 − u)^1.5, u being the utilisation, so that the
 * chords of a queue's cost, whose second derivative grows with (1 − u)⁻³, all err alike.
 * Length T·M.
 */
export function supplyLoads(p: DispatchProblem, site: SiteCapability): Float64Array {
  const loads = new Float64Array(p.slotCount * POINTS);
  for (let t = 0; t < p.slotCount; t++) {
    const limit = site.maxLoad[t] as number;
    const fullest = Math.min(Math.max(limit / site.prior.servers, 0.01), 0.99);
    const last = (1 - fullest) ** -0.5;
    for (let m = 0; m < POINTS; m++) {
      const step = 1 + ((last - 1) * m) / (POINTS - 1);
      const share = m === POINTS - 1 ? 1 : (1 - step ** -2) / fullest;
      loads[t * POINTS + m] = share * limit;
    }
  }
  return loads;
}

/** What is wrong with a curve that answers `load`, or undefined. */
export function supplyFault(load: Float64Array, curve: SupplyCurve, T: number): string | undefined {
  for (const name of ['costAud', 'marginalAud', 'slopeAud'] as const) {
    const fault = figuresFault(`supply.${name}`, curve[name], load.length);
    if (fault !== undefined) return fault;
  }
  const M = load.length / T;
  for (let i = 0; i < load.length; i++) {
    if ((curve.slopeAud[i] as number) < 0) return `supply.slopeAud[${i}] is negative: not convex`;
    if (i % M === 0) continue;
    const width = (load[i] as number) - (load[i - 1] as number);
    const rise = (curve.costAud[i] as number) - (curve.costAud[i - 1] as number);
    const least = (curve.marginalAud[i - 1] as number) * width;
    const most = (curve.marginalAud[i] as number) * width;
    const rounding = 1e-9 * (Math.abs(rise) + Math.abs(least) + Math.abs(most)) + 1e-12;
    if (rise < least - rounding || rise > most + rounding) {
      return `supply.costAud[${i}] contradicts the marginal costs around it: not convex`;
    }
  }
  return undefined;
}

/** A site's bid, from its answer at a proposal of nothing. */
export function supplyBid(
  site: SiteCapability,
  load: Float64Array,
  atNothing: { costAud: Float64Array; marginalAud: Float64Array },
  curve: SupplyCurve,
): SupplyBid {
  const K = site.loadPerReqPerS.length;
  const M = load.length / atNothing.costAud.length;
  const rateAud = atNothing.marginalAud.map((marginal, i) => {
    const first = curve.marginalAud[Math.floor(i / K) * M] as number;
    return marginal - (site.loadPerReqPerS[i % K] as number) * first;
  });
  return { ...curve, load, baseAud: atNothing.costAud, rateAud };
}

/** The samples of a slot, as a learned curve takes them. */
export function supplySamples(curve: SupplyBid, t: number): CurveSample[] {
  const M = curve.load.length / curve.baseAud.length;
  const samples: CurveSample[] = [];
  for (let i = t * M; i < (t + 1) * M; i++) {
    const load = curve.load[i] as number;
    if (samples.length > 0 && load <= (samples.at(-1) as CurveSample).load) continue;
    samples.push({
      load,
      congestionAud: curve.marginalAud[i] as number,
      slopeAud: curve.slopeAud[i] as number,
    });
  }
  return samples;
}

/** The most the site can cost at totals N in slot t, AUD: its congestion by chords. */
export function mostCostAud(
  bid: SupplyBid,
  site: SiteCapability,
  totals: Float64Array,
  t: number,
): number {
  const K = site.loadPerReqPerS.length;
  const M = bid.load.length / bid.baseAud.length;
  let cost = bid.baseAud[t] as number;
  const load = loadOf(site.loadPerReqPerS, totals, t);
  for (let i = t * K; i < (t + 1) * K; i++) {
    cost += (bid.rateAud[i] as number) * (totals[i] as number);
  }
  let i = t * M + 1;
  while (i < (t + 1) * M - 1 && (bid.load[i] as number) < load) i++;
  const from = bid.load[i - 1] as number;
  const width = (bid.load[i] as number) - from;
  if (!(width > 0)) return cost;
  const low = bid.costAud[i - 1] as number;
  return cost + low + (((bid.costAud[i] as number) - low) * (load - from)) / width;
}

/**
 * The least that g_t(N) − p·N can be over the box, AUD: its congestion by tangents. The minimum of a
 * convex piecewise-linear function of the load lies where tangents meet, a class is full, or at an
 * end.
 */
export function leastBoundAud(
  bid: SupplyBid,
  site: SiteCapability,
  prices: Float64Array,
  box: Float64Array,
  t: number,
): number {
  const K = site.loadPerReqPerS.length;
  const M = bid.load.length / bid.baseAud.length;
  const limit = bid.load[(t + 1) * M - 1] as number;
  const gains = Array.from({ length: K }, (_, k) => {
    const at = t * K + k;
    const s = site.loadPerReqPerS[k] as number;
    const perLoad = ((prices[at] as number) - (bid.rateAud[at] as number)) / s;
    return { perLoad, full: s * (box[at] as number) };
  })
    .filter((g) => g.perLoad > 0)
    .sort((a, b) => b.perLoad - a.perLoad);
  const gainAt = (load: number) => {
    let left = load;
    let gain = 0;
    for (const g of gains) {
      const taken = Math.min(left, g.full);
      gain += taken * g.perLoad;
      left -= taken;
    }
    return gain;
  };
  const tangentsAt = (load: number) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = t * M; i < (t + 1) * M; i++) {
      const reach = load - (bid.load[i] as number);
      most = Math.max(most, (bid.costAud[i] as number) + (bid.marginalAud[i] as number) * reach);
    }
    return most;
  };
  const candidates = [0, limit];
  let filled = 0;
  for (const g of gains) {
    filled += g.full;
    candidates.push(Math.min(filled, limit));
  }
  const end = Math.min(filled, limit);
  for (let i = t * M + 1; i < (t + 1) * M; i++) {
    const change = (bid.marginalAud[i] as number) - (bid.marginalAud[i - 1] as number);
    if (!(change > 0)) continue;
    // Where the tangents of two neighbours meet.
    const meet =
      ((bid.costAud[i - 1] as number) -
        (bid.costAud[i] as number) +
        (bid.marginalAud[i] as number) * (bid.load[i] as number) -
        (bid.marginalAud[i - 1] as number) * (bid.load[i - 1] as number)) /
      change;
    candidates.push(Math.min(Math.max(meet, 0), limit));
  }
  let least = Number.POSITIVE_INFINITY;
  for (const load of candidates) {
    // Beyond what the classes can fill there is no load to serve.
    if (load > end + 1e-12 && load !== 0) continue;
    least = Math.min(least, tangentsAt(load) - gainAt(load));
  }
  return (bid.baseAud[t] as number) + least;
}
