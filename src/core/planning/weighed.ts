import type { ObjectivePrices } from '../model/fleet.ts';
import { resourceAud } from '../model/objective.ts';
import type { Figures } from './charge.ts';

/** The prices that may be tried. */
export type TriedPrices = Pick<
  ObjectivePrices,
  'carbonAudPerT' | 'waterAudPerKl' | 'timeAudPerUserHour'
>;

const MS_PER_S = 1000;

/** Energy, carbon, water and waiting of a slot's requests as one sum, AUD/h; null where the first is not told. */
export function weighedAud(of: Figures, prices: TriedPrices): number | null {
  if (of.costAudPerH === null) return null;
  // Requests an hour times hours each waits: the seconds of both cancel.
  const userHoursPerH = (of.reqPerS * (of.ttftMs ?? 0)) / MS_PER_S;
  return (
    of.costAudPerH +
    resourceAud(prices, of.carbonKgPerH, of.waterLPerH) +
    prices.timeAudPerUserHour * userHoursPerH
  );
}
