import type { SiteModel } from './master/index.ts';
import type { DispatchProblem, SiteCapability } from './problem.ts';
import { loadOf } from './site-subproblem.ts';
import type { ConsensusState, SiteState } from './state.ts';

/**
 * Coupled sites are modelled by planes, and a master of planes jumps from one corner to another. After
 * a few rounds it is held near the best plan so far by ρ/2 (ℓ − ℓ̂)² on every such site's load, as in
 * proximal bundle methods (Kiwiel 1990). Bounds stay valid whatever the prices this gives.
 */
const FREE_ROUNDS = 3;
/** ρ over the site's marginal cost per busy server and limit: a step of a site's size costs this share more. */
const STRENGTH = 0.4;

/** The models of slot t, those of coupled sites with the term. */
export function heldNearBest(
  p: DispatchProblem,
  state: ConsensusState,
  models: SiteModel[],
  t: number,
): SiteModel[] {
  if (state.round <= FREE_ROUNDS) return models;
  return models.map((model, j) => {
    const site = state.sites[j] as SiteState;
    const { congestion } = model;
    if (!congestion || site.cuts.length === 0 || !site.bestTotals) return model;
    const capability = p.sites[j] as SiteCapability;
    const center = loadOf(capability.loadPerReqPerS, site.bestTotals, t);
    const rho = stiffness(capability, site, t);
    return {
      ...model,
      congestion: {
        at(load, out) {
          congestion.at(load, out);
          out.value += rho * (load - center);
          out.slope += rho;
        },
      },
    };
  });
}

/** ρ, AUD per busy server squared. */
function stiffness(capability: SiteCapability, site: SiteState, t: number): number {
  const { loadPerReqPerS, maxLoad } = capability;
  const K = loadPerReqPerS.length;
  let perServerAud = 0;
  loadPerReqPerS.forEach((s, k) => {
    perServerAud += Math.abs(site.marginalAud[t * K + k] as number) / s / K;
  });
  return (STRENGTH * perServerAud) / Math.max(maxLoad[t] as number, 1e-9);
}
