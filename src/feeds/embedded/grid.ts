import { MS_PER_HOUR } from '../../core/model/units.ts';

/** Grid factors by region, for hours no live feed covers. */
interface GridRegion {
  /** Direct intensity by hour of Eastern Standard Time (UTC+10), kg CO2e/kWh, 2024. */
  carbonKgPerKwhByAestHour?: number[];
  /** NGA factors 2024, scope 2, kg CO2e/kWh: an annual mean, the placeholder for the hour. */
  ngaScope2KgPerKwh: number;
  /**
   * Water consumed by generation, L/kWh: the region's fuel mix (rounded, an estimate) times the
   * factors in core/model/water.ts.
   */
  waterLPerKwh: number;
}

const grams = (values: number[]) => values.map((g) => g / 1000);

const regions: Record<string, GridRegion> = {
  NSW1: {
    carbonKgPerKwhByAestHour: grams([
      624, 626, 625, 623, 624, 621, 572, 488, 406, 346, 311, 293, 291, 302, 329, 381, 458, 521, 556,
      578, 593, 606, 613, 618,
    ]),
    ngaScope2KgPerKwh: 0.66,
    waterLPerKwh: 1.09,
  },
  VIC1: {
    carbonKgPerKwhByAestHour: grams([
      529, 541, 548, 548, 542, 531, 510, 479, 435, 394, 364, 346, 338, 339, 350, 369, 400, 432, 456,
      473, 484, 497, 509, 518,
    ]),
    ngaScope2KgPerKwh: 0.77,
    waterLPerKwh: 1.05,
  },
  QLD1: { ngaScope2KgPerKwh: 0.71, waterLPerKwh: 1.17 },
  SA1: { ngaScope2KgPerKwh: 0.23, waterLPerKwh: 0.31 },
  WEM: { ngaScope2KgPerKwh: 0.51, waterLPerKwh: 0.87 },
  TAS1: { ngaScope2KgPerKwh: 0.15, waterLPerKwh: 0.02 },
  NT: { ngaScope2KgPerKwh: 0.56, waterLPerKwh: 1.05 },
};

/** Mean of the regions above, for a region of the user's own. */
export const MEAN_WATER_L_PER_KWH =
  Object.values(regions).reduce((sum, r) => sum + r.waterLPerKwh, 0) / Object.keys(regions).length;

export const WATER_SOURCE = 'fuel-mix estimate';

function region(name: string): GridRegion {
  const found = regions[name];
  if (found === undefined) throw new RangeError(`embedded grid factors: no region "${name}"`);
  return found;
}

export function hasGridRegion(name: string): boolean {
  return Object.hasOwn(regions, name);
}

/** Carbon intensity of a region at an hour, with whether it is a placeholder. */
export function embeddedCarbon(
  gridRegion: string,
  utcMs: number,
): { carbonKgPerKwh: number; placeholder: boolean } {
  const r = region(gridRegion);
  const aestHour = (Math.floor(utcMs / MS_PER_HOUR) + 10) % 24;
  const hourly = r.carbonKgPerKwhByAestHour?.[aestHour];
  return hourly === undefined
    ? { carbonKgPerKwh: r.ngaScope2KgPerKwh, placeholder: true }
    : { carbonKgPerKwh: hourly, placeholder: false };
}

export function embeddedCarbonSource(gridRegion: string): string {
  return region(gridRegion).carbonKgPerKwhByAestHour
    ? 'mean hour of 2024, direct emissions'
    : 'NGA 2024 scope 2 annual mean';
}

export function embeddedWaterLPerKwh(gridRegion: string): number {
  return region(gridRegion).waterLPerKwh;
}

/** The same with its source; a region of the user's own gets the mean of the known ones. */
export function embeddedWater(gridRegion: string): { lPerKwh: number; source: string } {
  if (hasGridRegion(gridRegion)) {
    return { lPerKwh: embeddedWaterLPerKwh(gridRegion), source: WATER_SOURCE };
  }
  return {
    lPerKwh: MEAN_WATER_L_PER_KWH,
    source: `mean of the known regions, as ${gridRegion} is not among them`,
  };
}
