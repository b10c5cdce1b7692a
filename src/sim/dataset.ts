import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet, Site } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import {
  expectedDemand,
  type PlanningInputs,
  POPULATION_SOURCE,
  type SiteSeries,
} from '../core/planning/inputs.ts';
import { embeddedWater, hasGridRegion } from '../feeds/embedded/grid.ts';
import { siteCarbon, siteWater } from '../feeds/embedded/of-site.ts';
import { readHourlyCsv } from './csv.ts';
import { describeSpan, readWeather, type Span, type Weather } from './weather.ts';

/**
 * A folder of real hourly series (UTC, beginning of the hour):
 *   weather_<site id>_*.csv      utc, temp_c, rh_pct
 *   nem_price_demand_*_hourly.csv  utc, <REGION>_price_aud_mwh
 *   carbon_*_hourly.csv          utc, <REGION>_gco2e_kwh
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

const PRICE = { pattern: /^nem_price_demand_.*_hourly\.csv$/, suffix: '_price_aud_mwh' };
const CARBON = { pattern: /^carbon_.*_hourly\.csv$/, suffix: '_gco2e_kwh' };

/** What a file is read as, given the sites; undefined for one that is not. */
export function seriesKind(file: string, sites: readonly { id: string }[]) {
  if (PRICE.pattern.test(file)) return 'price';
  if (CARBON.pattern.test(file)) return 'carbon';
  const isWeather = sites.some(({ id }) => file.startsWith(`weather_${id}_`));
  return isWeather && file.endsWith('.csv') ? 'weather' : undefined;
}

export interface Dataset {
  /** The fleet less the sites and zones without weather. */
  fleet: Fleet;
  inputs: PlanningInputs;
  /** What was left out, bridged or substituted, in plain words. */
  notes: string[];
}

/** Reads a folder over a span. Throws {@link InvalidInputError} if it cannot carry a plan. */
export function readDataset(dir: string, fleet: Fleet, span: Span): Dataset {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new InvalidInputError('--data', [`"${dir}" is not a folder`]);
  }
  const files = readdirSync(dir).sort();
  const weather = readWeather(dir, files, fleet, span);
  const withWeather = weather.series;
  const sites = fleet.sites.filter((s) => withWeather.has(s.id));
  if (sites.length === 0) {
    const [fault] = weather.notes;
    const why = fault ? ` (${fault})` : ', expected files such as weather_sydney_2022.csv';
    throw new InvalidInputError('--data', [
      `"${dir}" has no weather for any site over ${describeSpan(span)}${why}`,
    ]);
  }
  const zones = fleet.zones.filter((z) => withWeather.has(z.id));
  const notes = [...weather.notes];
  if (zones.length === 0) {
    throw new InvalidInputError('--data', [
      `"${dir}" has weather for ${sites.map((s) => s.id).join(', ')} but for no zone; a zone takes part if it has the id of such a site`,
    ]);
  }
  notes.push(...leftOutNotes(fleet, withWeather));
  const kept: Fleet = { ...fleet, sites, zones: restrictResidency(zones, sites) };
  const price = readRegions(dir, files, PRICE, kept, span);
  const carbon = readRegions(dir, files, CARBON, kept, span);
  const series = sites.map((site) =>
    siteSeries(
      site,
      withWeather.get(site.id) as Weather,
      { spot: price.get(csvRegion(site)), grams: carbon.get(csvRegion(site)) },
      span,
      notes,
    ),
  );
  const inputs: PlanningInputs = {
    startUtcMs: span.startUtcMs,
    slotCount: span.hours,
    slotHours: 1,
    sites: series,
    demandReqPerS: expectedDemand(kept, span.startUtcMs, span.hours, 1),
    demandSource: POPULATION_SOURCE,
  };
  return { fleet: kept, inputs, notes };
}

