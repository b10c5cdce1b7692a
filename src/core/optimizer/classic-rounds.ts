import type { SlotModels } from './master/index.ts';
import type { DispatchProblem } from './problem.ts';
import type { Settings } from './settings.ts';
import type { SiteAnswer } from './site-subproblem.ts';
import type { ConsensusState } from './state.ts';

/**
 * Classic rounds: two-block ADMM on site totals (Boyd, Parikh, Chu, Peleato, Eckstein 2011,
 * "Distributed Optimization and Statistical Learning via the Alternating Direction Method of
 * Multipliers", §3 and §7). The reference the learned rounds are tested against, and their fallback.
 */

/** Step of the classic rounds: ρ in units of spread over reach; 1 to 5 do about as well. */
const PENALTY = 3;

/**
 * ρ by site, slot and class, once: the spread of the sites' marginal costs over what the site could
 * serve of the class, so that a step of the size of a site is worth a typical difference in cost.
 * u starts where the sites' own marginal costs say. False while some site has not answered yet.
 */
export function setPenalties(p: DispatchProblem, state: ConsensusState): boolean {
  const active = state.sites.flatMap((site, j) => (site.excluded ? [] : [{ site, j }]));
  if (active.every(({ site }) => site.penalty.some((rho) => rho > 0))) return true;
  if (active.some(({ site }) => site.curves.some((c) => !c.anchored))) return false;
  const K = p.classCount;
  for (let t = 0; t < p.slotCount; t++) {
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const marginals = active.map(({ site }) => site.marginalAud[at] as number);
      const mean = marginals.reduce((a, b) => a + b, 0) / marginals.length;
      const variance = marginals.reduce((a, m) => a + (m - mean) ** 2, 0) / marginals.length;
      const spread = Math.max(Math.sqrt(variance), 1e-3 * Math.abs(mean), 1e-12);
      for (const { site, j } of active) {
        const { maxLoad, loadPerReqPerS } = p.sites[j] as DispatchProblem['sites'][number];
        const reach = (maxLoad[t] as number) / (loadPerReqPerS[k] as number);
        const rho = (PENALTY * spread) / Math.max(reach, 1e-9);
        site.penalty[at] = rho;
        site.dual[at] = -(site.marginalAud[at] as number) / rho;
        site.proximal[at] = site.totals[at] as number;
      }
    }
  }
  return true;
}

/** The quadratics of two-block ADMM around the sites' over-relaxed proximal points. */
export function classicModels(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): SlotModels {
  const K = p.classCount;
  balancePenalties(p, state, answers);
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

/**
 * Residual balancing by slot (Boyd et al. 2011, §3.4.1): where primal and dual residual, each
 * relative to its own scale, differ more than threefold, ρ moves towards their ratio.
 */
function balancePenalties(
  p: DispatchProblem,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): void {
  const K = p.classCount;
  for (let t = 0; t < p.slotCount; t++) {
    let primal = 0;
    let dual = 0;
    let totalSize = 0;
    let priceSize = 0;
    state.sites.forEach((site, j) => {
      const answer = answers[j]?.proximal;
      if (!answer) return;
      for (let i = t * K; i < (t + 1) * K; i++) {
        const z = site.totals[i] as number;
        const rho = site.penalty[i] as number;
        primal += ((answer[i] as number) - z) ** 2;
        dual += (rho * ((answer[i] as number) - (site.proximal[i] as number))) ** 2;
        totalSize += z * z;
        priceSize += (rho * (site.dual[i] as number)) ** 2;
      }
    });
    if (primal === 0 || dual === 0) continue;
    const ratio =
      Math.sqrt(primal / Math.max(totalSize, 1e-300)) /
      Math.sqrt(dual / Math.max(priceSize, 1e-300));
    if (ratio < 3 && ratio > 1 / 3) continue;
    const factor = Math.min(4, Math.max(0.25, Math.sqrt(ratio)));
    for (const site of state.sites) {
      for (let i = t * K; i < (t + 1) * K; i++) {
        site.penalty[i] = (site.penalty[i] as number) * factor;
        site.dual[i] = (site.dual[i] as number) / factor;
      }
    }
  }
}
