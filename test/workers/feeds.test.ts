import { createScheduledController } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { floorToHour } from '../../src/core/model/time.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import type { PlanHeader } from '../../src/core/planning/plan.ts';
import { climatology } from '../../src/feeds/embedded/climatology.ts';
import { refreshFeeds } from '../../src/workers/feeds.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { refreshInputs } from '../../src/workers/inputs.ts';
import worker from '../../src/workers/main.ts';
import { status } from '../../src/workers/status.ts';
import { listing, preDispatch, zippedReport } from '../feeds/support/nem.ts';
import { adminCall } from './support/client.ts';
import { finish } from './support/runs.ts';

/** Live feeds from cron to plan, with played sources: what is fetched, and what stands in. */

const startUtcMs = floorToHour(Date.now());
const anomalyC = 4;
const perth = fleet.sites.find((s) => s.id === 'perth')!;
let answer: (url: URL) => Response | Promise<Response>;
let asked: URL[] = [];

const meanTempC = (id: string, utcMs: number) => {
  const site = fleet.sites.find((s) => s.id === id)!;
  return climatology(site.climateStation, utcMs, site.timeZone).tempC;
};

/** Open-Meteo's own shape: every site that is asked for, warmer than the mean. */
function forecast(hours: number): (url: URL) => Response {
  return () =>
    Response.json(
      fleet.sites.map((site) => {
        const times = Array.from({ length: hours }, (_, t) => startUtcMs + t * MS_PER_HOUR);
        return {
          latitude: site.latDeg,
          longitude: site.lonDeg,
          hourly_units: { time: 'unixtime', temperature_2m: '°C', relative_humidity_2m: '%' },
          hourly: {
            time: times.map((ms) => ms / 1000),
            temperature_2m: times.map((ms) => meanTempC(site.id, ms) + anomalyC),
            relative_humidity_2m: times.map(() => 55),
          },
        };
      }),
    );
}

const cron = () => worker.scheduled(createScheduledController({ cron: '*/15 * * * *' }), env);

async function plannedByCron(): Promise<PlanHeader> {
  await cron();
  await finish();
  const plan = await (await adminCall('GET', '/plan')).json<{ header: PlanHeader }>();
  return plan.header;
}

const weatherOf = (header: PlanHeader, id: string) =>
  header.sites.find((s) => s.site === id)!.sources.weather;

beforeAll(() => {
  // A site on a wholesale contract.
  perth.gridRegion = 'NSW1';
  perth.paysSpot = true;
});
afterAll(() => {
  Object.assign(perth, { gridRegion: 'WEM', paysSpot: undefined });
  fleet.feeds = undefined;
});
beforeEach(async () => {
  fleet.feeds = { weather: { kind: 'open-meteo' } };
  asked = [];
  await env.DB.exec('DELETE FROM site_inputs');
  await env.DB.exec('DELETE FROM feed_states');
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    if (url.hostname.endsWith('.example')) return new Response(null, { status: 404 });
    asked.push(url);
    return answer(url);
  });
});
afterEach(() => vi.restoreAllMocks());

/** As if so long ago had been the latest fetch and all that it brought. */
async function age(hours: number): Promise<void> {
  const ms = hours * MS_PER_HOUR;
  await env.DB.exec(`UPDATE feed_states SET succeeded_utc_ms = succeeded_utc_ms - ${ms}`);
  await env.DB.exec(`UPDATE site_inputs SET weather_issued_utc_ms = weather_issued_utc_ms - ${ms}`);
}

