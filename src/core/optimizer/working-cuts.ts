import { type Cut, cutBytes } from './cut.ts';
import type { ConsensusState } from './state.ts';

/** Cuts kept after a master: of all sites together, in bytes of each site's state, and of each at least. */
const MOST_CUTS = 1200;
const MOST_CUT_BYTES = 1e6;
const LEAST_CUTS = 8;

/** The cuts masters see. */
export function cutsOf(state: ConsensusState): Cut[][] {
  return state.sites.map((site) => (site.excluded ? [] : site.cuts));
}

/**
 * Keeps of each site the cuts that count in the master's price, as many as the masters have room for;
 * those of the latest answer have not been tried yet and stay in any case.
 */
export function keepWorkingCuts(state: ConsensusState, weights: Float64Array[]): void {
  const coupled = state.sites.filter((site) => site.cuts.length > 0).length;
  const most = Math.max(LEAST_CUTS, Math.floor(MOST_CUTS / Math.max(1, coupled)));
  state.sites.forEach((site, j) => {
    const bytes = site.cuts[0] ? cutBytes(site.cuts[0]) : 1;
    const room = Math.max(LEAST_CUTS, Math.floor(MOST_CUT_BYTES / bytes));
    if (site.cuts.length <= Math.min(most, room) || weights[j]?.length !== site.cuts.length) return;
    const ranked = site.cuts.map((cut, i) => ({ cut, weight: weights[j]?.[i] as number }));
    site.cuts = ranked
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, Math.min(most, room))
      .map(({ cut }) => cut);
  });
}
