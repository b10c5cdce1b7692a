import type { Lateness } from '../model/lateness.ts';
import type { Queue } from '../model/queueing.ts';
import type { Cut } from './cut.ts';
import { impactsAt, type SiteImpacts } from './impacts.ts';
import { couple } from './site-plant/couple.ts';
import type { SitePlant } from './site-plant/plant.ts';
import {
  congestion,
  congestionCost,
  congestionSlope,
  evaluateSlot,
  proximalSlot,
  slotBound,
} from './site-slot.ts';
import type { SupplyCurve } from './supply-curve.ts';

export { loadOf } from './site-slot.ts';

/**
 * A site's private cost, per slot t and totals N (req/s by class):
 *
 *   g_t(N) = b_t + Σ_k a_tk N_k + φ_t(ℓ),   φ_t(ℓ) = w_t · Lq(u) + F(u),   u = ℓ / servers
 *   ℓ = Σ_k s_k N_k ≤ L_t
 *
 * b: what it costs to stand there; a: energy, carbon and water at this slot's prices; Lq: waiting
 * requests (queueing.ts); F: price of late ones (lateness.ts). Convex for every sign of a, so negative
 * prices need no special care.
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
  /**
   * What no request takes, and what each adds, all of it from the grid; absent where the site keeps that
   * to itself.
   */
  impacts?: SiteImpacts;
  /** What couples the slots; absent where nothing does. */
  plant?: SitePlant;
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
  /** Limits below the site's own, busy servers; the lesser holds. Length T. */
  maxLoad?: Float64Array;
  /** Whether carbon, water and energy are asked for, too. */
  impacts?: true;
  /** Loads at which a supply curve is asked for, busy servers. Length T·M. */
  supplyLoad?: Float64Array;
  /** Classic rounds only: penalty ρ (length T·K) and centre z − u of the proximal step. */
  proximal?: { penalty: Float64Array; center: Float64Array };
}

/**
 * What a site answers: figures at the proposal, never its parameters. For a site with a plant the
 * whole cost is g(N) = Σ_t g_t(N_t) + c(N), and cost, marginal cost and slope are those of the sum.
 */
export interface SiteAnswer {
  round: number;
  /** g_t(z). Length T. */
  costAud: Float64Array;
  /** ∂g_t/∂N_k at z. Length T·K. */
  marginalAud: Float64Array;
  /** Second derivative of g_t by load at z, ≥ 0. Length T. */
  slopeAud: Float64Array;
  /**
   * min over the box of g_t(N) − p·N: the site's part of the certificate. Length T. With a plant
   * its sum is at most the minimum of the whole cost, and only the sum has a meaning.
   */
  boundAud: Float64Array;
  /** At z. Present when asked for, as far as the site does not keep them to itself. */
  impacts?: SiteImpacts;
  /** c: present from sites with a plant. */
  coupling?: SiteCoupling;
  /** Present when asked for. */
  supply?: SupplyCurve;
  /** argmin Σ g_t(N_t) + Σ ρ/2 (N − centre)², c left to its cuts: present when asked for. Length T·K. */
  proximal?: Float64Array;
}

/** c(N): what a plant adds to the separable cost, convex, and of either sign. */
export interface SiteCoupling {
  /**
   * Bounds below c. The first touches c at the proposal, with the first piece of every slot; a second,
   * where it differs, at the minimiser of the bound. So that no cost is ever told too low, the first
   * is raised to the cost of an operation found: by what the solver leaves between the two, usually
   * under 1e-9 of the plant's cost.
   */
  cuts: Cut[];
  /** What of the proposal the site cannot serve within its limits, req/s. Length T·K. Its price is in c. */
  shedReqPerS: Float64Array;
}

/** Answers one round. Pure: same problem and query, same answer. */
export function answerQuery(whole: SiteProblem, query: SiteQuery): SiteAnswer {
  const { maxLoad } = query;
  const site = maxLoad
    ? { ...whole, maxLoad: whole.maxLoad.map((most, t) => Math.min(most, maxLoad[t] as number)) }
    : whole;
  const answer: SiteAnswer = {
    round: query.round,
    costAud: new Float64Array(site.slotCount),
    marginalAud: new Float64Array(site.slotCount * site.classCount),
    slopeAud: new Float64Array(site.slotCount),
    boundAud: new Float64Array(site.slotCount),
  };
  if (query.impacts && site.impacts && !site.plant) {
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
  if (site.plant) couple(site, site.plant, query, answer);
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