describe('cron', () => {
  test('fetches the weather of all sites in one call, and the plan names it', async () => {
    answer = forecast(30);
    const header = await plannedByCron();
    expect(asked).toHaveLength(1);
    expect(weatherOf(header, 'hobart')).toMatchObject({
      source: 'Open-Meteo forecast',
      placeholder: false,
      fallbackSlots: 0,
    });
    expect(weatherOf(header, 'hobart').ageH).toBeLessThan(0.5);
    const hours = Array.from({ length: 24 }, (_, t) => header.startUtcMs + t * MS_PER_HOUR);
    const mean = hours.reduce((sum, ms) => sum + meanTempC('hobart', ms), 0) / 24 + anomalyC;
    expect(header.sites.find((s) => s.site === 'hobart')!.tempC).toBeCloseTo(mean, 9);
    const { attributions } = await (await adminCall('GET', '/plan')).json<{
      attributions: { text: string }[];
    }>();
    expect(attributions.map((a) => a.text)).toContain('Weather data by Open-Meteo.com');
  });

  test('does not ask again before time', async () => {
    answer = forecast(30);
    await refreshFeeds(env, fleet);
    await refreshFeeds(env, fleet);
    expect(asked).toHaveLength(1);
    await age(3);
    await refreshFeeds(env, fleet);
    expect(asked).toHaveLength(2);
  });

  test('is not waited for by whoever asks for a plan by hand', async () => {
    answer = forecast(30);
    await adminCall('POST', '/optimize', {});
    expect(asked).toHaveLength(1);
    await finish();
    const plan = await (await adminCall('GET', '/plan')).json<{ header: PlanHeader }>();
    expect(weatherOf(plan.header, 'hobart').source).toBe('Open-Meteo forecast');
  });

  test('an outage: the last good values with their age, then the climatology, and why', async () => {
    answer = forecast(12);
    await refreshFeeds(env, fleet);
    await age(7);
    answer = () => new Response('down', { status: 503 });
    const header = await plannedByCron();
    expect(weatherOf(header, 'perth')).toMatchObject({
      source: expect.stringMatching(/^Open-Meteo forecast \(12 of 24 h\), else climatology/),
      fallbackSlots: 12,
      fault: 'api.open-meteo.com: HTTP 503',
    });
    expect(weatherOf(header, 'perth').ageH).toBeGreaterThanOrEqual(7);
    const { feeds } = await (await adminCall('GET', '/feeds')).json<{ feeds: object[] }>();
    expect(feeds).toMatchObject([
      { id: 'open-meteo', group: 'weather', fault: 'api.open-meteo.com: HTTP 503', hours: 168 },
    ]);
  });

  test.each<[string, () => Response | Promise<Response>, RegExp]>([
    ['nothing usable', () => forecast(0)(new URL('https://x')), /it has no hours to come$/],
    ['a page', () => new Response('<html>'), /no JSON, or cut short$/],
    ['a broken connection', () => Promise.reject(new TypeError('x')), /the connection failed$/],
    ['429', () => new Response(null, { status: 429 }), /HTTP 429$/],
  ])('%s from the first: a plan from embedded means that says so', async (_, give, fault) => {
    answer = give;
    const header = await plannedByCron();
    const weather = weatherOf(header, 'sydney');
    expect(weather).toMatchObject({ fallbackSlots: 24, fault: expect.stringMatching(fault) });
    expect(weather.source).toMatch(/^climatology/);
    expect(weather.ageH).toBeUndefined();
  });

  test('a source that asks for patience gets it', async () => {
    answer = () => new Response(null, { status: 429, headers: { 'retry-after': '3600' } });
    await refreshFeeds(env, fleet);
    await refreshFeeds(env, fleet);
    expect(asked).toHaveLength(1);
    await env.DB.exec('UPDATE feed_states SET retry_utc_ms = 1');
    await refreshFeeds(env, fleet);
    expect(asked).toHaveLength(2);
  });

  test('a source that never answers is given up', async () => {
    vi.mocked(globalThis.fetch).mockImplementation(
      (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
    );
    await refreshFeeds(env, fleet, 50);
    const { feeds } = await (await adminCall('GET', '/feeds')).json<{ feeds: object[] }>();
    expect(feeds).toMatchObject([{ fault: 'api.open-meteo.com: no whole answer within 50 ms' }]);
  });

  test('hours that cannot be true are left out one by one, and counted', async () => {
    answer = async (url) => {
      const places = await forecast(30)(url).json<{ hourly: { temperature_2m: number[] } }[]>();
      places[0]!.hourly.temperature_2m[3]! += 40;
      return Response.json(places);
    };
    const header = await plannedByCron();
    expect(weatherOf(header, fleet.sites[0]!.id)).toMatchObject({ fallbackSlots: 1 });
    expect(weatherOf(header, fleet.sites[1]!.id)).toMatchObject({ fallbackSlots: 0 });
    const { feeds } = await (await adminCall('GET', '/feeds')).json<{ feeds: object[] }>();
    expect(feeds).toMatchObject([{ refused: 1, refusedWhy: expect.stringMatching(/°C$/) }]);
  });

  test('without feeds in the registry nothing is asked for', async () => {
    fleet.feeds = undefined;
    await refreshFeeds(env, fleet);
    expect(asked).toHaveLength(0);
    fleet.feeds = { weather: { kind: 'open-meteo' } };
    const sites = fleet.sites.map((s) => ({ ...s, feeds: { weather: 'off' as const } }));
    await refreshFeeds(env, { ...fleet, sites });
    expect(asked).toHaveLength(0);
  });

  test('prices of the NEM where they are paid, and the day before’s beyond their horizon', async () => {
    fleet.feeds = { price: { kind: 'aemo' } };
    const name = 'PUBLIC_PREDISPATCHIS_202601151030_20260115100336.zip';
    const halves = Array.from({ length: 20 }, (_, n) => ({
      region: 'NSW1',
      endUtcMs: startUtcMs + ((n + 1) * MS_PER_HOUR) / 2,
      rrp: n < 2 ? 16_600 : -1000,
    }));
    const archive = await zippedReport(name, preDispatch(halves, Date.now()));
    answer = (url) => {
      if (url.pathname.includes('DispatchIS')) return new Response(null, { status: 503 });
      return new Response(url.pathname.endsWith('/') ? listing('x', [name]) : archive);
    };
    const day = 24 * MS_PER_HOUR;
    const hours = [10, 11].map((t) => ({
      site: 'perth',
      utc: new Date(startUtcMs + t * MS_PER_HOUR - day).toISOString(),
      spotAudPerMwh: 70,
    }));
    await adminCall('PUT', '/inputs', { source: 'my broker', hours });
    const header = await plannedByCron();
    const of = (id: string) => header.sites.find((s) => s.site === id)!.sources.price;
    expect(of('perth')).toMatchObject({
      source:
        'AEMO pre-dispatch (10 of 24 h), my broker of the day before (2 h), else contract tariff',
      fallbackSlots: 14,
    });
    expect(of('sydney')).toEqual({ source: 'contract tariff', placeholder: false });
  });

  test('carbon by zone: what one is refused does not touch the others; no key is logged', async () => {
    fleet.feeds = { carbon: { kind: 'electricity-maps', emissionFactors: 'lifecycle' } };
    const warn = vi.spyOn(console, 'warn');
    answer = (url) => {
      const zone = url.searchParams.get('zone');
      if (zone === 'AU-TAS') return new Response('Access denied', { status: 403 });
      const forecast = Array.from({ length: 72 }, (_, t) => ({
        carbonIntensity: 500,
        datetime: new Date(startUtcMs + t * MS_PER_HOUR).toISOString(),
      }));
      return Response.json({ zone, forecast, updatedAt: new Date().toISOString() });
    };
    await refreshFeeds({ ...env, ELECTRICITY_MAPS_TOKEN: 'the-token' }, fleet);
    const inputs = await refreshInputs(env.DB, fleet, startUtcMs, 24, Date.now());
    const of = (id: string) => inputs.sites[fleet.sites.findIndex((s) => s.id === id)]!;
    expect(of('sydney').carbonKgPerKwh).toEqual(new Float64Array(24).fill(0.5));
    expect(of('sydney').sources.carbon).toMatchObject({
      source: 'Electricity Maps, average life-cycle emissions',
      placeholder: false,
      fallbackSlots: 0,
    });
    expect(of('hobart').sources.carbon).toEqual({
      source: 'NGA 2024 scope 2 annual mean',
      placeholder: true,
      fallbackSlots: 24,
      fault: 'api.electricitymaps.com: HTTP 403',
    });
    const said = JSON.stringify(warn.mock.calls) + JSON.stringify(await status(env));
    expect(said).toMatch(/HTTP 403/);
    expect(said).not.toMatch(/the-token/);
  });

  test('a secret that is not set is a fault like any other', async () => {
    fleet.feeds = { carbon: { kind: 'watttime', region: 'X' } };
    await refreshFeeds(env, fleet);
    const { feeds } = await status(env);
    expect(feeds).toMatchObject([{ fault: 'the secret WATTTIME_USERNAME is not set' }]);
    expect(asked).toEqual([]);
  });
});
