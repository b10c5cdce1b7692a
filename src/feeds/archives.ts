import { z } from 'zod';
import type { PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { nemUtcMs } from './aemo-report.ts';
import { FeedError, type FeedIo } from './feed.ts';
import { hourlyMeans, type Reading } from './hours.ts';
import { getJson, getText } from './http.ts';
import { networkSeries } from './open-electricity-api.ts';
import { onePlaceOrMore, placesOf, setPlaces } from './open-meteo.ts';

/** What was: hourly series of the past, for backtests. Each rejects with {@link FeedError}. */

/** Column to hour (UTC) to value, in the units of the column's name. */
export type Columns = Map<string, Map<number, number>>;

export interface Hours {
  fromUtcMs: number;
  /** Exclusive. */
  toUtcMs: number;
}

type Place = Pick<PublicSite, 'id' | 'latDeg' | 'lonDeg'>;

const WEATHER_COLUMNS = {
  temp_c: ['temperature_2m', '°C'],
  dew_point_c: ['dew_point_2m', '°C'],
  rh_pct: ['relative_humidity_2m', '%'],
  pressure_hpa: ['surface_pressure', 'hPa'],
} as const;
const weatherNames = Object.values(WEATHER_COLUMNS).map(([name]) => name);

const weatherSchema = z.object({
  latitude: z.number(),
  longitude: z.number(),
  hourly_units: z.object({
    time: z.literal('unixtime'),
    ...Object.fromEntries(Object.values(WEATHER_COLUMNS).map(([n, unit]) => [n, z.literal(unit)])),
  }),
  hourly: z
    .object({ time: z.array(z.int()) })
    .and(z.record(z.string(), z.array(z.number().nullable()))),
});

/**
 * Reanalysis of Open-Meteo (open-meteo.com/en/docs/historical-weather-api, openapi/historical-weather
 * .yml): ERA5 and ERA5-Land, some days behind; whole days of UTC, both ends inclusive.
 */
export async function archiveWeather(
  io: FeedIo,
  sites: readonly Place[],
  span: Hours,
): Promise<Map<string, Columns>> {
  const key = io.secret('OPEN_METEO_API_KEY');
  const host = key ? 'customer-archive-api' : 'archive-api';
  const url = new URL(`https://${host}.open-meteo.com/v1/archive`);
  setPlaces(url, sites);
  url.searchParams.set('start_date', isoDay(span.fromUtcMs));
  url.searchParams.set('end_date', isoDay(span.toUtcMs - 1));
  url.searchParams.set('hourly', weatherNames.join(','));
  if (key) url.searchParams.set('apikey', key);
  const places = placesOf(
    await getJson(io, url, onePlaceOrMore(weatherSchema)),
    sites,
    url.hostname,
  );
  return new Map(
    sites.map(({ id }, n) => {
      const hourly = (places[n] as z.output<typeof weatherSchema>).hourly;
      const columns = Object.entries(WEATHER_COLUMNS).map(([column, [name]]) => {
        const values = hourly[name];
        if (values?.length !== hourly.time.length) {
          throw new FeedError(`${url.hostname}: ${name} has not a value for every time`);
        }
        const readings = hourly.time.map((s, t) => ({ utcMs: s * 1000, value: values[t] ?? null }));
        return [column, within(hourlyMeans(readings), span)] as const;
      });
      return [id, new Map(columns)];
    }),
  );
}

/**
 * Price and demand of a region in a month of NEM time, AEMO's aggregated data
 * (aemo.com.au/aemo/data/nem/priceanddemand): five-minute intervals, half-hours before October 2021,
 * each named by its end.
 */
export async function aemoMonth(
  io: FeedIo,
  region: string,
  month: string,
): Promise<{ priceAudPerMwh: Map<number, number>; demandMw: Map<number, number> }> {
  const url = new URL(
    `https://aemo.com.au/aemo/data/nem/priceanddemand/PRICE_AND_DEMAND_${month}_${region}.csv`,
  );
  const [header = '', ...rows] = (await getText(io, url)).trim().split(/\r?\n/);
  if (header !== 'REGION,SETTLEMENTDATE,TOTALDEMAND,RRP,PERIODTYPE') {
    throw new FeedError(`${url.hostname}: columns "${header.slice(0, 60)}" for ${month} ${region}`);
  }
  const price: Reading[] = [];
  const demand: Reading[] = [];
  rows.forEach((row, n) => {
    const [name, time = '', demandMw, rrp, period] = row.split(',');
    const endUtcMs = nemUtcMs(time.replaceAll('"', ''));
    if (name !== region || endUtcMs === undefined) {
      throw new FeedError(
        `${url.hostname}: line ${n + 2} of ${month} ${region} is no interval of it`,
      );
    }
    // Any instant within the interval will do to tell its hour.
    const utcMs = endUtcMs - 1000;
    if (period !== 'TRADE') return;
    price.push({ utcMs, value: numberOf(rrp) });
    demand.push({ utcMs, value: numberOf(demandMw) });
  });
  return { priceAudPerMwh: hourlyMeans(price), demandMw: hourlyMeans(demand) };
}

/** A missing number is not zero. */
function numberOf(cell: string | undefined): number | null {
  const value = Number(cell);
  return cell === undefined || cell.trim() === '' || !Number.isFinite(value) ? null : value;
}

/** Days that one call for hours may span. */
const NETWORK_CALL_MS = 15 * 24 * MS_PER_HOUR;

/** Average direct emissions of generation by region, g/kWh, of Open Electricity: emissions ÷ energy. */
export async function networkCarbon(
  io: FeedIo,
  network: { network: string; offsetHours: number },
  span: Hours,
): Promise<Map<string, Map<number, number>>> {
  const byRegion = new Map<string, Map<number, number>>();
  for (let from = span.fromUtcMs; from < span.toUtcMs; from += NETWORK_CALL_MS) {
    const series = await networkSeries(io, {
      ...network,
      metrics: ['energy', 'emissions'],
      fromUtcMs: from,
      toUtcMs: Math.min(span.toUtcMs, from + NETWORK_CALL_MS),
    });
    for (const [region, energyMwh] of series.get('energy') ?? []) {
      const emissionsT = series.get('emissions')?.get(region);
      const grams = byRegion.get(region) ?? new Map<number, number>();
      for (const [utcMs, mwh] of within(energyMwh, span)) {
        const tonnes = emissionsT?.get(utcMs);
        // t/MWh is kg/kWh.
        if (mwh > 0 && tonnes !== undefined && tonnes >= 0) grams.set(utcMs, (1000 * tonnes) / mwh);
      }
      byRegion.set(region, grams);
    }
  }
  return byRegion;
}

const within = (values: Map<number, number>, { fromUtcMs, toUtcMs }: Hours) =>
  new Map([...values].filter(([utcMs]) => utcMs >= fromUtcMs && utcMs < toUtcMs));

const isoDay = (utcMs: number) => new Date(utcMs).toISOString().slice(0, 10);
