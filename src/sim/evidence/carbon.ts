import { readdirSync } from 'node:fs';
import type { Site } from '../../core/model/fleet.ts';
import { type PlanningInputs, slotUtcMs } from '../../core/planning/inputs.ts';
import { embeddedCarbon, hasGridRegion } from '../../feeds/embedded/grid.ts';
import { csvRegion, MARGINAL_CARBON, readRegions } from '../region-series.ts';
import type { World } from './study.ts';

/** The same world with another carbon intensity of every site, kg CO2e/kWh by hour. */
function withCarbon(
  world: World,
  of: (series: PlanningInputs['sites'][number], site: Site, index: number) => Float64Array,
): World {
  const { fleet, inputs } = world;
  const sites = inputs.sites.map((series, j) => ({
    ...series,
    carbonKgPerKwh: of(series, fleet.sites[j] as Site, j),
  }));
  return { ...world, inputs: { ...inputs, sites } };
}

/** Carbon as the package embeds it (direct mean hours, scope 2 means) in place of the series. */
export function withEmbeddedCarbon(world: World): World {
  return withCarbon(world, (series, site) => embeddedHours(world, series, site));
}

/** The series' hours at the level of what the package embeds: scope changed, and nothing else. */
export function withEmbeddedLevel(world: World): World {
  return withCarbon(world, (series, site) => {
    const own = mean(series.carbonKgPerKwh);
    if (own === 0) return series.carbonKgPerKwh;
    const factor = mean(embeddedHours(world, series, site)) / own;
    return series.carbonKgPerKwh.map((v) => v * factor);
  });
}

function embeddedHours(
  { inputs }: World,
  { carbonKgPerKwh }: PlanningInputs['sites'][number],
  { gridRegion }: Site,
): Float64Array {
  if (!hasGridRegion(gridRegion)) return carbonKgPerKwh;
  return carbonKgPerKwh.map((_, t) => {
    return embeddedCarbon(gridRegion, slotUtcMs(inputs, t)).carbonKgPerKwh;
  });
}

/**
 * One intensity for all sites, each hour's mean over them: what holds between regions that share the
 * plant that meets one kWh more. Then place changes carbon by the energy it takes, and by nothing else.
 */
export function withCarbonAlike(world: World): World {
  const { sites, slotCount } = world.inputs;
  const alike = Float64Array.from({ length: slotCount }, (_, t) =>
    mean(sites.map((s) => s.carbonKgPerKwh[t] as number)),
  );
  return withCarbon(world, () => alike);
}

/** The folder's marginal intensities; undefined where it has none. */
export function withMarginalCarbon(world: World): World | undefined {
  const { marginalKgPerKwh } = world;
  return (
    marginalKgPerKwh &&
    withCarbon(world, (series, _, j) => marginalKgPerKwh[j] ?? series.carbonKgPerKwh)
  );
}

/** What emits otherwise than policies believe, who go by what the world has. */
export function unknownTo(
  world: World,
  change: (w: World) => World | undefined,
): World | undefined {
  const { inputs } = world;
  const truth = change(world);
  return truth && { ...truth, believed: { ...inputs, ...truth.believed } };
}

/**
 * Marginal intensities of a folder by site, kg CO2e/kWh; where an hour lacks one the average stands, and
 * undefined for a site whose region has none at all.
 */
export function readMarginalCarbon(
  dir: string,
  { fleet, inputs }: Pick<World, 'fleet' | 'inputs'>,
): { marginalKgPerKwh?: (Float64Array | undefined)[]; notes: string[] } {
  const { startUtcMs, slotCount: hours } = inputs;
  const files = readdirSync(dir).sort();
  const grams = readRegions(dir, files, MARGINAL_CARBON, fleet, { startUtcMs, hours });
  if (grams.size === 0) return { notes: [] };
  const notes: string[] = [];
  const marginalKgPerKwh = inputs.sites.map((series, j) => {
    const site = fleet.sites[j] as Site;
    const own = grams.get(csvRegion(site));
    const missing = own ? own.filter(Number.isNaN).length : hours;
    if (missing > 0) {
      notes.push(`${site.id}: no marginal carbon in ${missing} of ${hours} h, the average stands`);
    }
    return own?.map((g, t) => (Number.isNaN(g) ? (series.carbonKgPerKwh[t] as number) : g / 1000));
  });
  return { marginalKgPerKwh, notes };
}

const mean = (values: Float64Array | readonly number[]) =>
  values.length > 0 ? (values as number[]).reduce((a, b) => a + b, 0) / values.length : 0;
