import { z } from 'zod';
import type { FeedConfig } from '../core/model/feeds.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { type Feed, FeedError, type FeedHour, type FeedIo, type SiteHours } from './feed.ts';
import { hourlyMeans } from './hours.ts';
import { getJson } from './http.ts';

/**
 * Forecast of Open-Meteo (open-meteo.com/en/docs, openapi/forecast.yml of its repository): hourly
 * temperature and relative humidity at 2 m, many coordinates in a call. With one coordinate the
 * answer is an object, with several an array in the order asked.
 */
const HOST = 'https://api.open-meteo.com';
/** With a key of a commercial plan. */
const CUSTOMER_HOST = 'https://customer-api.open-meteo.com';

/**
 * Six days: over 191 days of 2026 a forecast that old was 1.7 °C off in the mean at eight capitals,
 * the climatology 1.8. So what was fetched last is of use for as long as it reaches.
 */
const FORECAST_HOURS = 144;

/** A coordinate takes some 15 characters of the address. */
const SITES_PER_CALL = 100;

/** Answers name the grid cell's own middle, up to a quarter of a degree away. */
const MAX_CELL_OFFSET_DEG = 1;

const numbers = z.array(z.number().nullable());

const openMeteoPlaceSchema = z
  .object({
    latitude: z.number(),
    longitude: z.number(),
    hourly_units: z.object({
      time: z.literal('unixtime'),
      temperature_2m: z.literal('°C'),
      relative_humidity_2m: z.literal('%'),
    }),
    hourly: z.object({
      time: z.array(z.int()),
      temperature_2m: numbers,
      relative_humidity_2m: numbers,
    }),
  })
  .refine(
    ({ hourly: h }) =>
      h.temperature_2m.length === h.time.length && h.relative_humidity_2m.length === h.time.length,
    { path: ['hourly'], message: 'has series of different lengths' },
  );
type OpenMeteoPlace = z.output<typeof openMeteoPlaceSchema>;

/** One place comes bare, several in an array. */
export const onePlaceOrMore = <S extends z.ZodType>(place: S) =>
  z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(place));

const answerSchema = onePlaceOrMore(openMeteoPlaceSchema);

export function openMeteo(config: FeedConfig & { kind: 'open-meteo' }): Feed {
  return {
    id: config.baseUrl ? `open-meteo ${config.baseUrl}` : 'open-meteo',
    group: 'weather',
    source: 'Open-Meteo forecast',
    // Three hours older, a forecast is no worse to speak of: 0.77 °C off at 1 h, 0.86 at 24 h.
    everyMs: 3 * MS_PER_HOUR,
    staleMs: MS_PER_HOUR,
    async fetch(sites, io) {
      const key = io.secret('OPEN_METEO_API_KEY');
      const base = config.baseUrl ?? (key ? CUSTOMER_HOST : HOST);
      const all: SiteHours[] = [];
      // One call after the other: the free service takes one at a time from an address.
      for (let from = 0; from < sites.length; from += SITES_PER_CALL) {
        const part = sites.slice(from, from + SITES_PER_CALL);
        all.push(...(await forecast(base, key, part, io)));
      }
      return all;
    },
  };
}

async function forecast(
  base: string,
  key: string | undefined,
  sites: readonly PublicSite[],
  io: FeedIo,
): Promise<SiteHours[]> {
  const url = new URL(`${base.replace(/\/$/, '')}/v1/forecast`);
  setPlaces(url, sites);
  url.searchParams.set('hourly', 'temperature_2m,relative_humidity_2m');
  url.searchParams.set('forecast_hours', String(FORECAST_HOURS));
  if (key) url.searchParams.set('apikey', key);
  const places = placesOf(await getJson(io, url, answerSchema), sites, url.hostname);
  return sites.map(({ id }, n) => ({
    site: id,
    // The answer does not say when the model ran.
    issuedUtcMs: io.nowMs,
    hours: weatherHours((places[n] as OpenMeteoPlace).hourly),
  }));
}

/** What every call to Open-Meteo asks alike: the places, and times as seconds since 1970, UTC. */
export function setPlaces(url: URL, sites: readonly { latDeg: number; lonDeg: number }[]): void {
  url.searchParams.set('latitude', sites.map((s) => s.latDeg).join(','));
  url.searchParams.set('longitude', sites.map((s) => s.lonDeg).join(','));
  url.searchParams.set('timeformat', 'unixtime');
  url.searchParams.set('timezone', 'GMT');
}

/** As many places as were asked for, each where it was asked for. */
export function placesOf<P extends { latitude: number; longitude: number }>(
  places: P[],
  sites: readonly { id: string; latDeg: number; lonDeg: number }[],
  where: string,
): P[] {
  if (places.length !== sites.length) {
    throw new FeedError(`${where}: ${places.length} places, asked for ${sites.length}`);
  }
  sites.forEach((site, n) => {
    const { latitude, longitude } = places[n] as P;
    const offset = Math.max(Math.abs(latitude - site.latDeg), Math.abs(longitude - site.lonDeg));
    if (offset > MAX_CELL_OFFSET_DEG) {
      throw new FeedError(`${where}: place ${n} is not ${site.id} but ${latitude}, ${longitude}`);
    }
  });
  return places;
}

function weatherHours({ time, ...series }: OpenMeteoPlace['hourly']): FeedHour[] {
  const readings = (values: (number | null)[]) =>
    hourlyMeans(time.map((s, n) => ({ utcMs: s * 1000, value: values[n] ?? null })));
  const temps = readings(series.temperature_2m);
  const humidities = readings(series.relative_humidity_2m);
  return [...temps].flatMap(([utcMs, tempC]) => {
    const rhPct = humidities.get(utcMs);
    return rhPct === undefined ? [] : [{ utcMs, tempC, rhPct }];
  });
}
