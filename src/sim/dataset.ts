import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { expectedDemand, type PlanningInputs, type SiteSeries } from '../core/planning/inputs.ts';
import {
  embeddedCarbon,
  embeddedCarbonSource,
  embeddedWaterLPerKwh,
  WATER_SOURCE,
} from '../feeds/embedded/grid.ts';
import { readHourlyCsv } from './csv.ts';

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

/** Longest run of missing weather hours bridged by a line between its neighbours. */
const MAX_WEATHER_GAP_H = 6;

export interface Dataset {
  /** The fleet less the sites and zones without weather. */
  fleet: Fleet;
  inputs: PlanningInputs;
  /** What was left out, bridged or substituted, in plain words. */
  notes: string[];
}

export interface Span {
  startUtcMs: number;
  hours: number;
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
    const span_ = describeSpan(span);
    throw new InvalidInputError('--data', [
      `"${dir}" has no weather for any site over ${span_}${weather.notes.length > 0 ? ` (${weather.notes[0]})` : ', expected files such as weather_sydney_2022.csv'}`,
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
  const price = readRegions(
    dir,
    files,
    /^nem_price_demand_.*_hourly\.csv$/,
    '_price_aud_mwh',
    span,
  );
  const carbon = readRegions(dir, files, /^carbon_.*_hourly\.csv$/, '_gco2e_kwh', span);
  const series = sites.map((site): SiteSeries => {
    const w = withWeather.get(site.id) as Weather;
    const region = CSV_REGION[site.gridRegion] ?? site.gridRegion;
    const spot = price.get(region);
    const grams = carbon.get(region);
    const carbonKgPerKwh = new Float64Array(span.hours);
    let substituted = 0;
    for (let t = 0; t < span.hours; t++) {
      const g = grams?.[t] ?? Number.NaN;
      if (Number.isFinite(g)) carbonKgPerKwh[t] = g / 1000;
      else {
        carbonKgPerKwh[t] = embeddedCarbon(
          site.gridRegion,
          span.startUtcMs + t * MS_PER_HOUR,
        ).carbonKgPerKwh;
        substituted++;
      }
    }
    const embedded = embeddedCarbonSource(site.gridRegion);
    if (substituted > 0)
      notes.push(
        `${site.id}: carbon of ${substituted} of ${span.hours} h from ${embedded} (placeholder)`,
      );
    const unpriced = spot ? spot.filter((v) => Number.isNaN(v)).length : span.hours;
    if (site.cost.tariff.kind === 'spot' && unpriced > 0) {
      notes.push(
        `${site.id}: no wholesale price in ${unpriced} of ${span.hours} h, charged ${site.cost.tariff.fallbackAudPerKwh.toFixed(3)} AUD/kWh`,
      );
    }
    return {
      tempC: w.tempC,
      rhPct: w.rhPct,
      spotAudPerMwh: spot ?? new Float64Array(span.hours).fill(Number.NaN),
      carbonKgPerKwh,
      gridWaterLPerKwh: new Float64Array(span.hours).fill(embeddedWaterLPerKwh(site.gridRegion)),
      sources: {
        weather: { source: w.file, placeholder: false },
        price: {
          source: site.cost.tariff.kind === 'spot' && spot ? 'wholesale series' : 'contract tariff',
          placeholder: false,
        },
        carbon: {
          source: grams && substituted < span.hours ? 'carbon series' : embedded,
          placeholder: substituted > 0,
        },
        water: { source: WATER_SOURCE, placeholder: true },
      },
    };
  });
  const inputs: PlanningInputs = {
    startUtcMs: span.startUtcMs,
    slotCount: span.hours,
    slotHours: 1,
    sites: series,
    demandReqPerS: expectedDemand(kept, span.startUtcMs, span.hours, 1),
  };
  return { fleet: kept, inputs, notes };
}

function leftOutNotes(fleet: Fleet, withWeather: ReadonlyMap<string, unknown>): string[] {
  const without = (places: { id: string }[]) =>
    places
      .filter((p) => !withWeather.has(p.id))
      .map((p) => p.id)
      .join(', ');
  const sites = without(fleet.sites);
  const zones = without(fleet.zones);
  if (sites === zones)
    return sites ? [`left out, no weather series: sites and zones ${sites}`] : [];
  return [
    ...(sites ? [`left out, no weather series: sites ${sites}`] : []),
    ...(zones ? [`left out, no weather series: zones ${zones}`] : []),
  ];
}

function describeSpan(span: Span): string {
  const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 16)}Z`;
  return `${iso(span.startUtcMs)} to ${iso(span.startUtcMs + span.hours * MS_PER_HOUR)}`;
}

function restrictResidency(zones: Fleet['zones'], sites: Fleet['sites']): Fleet['zones'] {
  const ids = new Set(sites.map((s) => s.id));
  return zones.map((z) =>
    z.allowedSites ? { ...z, allowedSites: z.allowedSites.filter((s) => ids.has(s)) } : z,
  );
}

interface Weather {
  file: string;
  tempC: Float64Array;
  rhPct: Float64Array;
}

function readWeather(
  dir: string,
  files: string[],
  fleet: Fleet,
  span: Span,
): { series: Map<string, Weather>; notes: string[] } {
  const series = new Map<string, Weather>();
  const notes: string[] = [];
  for (const site of fleet.sites) {
    const mine = files.filter((f) => f.startsWith(`weather_${site.id}_`) && f.endsWith('.csv'));
    if (mine.length === 0) continue;
    const tempC = new Float64Array(span.hours).fill(Number.NaN);
    const rhPct = new Float64Array(span.hours).fill(Number.NaN);
    for (const file of mine) {
      const { columns } = readHourlyCsv(join(dir, file), span.startUtcMs, span.hours);
      for (const [name, into] of [
        ['temp_c', tempC],
        ['rh_pct', rhPct],
      ] as const) {
        const from = columns.get(name);
        if (!from)
          throw new InvalidInputError(join(dir, file), [
            `line 1: expected a column named "${name}"`,
          ]);
        from.forEach((v, t) => {
          if (Number.isFinite(v)) into[t] = v;
        });
      }
    }
    const bridged = bridgeGaps(tempC, MAX_WEATHER_GAP_H) + bridgeGaps(rhPct, MAX_WEATHER_GAP_H);
    const missing = tempC.filter((v, t) => Number.isNaN(v) || Number.isNaN(rhPct[t])).length;
    if (missing > 0) {
      notes.push(
        `${site.id}: weather lacks ${missing} of ${span.hours} h of ${describeSpan(span)}`,
      );
      continue;
    }
    if (bridged > 0) notes.push(`${site.id}: ${bridged} missing weather values bridged`);
    series.set(site.id, { file: mine.join(', '), tempC, rhPct });
  }
  return { series, notes };
}

/** Fills runs of at most `longest` NaN between two values by a line; returns how many. */
function bridgeGaps(values: Float64Array, longest: number): number {
  let filled = 0;
  for (let t = 1; t < values.length; t++) {
    if (!Number.isNaN(values[t])) continue;
    let end = t;
    while (end < values.length && Number.isNaN(values[end])) end++;
    const before = values[t - 1] as number;
    const after = values[end] as number;
    if (end < values.length && end - t <= longest && !Number.isNaN(before)) {
      for (let i = t; i < end; i++) {
        values[i] = before + ((after - before) * (i - t + 1)) / (end - t + 1);
        filled++;
      }
    }
    t = end;
  }
  return filled;
}

function readRegions(
  dir: string,
  files: string[],
  pattern: RegExp,
  suffix: string,
  span: Span,
): Map<string, Float64Array> {
  const regions = new Map<string, Float64Array>();
  for (const file of files.filter((f) => pattern.test(f))) {
    const { columns } = readHourlyCsv(join(dir, file), span.startUtcMs, span.hours);
    for (const [name, from] of columns) {
      if (!name.endsWith(suffix)) continue;
      const region = name.slice(0, -suffix.length);
      const into = regions.get(region) ?? new Float64Array(span.hours).fill(Number.NaN);
      from.forEach((v, t) => {
        if (Number.isFinite(v)) into[t] = v;
      });
      regions.set(region, into);
    }
  }
  for (const [region, values] of regions) {
    if (values.every((v) => Number.isNaN(v))) regions.delete(region);
  }
  return regions;
}
