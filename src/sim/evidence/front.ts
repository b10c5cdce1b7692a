import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { added } from '../../core/planning/span-sums.ts';
import { type PolicyRun, runWorld, type StudySettings, type World } from './study.ts';
import { withPrices } from './variations.ts';

/** Prices of carbon that the front is drawn through, AUD/t. */
const PRICES = [0, 25, 75, 150, 300, 600, 1200, 2400];

/** A policy by what it emits and what all else costs, at the registry's prices. */
export interface FrontPoint {
  name: string;
  /** On the front: the price of carbon it was planned at. */
  carbonAudPerT?: number;
  carbonKg: number;
  /** Energy, water and time, AUD. */
  otherAud: number;
  energyCostAud: number;
  coolingKwh: number;
}

/**
 * Optima at many prices of carbon. No plan of these days has both less carbon and less other cost than a
 * point, within the certified gap: each minimizes a weighted sum of the two.
 * @param others runs of the same days beside the front
 */
export function front(
  world: World,
  days: readonly number[],
  others: readonly PolicyRun[],
  settings: StudySettings,
): FrontPoint[] {
  const { carbonAudPerT: own } = world.fleet.prices;
  const point = (name: string, run: PolicyRun, carbonPrice: number): FrontPoint => {
    const sums = added(run.days);
    return {
      name,
      carbonKg: sums.carbonKg,
      otherAud: sums.objectiveAud - (sums.carbonKg / 1000) * carbonPrice,
      energyCostAud: sums.energyCostAud,
      coolingKwh: sums.coolingKwh,
    };
  };
  const optima = PRICES.map((carbonAudPerT) => {
    const there = withPrices(world, { carbonAudPerT });
    const label = `front, ${carbonAudPerT} AUD/t`;
    const [run] = runWorld(there, [isotherm], days, settings, label);
    const name = `${carbonAudPerT} AUD/t`;
    return { ...point(name, run as PolicyRun, carbonAudPerT), carbonAudPerT };
  });
  return [...optima, ...others.map((run) => point(run.policy, run, own))];
}
