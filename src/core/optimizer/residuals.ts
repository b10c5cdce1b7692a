import type { SiteAnswer } from './site-subproblem.ts';
import type { ConsensusState } from './state.ts';

/**
 * How far a round left the consensus from rest, both relative and dimensionless.
 *
 * Classic rounds: ‖N − z‖ over max(‖N‖, ‖z‖), N the proximal points and z the proposal they answer;
 * ‖ρ (z⁺ − z)‖ over ‖ρ u‖ (Boyd et al. 2011, §3.3, with the scales of its stopping rule). Rounds
 * without a proximal step: ‖z⁺ − z‖ over ‖z⁺‖, and ‖p⁺ − p‖ over ‖p⁺‖.
 */
export interface Residuals {
  primalResidual: number;
  dualResidual: number;
  /** Median ρ, AUD per (req/s)²; of classic rounds. */
  penalty?: number;
}

/** What a round's proposal was, to be compared with the next one's. */
export interface Proposal {
  totals: Float64Array[];
  prices: Float64Array[];
}

export function proposalOf(state: ConsensusState): Proposal {
  return {
    totals: state.sites.map((s) => s.totals.slice()),
    prices: state.sites.map((s) => s.prices.slice()),
  };
}

/** @param answers of the round, at the proposal `before`; `state` holds the next one. */
export function residuals(
  before: Proposal,
  answers: (SiteAnswer | undefined)[],
  state: ConsensusState,
): Residuals {
  const sums = { primal: 0, dual: 0, primalScale: 0, dualScale: 0, answered: 0 };
  const penalties: number[] = [];
  const classic = answers.some((a) => a?.proximal !== undefined);
  state.sites.forEach((site, j) => {
    const z = before.totals[j] as Float64Array;
    const p = before.prices[j] as Float64Array;
    const proximal = answers[j]?.proximal;
    for (let i = 0; i < z.length; i++) {
      const move = (site.totals[i] as number) - (z[i] as number);
      if (!classic) {
        sums.primal += move ** 2;
        sums.primalScale += (site.totals[i] as number) ** 2;
        sums.dual += ((site.prices[i] as number) - (p[i] as number)) ** 2;
        sums.dualScale += (site.prices[i] as number) ** 2;
        continue;
      }
      if (!proximal) continue;
      const rho = site.penalty[i] as number;
      penalties.push(rho);
      sums.primal += ((proximal[i] as number) - (z[i] as number)) ** 2;
      sums.primalScale += (z[i] as number) ** 2;
      sums.answered += (proximal[i] as number) ** 2;
      sums.dual += (rho * move) ** 2;
      sums.dualScale += (rho * (site.dual[i] as number)) ** 2;
    }
  });
  const relative = (size: number, scale: number) => (size > 0 ? Math.sqrt(size / scale) : 0);
  const result: Residuals = {
    primalResidual: relative(sums.primal, Math.max(sums.primalScale, sums.answered, 1e-300)),
    dualResidual: relative(sums.dual, Math.max(sums.dualScale, 1e-300)),
  };
  if (penalties.length > 0) {
    penalties.sort((a, b) => a - b);
    result.penalty = penalties[Math.floor(penalties.length / 2)] as number;
  }
  return result;
}