/** One site's series; what had to be substituted is added to the notes. */
function siteSeries(
  site: Site,
  weather: Weather,
  { spot, grams }: { spot?: Float64Array; grams?: Float64Array },
  span: Span,
  notes: string[],
): SiteSeries {
  const noPrice = new Float64Array(span.hours).fill(Number.NaN);
  const spotAudPerMwh = spot ?? noPrice;
  const unpriced = spotAudPerMwh.filter(Number.isNaN).length;
  const { tariff } = site.cost;
  const carbon = carbonSeries(site, grams, span);
  if (carbon.substituted > 0) {
    notes.push(
      `${site.id}: carbon of ${carbon.substituted} of ${span.hours} h from ${siteCarbon(site, span.startUtcMs).source} (placeholder)`,
    );
  }
  if (tariff.kind === 'spot' && unpriced > 0) {
    notes.push(
      `${site.id}: no wholesale price in ${unpriced} of ${span.hours} h, charged ${tariff.fallbackAudPerKwh.toFixed(3)} AUD/kWh`,
    );
  }
  const water = site.grid ? siteWater(site) : embeddedWater(site.gridRegion);
  return {
    tempC: weather.tempC,
    rhPct: weather.rhPct,
    spotAudPerMwh,
    carbonKgPerKwh: carbon.carbonKgPerKwh,
    gridWaterLPerKwh: new Float64Array(span.hours).fill(water.lPerKwh),
    sources: {
      weather: { source: weather.file, placeholder: false },
      price: {
        source: tariff.kind === 'spot' && spot ? 'wholesale series' : 'contract tariff',
        placeholder: false,
      },
      carbon: { source: carbon.source, placeholder: carbon.substituted > 0 },
      water: { source: water.source, placeholder: true },
    },
  };
}

/** The folder's carbon, with the embedded value where it lacks an hour. */
function carbonSeries(site: Site, grams: Float64Array | undefined, span: Span) {
  const { id, gridRegion, grid } = site;
  const carbonKgPerKwh = Float64Array.from({ length: span.hours }, (_, t) => {
    return (grams?.[t] ?? Number.NaN) / 1000;
  });
  const substituted = carbonKgPerKwh.filter(Number.isNaN).length;
  if (substituted === 0) return { carbonKgPerKwh, substituted, source: 'carbon series' };
  if (!grid && !hasGridRegion(gridRegion)) {
    throw new InvalidInputError('--data', [
      `the carbon of ${id} lacks ${substituted} of ${span.hours} h (column ${gridRegion}${CARBON.suffix}), the embedded feeds do not know region "${gridRegion}", and the site has no "grid" of its own`,
    ]);
  }
  carbonKgPerKwh.forEach((v, t) => {
    if (!Number.isNaN(v)) return;
    carbonKgPerKwh[t] = siteCarbon(site, span.startUtcMs + t * MS_PER_HOUR).carbonKgPerKwh;
  });
  const isPart = substituted < span.hours;
  const source = isPart ? 'carbon series' : siteCarbon(site, span.startUtcMs).source;
  return { carbonKgPerKwh, substituted, source };
}

function leftOutNotes(fleet: Fleet, withWeather: ReadonlyMap<string, unknown>): string[] {
  const without = (places: { id: string }[]) =>
    places
      .filter((p) => !withWeather.has(p.id))
      .map((p) => p.id)
      .join(', ');
  const sites = without(fleet.sites);
  const zones = without(fleet.zones);
  const notes = [
    ...(sites && sites !== zones ? [`sites ${sites}`] : []),
    ...(zones && sites !== zones ? [`zones ${zones}`] : []),
    ...(sites && sites === zones ? [`sites and zones ${sites}`] : []),
    ...fleet.zones
      .filter((z) => withWeather.has(z.id) && z.allowedSites?.every((s) => !withWeather.has(s)))
      .map((z) => `every site zone ${z.id} may use, so all its demand is unserved`),
  ];
  return notes.map((note) => `left out, no weather series: ${note}`);
}

function restrictResidency(zones: Fleet['zones'], sites: Fleet['sites']): Fleet['zones'] {
  const ids = new Set(sites.map((s) => s.id));
  return zones.map((z) =>
    z.allowedSites ? { ...z, allowedSites: z.allowedSites.filter((s) => ids.has(s)) } : z,
  );
}

/** Columns `<REGION><suffix>` for the regions of a fleet's sites, by region. */
function readRegions(
  dir: string,
  files: string[],
  { pattern, suffix }: typeof PRICE,
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
