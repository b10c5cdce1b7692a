import { ppue } from '../model/cooling/index.ts';
import type { Site } from '../model/fleet.ts';
import type { MeasuredPower } from '../model/plant-state.ts';
import { airOf } from '../model/weather.ts';
import { boundedTimes, PRIOR_REPORTS, withReport } from './meters.ts';

/**
 * What a site's meters say of its cooling: how many times the overhead over IT power that its cooling
 * model has for the same air. Reports count half after a week. Plain data, to be stored as it is.
 */
export interface CoolingState {
  version: 1;
  /** The cooling and fixed load of the registry that reports were held against. */
  model: string;
  /** Of the last report taken in. */
  utcMs: number;
  reports: number;
  /** Σ of measured × modelled overhead, and of modelled², kW². */
  product: number;
  square: number;
}

const modelOf = ({ cost }: Site) => JSON.stringify([cost.cooling, cost.fixedOverheadKw]);

/** The state after a report; one that is not newer than the last says nothing. Another model begins anew. */
export function takePower(
  state: CoolingState | undefined,
  site: Site,
  utcMs: number,
  power: MeasuredPower,
): CoolingState | undefined {
  const before = state?.model === modelOf(site) ? state : undefined;
  if (before && utcMs <= before.utcMs) return before;
  const { itKw, facilityKw, tempC, rhPct } = power;
  const modelled = ppue(site.cost.cooling, airOf(tempC, rhPct)) - 1;
  if (!(modelled > 0)) return before;
  const measured = (facilityKw - site.cost.fixedOverheadKw - itKw) / itKw;
  const told = boundedTimes(measured / modelled) * modelled;
  return {
    version: 1,
    model: modelOf(site),
    utcMs,
    ...withReport(before, utcMs, {
      reports: 1,
      product: told * modelled * itKw ** 2,
      square: (modelled * itKw) ** 2,
    }),
  };
}

/**
 * Overhead over that of the model: 1 as so many reports' worth, and what was measured, a least-squares
 * slope through nothing, so that hot and busy hours with much to cool count for more.
 */
export function coolingTimes(state: CoolingState | undefined, site: Site): number {
  if (state?.model !== modelOf(site) || !(state.square > 0)) return 1;
  const { reports, product, square } = state;
  const times = (PRIOR_REPORTS + (reports * product) / square) / (PRIOR_REPORTS + reports);
  return boundedTimes(times);
}
