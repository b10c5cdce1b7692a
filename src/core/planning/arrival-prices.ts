import type { PublicFleet } from '../model/fleet.ts';
import type { RowImpacts } from '../optimizer/impacts.ts';
import type { Horizon } from './assemble.ts';
import { lastSlotOf } from './waiting-work.ts';

/** Marginal prices by slot, AUD per (req/s) and slot by row, and their carbon and water. */
interface Marginals {
  rowPrices: Float64Array[];
  rowImpacts?: RowImpacts[];
}

/**
 * What one request more would cost that comes in a slot, from what one more would cost that is served
 * in it: work that may wait has the cheapest slot of its window.
 */
export function arrivalPrices(
  fleet: PublicFleet,
  horizon: Horizon,
  { rowPrices, rowImpacts }: Marginals,
): Marginals {
  const K = fleet.classes.length;
  const slotFor = (t: number, r: number) => {
    const { maxDelayHours } = fleet.classes[r % K] as PublicFleet['classes'][number];
    if (maxDelayHours === undefined) return t;
    let best = t;
    const last = lastSlotOf(horizon, t, maxDelayHours);
    for (let s = t + 1; s <= last; s++) {
      if ((rowPrices[s]?.[r] as number) < (rowPrices[best]?.[r] as number)) best = s;
    }
    return best;
  };
  const taken = (of: (t: number) => Float64Array, t: number) =>
    of(t).map((_, r) => of(slotFor(t, r))[r] as number);
  return {
    rowPrices: rowPrices.map((_, t) => taken((s) => rowPrices[s] as Float64Array, t)),
    ...(rowImpacts && {
      rowImpacts: rowImpacts.map((_, t) => ({
        carbonKg: taken((s) => (rowImpacts[s] as RowImpacts).carbonKg, t),
        waterL: taken((s) => (rowImpacts[s] as RowImpacts).waterL, t),
      })),
    }),
  };
}
