import type { ObjectivePrices } from './fleet.ts';
import { KG_PER_TONNE, L_PER_KL } from './units.ts';

/** Everything a plan is judged by, over some span. */
export interface Impacts {
  energyAud: number;
  carbonKg: number;
  waterL: number;
  /** Users' time from request to first token, in hours. */
  userHours: number;
  unservedRequests: number;
  /** Of lateness.ts, at their price. */
  lateAud: number;
}

/**
 * The objective in AUD: money + p_CO2 · carbon + p_H2O · water + value of time · TTFT, plus demand
 * left unserved and requests late at theirs. One sum, so every weight is a price with a unit.
 */
export function objectiveAud(prices: ObjectivePrices, i: Impacts): number {
  return (
    i.energyAud +
    resourceAud(prices, i.carbonKg, i.waterL) +
    i.userHours * prices.timeAudPerUserHour +
    i.unservedRequests * prices.unservedAudPerRequest +
    i.lateAud
  );
}

/** Carbon and water in AUD. */
export function resourceAud(
  prices: Pick<ObjectivePrices, 'carbonAudPerT' | 'waterAudPerKl'>,
  carbonKg: number,
  waterL: number,
): number {
  return (
    (carbonKg / KG_PER_TONNE) * prices.carbonAudPerT + (waterL / L_PER_KL) * prices.waterAudPerKl
  );
}
