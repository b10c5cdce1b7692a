import type { PlanningInputs, SiteSeries } from '../../core/planning/inputs.ts';
import { randomOf } from '../events/random.ts';
import type { World } from './study.ts';

/** How long an error of a temperature forecast lasts: what is left of it an hour later. */
const PERSISTENCE = 0.95;

/** Mean absolute value of a normal number over its standard deviation. */
const MAE_PER_SD = Math.sqrt(2 / Math.PI);

/**
 * Temperatures wrong by a wandering error of this mean size, in each city its own: a first-order
 * autoregression, since forecasts miss by spells, not by hours. Dry bulb only.
 */
export function withTemperatureError(world: World, maeC: number, seed: number): World {
  const { inputs } = world;
  const sdC = maeC / MAE_PER_SD;
  const sites = inputs.sites.map((series, j) => {
    const random = randomOf(seed, `temperature ${world.fleet.sites[j]?.id}`);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    let errorC = sdC * normal();
    const tempC = series.tempC.map((c) => {
      const seen = Math.min(60, Math.max(-60, c + errorC));
      errorC = PERSISTENCE * errorC + Math.sqrt(1 - PERSISTENCE ** 2) * sdC * normal();
      return seen;
    });
    return { ...series, tempC };
  });
  return { ...world, believed: { ...inputs, sites } };
}

type Hourly = 'tempC' | 'rhPct' | 'spotAudPerMwh' | 'carbonKgPerKwh';

/** Of some series, each hour as it was a day before: what anyone knows without a forecast. */
export function withYesterdays(world: World, names: readonly Hourly[]): World {
  const { inputs } = world;
  const day = Math.round(24 / inputs.slotHours);
  const sites = inputs.sites.map((series): SiteSeries => {
    const changed: Partial<Record<Hourly, Float64Array>> = {};
    for (const name of names) {
      const values = series[name];
      changed[name] = values.map((v, t) => (t < day ? v : (values[t - day] as number)));
    }
    return { ...series, ...changed };
  });
  return { ...world, believed: { ...inputs, sites } satisfies PlanningInputs };
}
