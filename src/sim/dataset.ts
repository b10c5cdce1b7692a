import { existsSync, readdirSync, statSync } from 'node:fs';
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
import { CARBON, csvRegion, PRICE, readRegions } from './region-series.ts';
import { describeSpan, readWeather, type Span, type Weather } from './weather.ts';

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
    const year = new Date(span.startUtcMs).getUTCFullYear();
    const [first] = fleet.sites;
    const why = fault
      ? ` (${fault})`
      : `, expected files such as weather_${first?.id}_${year}.csv; public ones are fetched by isotherm data download --fleet …`;
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
