import { describe, expect, test } from 'vitest';
import { FeedError } from '../../src/feeds/feed.ts';
import { openMeteo } from '../../src/feeds/open-meteo.ts';
import {
  faultOf,
  HOUR,
  json,
  NOW,
  outages,
  playUpstream,
  site,
  THIS_HOUR,
} from './support/upstream.ts';

/**
 * The answer's shape is that of openapi/forecast.yml in Open-Meteo's repository and of
 * open-meteo.com/en/docs; several coordinates give an array (openmeteo.substack.com, "Weather data for
 * multiple locations").
 */
const place = (latitude: number, longitude: number, hourly: object, units = {}) => ({
  latitude,
  longitude,
  generationtime_ms: 0.11,
  utc_offset_seconds: 0,
  timezone: 'GMT',
  timezone_abbreviation: 'GMT',
  elevation: 42,
  hourly_units: { time: 'unixtime', temperature_2m: '°C', relative_humidity_2m: '%', ...units },
  hourly,
});

const seconds = (...hours: number[]) => hours.map((h) => (THIS_HOUR + h * HOUR) / 1000);
const sydneyHours = {
  time: seconds(0, 1, 2),
  temperature_2m: [23.4, 24.1, 25],
  relative_humidity_2m: [64, 60, 55],
};
const sydney = (hourly: object = {}, units = {}) =>
  place(-33.875, 151.125, { ...sydneyHours, ...hourly }, units);
const hobart = place(-42.875, 147.25, {
  time: seconds(0, 1, 2),
  temperature_2m: [15.1, null, 16.2],
  relative_humidity_2m: [80, 79, 78],
});

const upstream = playUpstream();
const feed = openMeteo({ kind: 'open-meteo' });
const both = [site('sydney'), site('hobart')];

describe('Open-Meteo', () => {
  test('many places in one call, in UTC; null is a missing hour, not a cold one', async () => {
    upstream.answer = json([sydney(), { location_id: 1, ...hobart }]);
    const io = upstream.io({ secret: () => undefined });
    expect(await feed.fetch(both, io)).toEqual([
      {
        site: 'sydney',
        issuedUtcMs: NOW,
        hours: [
          { utcMs: THIS_HOUR, tempC: 23.4, rhPct: 64 },
          { utcMs: THIS_HOUR + HOUR, tempC: 24.1, rhPct: 60 },
          { utcMs: THIS_HOUR + 2 * HOUR, tempC: 25, rhPct: 55 },
        ],
      },
      {
        site: 'hobart',
        issuedUtcMs: NOW,
        hours: [
          { utcMs: THIS_HOUR, tempC: 15.1, rhPct: 80 },
          { utcMs: THIS_HOUR + 2 * HOUR, tempC: 16.2, rhPct: 78 },
        ],
      },
    ]);
    const url = upstream.seen.at(-1)!;
    expect(url.origin + url.pathname).toBe('https://api.open-meteo.com/v1/forecast');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      latitude: '-33.868,-42.882',
      longitude: '151.209,147.327',
      hourly: 'temperature_2m,relative_humidity_2m',
      forecast_hours: '144',
      timeformat: 'unixtime',
      timezone: 'GMT',
    });
  });

  test('with a key the commercial service is asked; errors do not tell the key', async () => {
    upstream.answer = json(sydney());
    await feed.fetch([site('sydney')], upstream.io());
    const url = upstream.seen.at(-1)!;
    expect(url.hostname).toBe('customer-api.open-meteo.com');
    expect(url.searchParams.get('apikey')).toBe('the OPEN_METEO_API_KEY');
    upstream.answer = (_, response) => response.writeHead(400).end('{"error":true,"reason":"x"}');
    const fault = await faultOf(feed, [site('sydney')], upstream.io());
    expect(fault.message).toBe('customer-api.open-meteo.com: HTTP 400');
  });

  test('a server of one’s own', async () => {
    upstream.answer = json(sydney());
    const own = openMeteo({ kind: 'open-meteo', baseUrl: 'https://weather.example/meteo/' });
    await own.fetch([site('sydney')], upstream.io({ secret: () => undefined }));
    expect(upstream.seen.at(-1)!.href).toMatch(/^https:\/\/weather.example\/meteo\/v1\/forecast\?/);
  });

  test('a hundred places a call', async () => {
    upstream.seen.length = 0;
    upstream.answer = (request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      const count = url.searchParams.get('latitude')!.split(',').length;
      json(count === 1 ? sydney() : Array.from({ length: count }, () => sydney()))(
        request,
        response,
      );
    };
    const sites = Array.from({ length: 201 }, (_, n) => site('sydney', { id: `s${n}` }));
    expect(await feed.fetch(sites, upstream.io())).toHaveLength(201);
    expect(upstream.seen).toHaveLength(3);
  });

  test('shuffled hours are put right; an hour told twice, differently, is nobody’s', async () => {
    upstream.answer = json(
      sydney({
        time: seconds(2, 0, 1, 1, 0),
        temperature_2m: [25, 23.4, 24.1, 30, 23.4],
        relative_humidity_2m: [55, 64, 60, 60, 64],
      }),
    );
    const [answer] = await feed.fetch([site('sydney')], upstream.io());
    const byHour = new Map(answer!.hours.map((h) => [h.utcMs, h.tempC]));
    expect(byHour).toEqual(
      new Map([
        [THIS_HOUR, 23.4],
        [THIS_HOUR + 2 * HOUR, 25],
      ]),
    );
  });

  test.each(outages)('%s', async (_, answer, fault, timeoutMs = 20_000) => {
    upstream.answer = answer;
    expect((await faultOf(feed, both, upstream.io({ timeoutMs }))).message).toMatch(fault);
  });

  test('429: not again before the source says', async () => {
    upstream.answer = (_, r) => r.writeHead(429, { 'retry-after': '1800' }).end();
    expect(await faultOf(feed, both, upstream.io())).toMatchObject({
      retryUtcMs: NOW + 1_800_000,
    });
  });

  test.each([
    ['Fahrenheit', sydney({}, { temperature_2m: '°F' }), /hourly_units\.temperature_2m/],
    ['local times', sydney({}, { time: 'iso8601' }), /hourly_units\.time/],
    ['a text for a number', sydney({ temperature_2m: ['NaN', 1, 2] }), /temperature_2m\[0\]/],
    ['a series cut short', sydney({ temperature_2m: [1] }), /different lengths/],
    ['an error with status 200', { error: true, reason: 'over' }, /./],
    ['too few places', [sydney(), hobart], /2 places, asked for 1/],
    ['another place', hobart, /place 0 is not sydney but -42.875, 147.25/],
  ])('%s', async (_, body, fault) => {
    upstream.answer = json(body);
    const error = await faultOf(feed, [site('sydney')], upstream.io());
    expect(error).toBeInstanceOf(FeedError);
    expect(error.message).toMatch(fault);
  });

  test.each([
    ['cut short', JSON.stringify(sydney()).slice(0, -40)],
    ['NaN', JSON.stringify(sydney()).replace('24.1', 'NaN')],
  ])('JSON with %s', async (_, body) => {
    upstream.answer = (_r, response) => response.writeHead(200).end(body);
    const { message } = await faultOf(feed, [site('sydney')], upstream.io());
    expect(message).toMatch(/no JSON, or cut short$/);
  });
});
