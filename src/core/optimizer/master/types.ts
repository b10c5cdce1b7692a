import type { Curve } from '../prior-curve.ts';
import type { MasterLayout } from './program.ts';

/** The coordinator's model of a site in one slot, see index.ts. */
export interface SiteModel {
  /** a_k, AUD per (req/s). Length K. */
  offsetAud: Float64Array;
  /** Φ'; absent in classic rounds. */
  congestion?: Curve;
  /** q and b by class, length K each; present in classic rounds. */
  quadratic?: { weight: Float64Array; center: Float64Array };
}

/** All sites' models in slot t; made when its master is, since those of all slots take much memory. */
export type SlotModels = (t: number) => SiteModel[];

export interface MasterSolution {
  /** x, req/s. Length E. */
  flow: Float64Array;
  /** y, req/s. Length I·K. */
  unserved: Float64Array;
  /** n, req/s, index j·K + k. */
  totals: Float64Array;
  /** Marginal cost of the model, capacity rent included: index j·K + k, AUD per (req/s). */
  prices: Float64Array;
  /** Φ' + κ by site: what a busy server more would cost, AUD. */
  loadPrices: Float64Array;
  iterations: number;
  /** Complementarity and residuals left, relative to the objective's scale. */
  gap: number;
}

export interface MasterOptions {
  /** Gap to stop at: relative to the slot's own costs, and in AUD; both, where both are given. */
  tolerance: number;
  toleranceAud?: number;
  maxIterations: number;
  /**
   * Prices the solution is expected near (index j·K + k, as in the solution): the start, and which
   * edges are tried first. Wrong ones cost iterations only.
   */
  guess?: Float64Array;
  /** Flow the solution is expected near, req/s: edges it uses are tried too. Length E. */
  expectedFlow?: Float64Array;
  /** See {@link masterLayout}; found anew if absent. */
  layout?: MasterLayout;
}
