import type { InteriorPoint } from './interior-point.ts';

/** Where masters start and stop, of one slot (index.ts) and of a horizon (../horizon/index.ts). */

/**
 * Complementarity to start at, over the objective. From less the iteration needs more steps, even
 * where the prices are nearly right: it has to come back to the central path first.
 */
export const START_GAP = 1;
/** Gap at which prices are good enough to look for edges missing from the working set. */
export const PRICING_GAP = 1e-2;
/** What the edges left aside may gain, over the tolerance. */
export const PRICING_SLACK = 2;
/** Relative gap that is always enough. */
const LEAST_TOLERANCE = 1e-9;

/** What the options ask for, over the objective's scale. */
export function relativeTolerance(
  {
    tolerance,
    toleranceAud = Number.POSITIVE_INFINITY,
  }: { tolerance: number; toleranceAud?: number },
  { measure }: InteriorPoint,
): number {
  return Math.min(tolerance, Math.max(toleranceAud / measure.scale, LEAST_TOLERANCE));
}
