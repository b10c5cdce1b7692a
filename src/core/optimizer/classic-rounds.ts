import { firstPieces } from './cut.ts';
import type { SlotModels } from './master/index.ts';
import type { DispatchProblem } from './problem.ts';
import type { Settings } from './settings.ts';
import type { SiteAnswer } from './site-subproblem.ts';
import type { ConsensusState, SiteState } from './state.ts';

/**
 * Classic rounds: two-block ADMM on site totals (Boyd, Parikh, Chu, Peleato, Eckstein 2011,
 * "Distributed Optimization and Statistical Learning via the Alternating Direction Method of
 * Multipliers", §3 and §7). The reference the learned rounds are tested against, and their fallback.
 * Consensus is on the separable cost of sites; what joins a site's slots is in the master, by its cuts,
 * as in learned rounds.
 */

/** Step of the classic rounds: ρ in units of spread over reach; 1 to 5 do about as well. */
const PENALTY = 3;

/**
 * ρ by site, slot and class, once: the spread of the sites' marginal costs over what the site could
 * serve of the class, so that a step of the size of a site is worth a typical difference in cost.
 * u starts where the sites' own marginal costs say. False while some site has not answered yet.
 */
export function setPenalties(p: DispatchProblem, state: ConsensusState): boolean {
  const active = state.sites.flatMap((site, j) =>
    site.excluded ? [] : [{ site, j, marginalAud: separableAud(site) }],
  );
  if (active.every(({ site }) => site.penalty.some((rho) => rho > 0))) return true;
  if (active.some(({ site }) => site.curves.some((c) => !c.anchored))) return false;
  const K = p.classCount;
  for (let t = 0; t < p.slotCount; t++) {
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const marginals = active.map((of) => of.marginalAud[at] as number);
      const mean = marginals.reduce((a, b) => a + b, 0) / marginals.length;
      const variance = marginals.reduce((a, m) => a + (m - mean) ** 2, 0) / marginals.length;
      const spread = Math.max(Math.sqrt(variance), 1e-3 * Math.abs(mean), 1e-12);
      for (const { site, j, marginalAud } of active) {
        const { maxLoad, loadPerReqPerS } = p.sites[j] as DispatchProblem['sites'][number];
        const reach = (maxLoad[t] as number) / (loadPerReqPerS[k] as number);
        const rho = (PENALTY * spread) / Math.max(reach, 1e-9);
        site.penalty[at] = rho;
        site.dual[at] = -(marginalAud[at] as number) / rho;
        site.proximal[at] = site.totals[at] as number;
      }
    }
  }
  return true;
}

/** ∂g_t/∂N_k of the last answer by slot and class, without c. */
function separableAud(site: SiteState): Float64Array {
  const [touching] = site.latestCuts;
  if (!touching) return site.marginalAud;
  const coupled = firstPieces(touching, site.totals).marginalAud;
  return site.marginalAud.map((m, at) => m - (coupled[at] as number));
}

/** The quadratics of two-block ADMM around the sites' over-relaxed proximal points. */
export function classicModels(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): SlotModels {
  const K = p.classCount;
  adaptPenalties(p, state, answers);
  const centers = state.sites.map((site, j) => {
    const proximal = answers[j]?.proximal ?? site.proximal;
    site.proximal.set(proximal);
    return proximal.map((n, i) => {
      const z = site.totals[i] as number;
      return settings.relaxation * n + (1 - settings.relaxation) * z + (site.dual[i] as number);
    });
  });
  return (t) =>
    state.sites.map((site, j) => ({
      offsetAud: new Float64Array(K),
      quadratic: {
        weight: site.penalty.subarray(t * K, (t + 1) * K),
        center: (centers[j] as Float64Array).subarray(t * K, (t + 1) * K),
      },
    }));
}

/** Ratio of the residuals from which ρ moves towards it. */
const BAND = 3;
/** Cosine above which a slot drifts. */
const DRIFT = 0.99;
/** What every round leaves of ρ's adaptation: changed for ever, ρ keeps residuals from vanishing. */
const FADING = 0.95;
/** The round after the first that can have a proximal step. */
const FIRST_ADAPTED = 3;

/**
 * Adapts ρ by slot. Residual balancing (Boyd et al. 2011, §3.4.1): where primal and dual residual, each
 * relative to its own scale, differ more than threefold, ρ moves towards their ratio. Both may be small
 * and of a size while costs differ by little: sites then move round after round the way they are pulled.
 * Such a drift halves ρ.
 */
function adaptPenalties(
  p: DispatchProblem,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): void {
  const K = p.classCount;
  const left = FADING ** (state.round - FIRST_ADAPTED);
  for (let t = 0; t < p.slotCount; t++) {
    const progress = slotProgress(state, answers, t * K, (t + 1) * K);
    if (!progress) continue;
    const { ratio, cosine } = progress;
    const drifts = cosine > DRIFT;
    if (!drifts && ratio < BAND / left && ratio > left / BAND) continue;
    const factor = drifts ? 1 / (1 + left) : Math.min(4, Math.max(0.25, Math.sqrt(ratio)));
    for (const site of state.sites) {
      for (let i = t * K; i < (t + 1) * K; i++) {
        site.penalty[i] = (site.penalty[i] as number) * factor;
        site.dual[i] = (site.dual[i] as number) / factor;
      }
    }
  }
}

/**
 * Primal over dual residual of a slot, each relative to its own scale, and the cosine between how the
 * proximal points moved and where they are from the proposal; undefined where nothing moves.
 * @param from first total of the slot, and `to` the first of the next
 */
function slotProgress(
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
  from: number,
  to: number,
): { ratio: number; cosine: number } | undefined {
  const sums = { primal: 0, dual: 0, totals: 0, prices: 0, along: 0, moved: 0, apart: 0 };
  state.sites.forEach((site, j) => {
    const answer = answers[j]?.proximal;
    if (!answer) return;
    for (let i = from; i < to; i++) {
      const z = site.totals[i] as number;
      const rho = site.penalty[i] as number;
      const apart = (answer[i] as number) - z;
      const moved = (answer[i] as number) - (site.proximal[i] as number);
      sums.primal += apart ** 2;
      sums.dual += (rho * moved) ** 2;
      sums.totals += z * z;
      sums.prices += (rho * (site.dual[i] as number)) ** 2;
      sums.along += rho * moved * apart;
      sums.moved += rho * moved ** 2;
      sums.apart += rho * apart ** 2;
    }
  });
  if (sums.primal === 0 || sums.dual === 0) return undefined;
  const relative = (sum: number, scale: number) => Math.sqrt(sum / Math.max(scale, 1e-300));
  return {
    ratio: relative(sums.primal, sums.totals) / relative(sums.dual, sums.prices),
    cosine: sums.along / Math.sqrt(sums.moved * sums.apart),
  };
}
