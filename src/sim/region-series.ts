import { join } from 'node:path';
import type { Fleet, Site } from '../core/model/fleet.ts';
import { readHourlyCsv } from './csv.ts';
import type { Span } from './weather.ts';

/**
 * A folder of real hourly series (UTC, beginning of the hour):
 *   weather_<site id>_*.csv      utc, temp_c, rh_pct
 *   nem_price_demand_*_hourly.csv  utc, <REGION>_price_aud_mwh
 *   carbon_*_hourly.csv          utc, <REGION>_gco2e_kwh: average intensities
 *   carbon_marginal_*_hourly.csv the same of what one kWh more emits; no plan is made or charged by it,
 *                                but where a report says so
 * with regions named as below.
 */
const CSV_REGION: Record<string, string> = {
  NSW1: 'NSW',
  QLD1: 'QLD',
  SA1: 'SA',
  TAS1: 'TAS',
  VIC1: 'VIC',
  WEM: 'WA',
};

/** A grid region as columns name it. */
export const csvRegion = ({ gridRegion }: Pick<Site, 'gridRegion'>) =>
  CSV_REGION[gridRegion] ?? gridRegion;

export interface RegionSeries {
  pattern: RegExp;
  suffix: string;
}

export const PRICE: RegionSeries = {
  pattern: /^nem_price_demand_.*_hourly\.csv$/,
  suffix: '_price_aud_mwh',
};
export const CARBON: RegionSeries = {
  pattern: /^carbon_(?!marginal_).*_hourly\.csv$/,
  suffix: '_gco2e_kwh',
};
export const MARGINAL_CARBON: RegionSeries = {
  pattern: /^carbon_marginal_.*_hourly\.csv$/,
  suffix: CARBON.suffix,
};

/** What a file is read as, given the sites; undefined for one that is not. */
export function seriesKind(file: string, sites: readonly { id: string }[]) {
  if (PRICE.pattern.test(file)) return 'price';
  if (CARBON.pattern.test(file)) return 'carbon';
  if (MARGINAL_CARBON.pattern.test(file)) return 'marginal carbon';
  const isWeather = sites.some(({ id }) => file.startsWith(`weather_${id}_`));
  return isWeather && file.endsWith('.csv') ? 'weather' : undefined;
}

/** Columns `<REGION><suffix>` for the regions of a fleet's sites, by region. */
export function readRegions(
  dir: string,
  files: readonly string[],
  { pattern, suffix }: RegionSeries,
  fleet: Fleet,
  span: Span,
): Map<string, Float64Array> {
  const byRegion = new Map<string, Float64Array>();
  const wanted = fleet.sites.map((site) => csvRegion(site) + suffix);
  for (const file of files.filter((f) => pattern.test(f))) {
    const { columns } = readHourlyCsv(join(dir, file), span.startUtcMs, span.hours, wanted);
    for (const [name, from] of columns) {
      const region = name.slice(0, -suffix.length);
      const into = byRegion.get(region) ?? new Float64Array(span.hours).fill(Number.NaN);
      from.forEach((v, t) => {
        if (Number.isFinite(v)) into[t] = v;
      });
      byRegion.set(region, into);
    }
  }
  for (const [region, values] of byRegion) {
    if (values.every((v) => Number.isNaN(v))) byRegion.delete(region);
  }
  return byRegion;
}
