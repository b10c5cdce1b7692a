import { Log, LogLevel, Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PublicSite } from '../../src/core/model/fleet.ts';
import { climatology } from '../../src/feeds/embedded/climatology.ts';
import { bundleWorker, compatibility } from '../../src/local/bundle.ts';
import { listing, preDispatch, zippedReport } from '../feeds/support/nem.ts';
import {
  type Answer,
  HOUR,
  json,
  NOW,
  outages,
  playUpstream,
  site,
  THIS_HOUR,
} from '../feeds/support/upstream.ts';

/** Feeds in workerd against a real server: what its sockets do, no mock can tell. */

const upstream = playUpstream();
let workerd: Miniflare;
beforeAll(async () => {
  const { date, flags } = await compatibility();
  const code = await bundleWorker('test/feeds/support/feed-worker.ts');
  workerd = new Miniflare({
    log: new Log(LogLevel.ERROR),
    telemetry: { enabled: false },
    enableDevRegistry: false,
    workers: [
      {
        config: {
          name: 'feeds',
          compatibilityDate: date,
          compatibilityFlags: flags,
          manifest: {
            mainModule: 'worker.js',
            modules: { 'worker.js': { type: 'esm', contents: code } },
          },
        },
      },
    ],
  });
  await workerd.ready;
});
afterAll(() => workerd.dispose());

async function asked(feeds: PublicSite['feeds'], timeoutMs = 20_000) {
  const body = {
    origin: upstream.origin(),
    site: site('sydney', { feeds, paysSpot: true }),
    nowMs: NOW,
    timeoutMs,
  };
  const response = await workerd.dispatchFetch('http://x/', {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return (await response.json()) as { id: string; rows?: object[]; fault?: string }[];
}

const weather = { weather: { kind: 'open-meteo' } } as const;
const mean = climatology('Sydney', THIS_HOUR, 'Australia/Sydney').tempC;
const forecast = json({
  latitude: -33.875,
  longitude: 151.125,
  hourly_units: { time: 'unixtime', temperature_2m: '°C', relative_humidity_2m: '%' },
  hourly: { time: [THIS_HOUR / 1000], temperature_2m: [mean], relative_humidity_2m: [60] },
});

describe('feeds in workerd', () => {
  test('bring what the source has', async () => {
    upstream.answer = forecast;
    expect(await asked(weather)).toEqual([
      {
        id: 'open-meteo',
        rows: [{ site: 'sydney', issuedUtcMs: NOW, utcMs: THIS_HOUR, tempC: mean, rhPct: 60 }],
      },
    ]);
    expect(upstream.headers.at(-1)?.['user-agent']).toBe('isotherm/0.1');
  });

  test('unpack AEMO’s reports', async () => {
    const name = 'PUBLIC_PREDISPATCHIS_202601151030_20260115100336.zip';
    // As long as the real ones, so that they come in pieces.
    const halves = Array.from({ length: 20_000 }, (_, n) => ({
      region: n < 2 ? 'NSW1' : 'QLD1',
      endUtcMs: THIS_HOUR + ((n + 1) * HOUR) / 2,
      rrp: 80 + n,
    }));
    const archive = await zippedReport(name, preDispatch(halves, NOW - HOUR));
    upstream.answer = (request, response) => {
      const isListing = request.url?.endsWith('/');
      response.writeHead(200).end(isListing ? listing('x', [name]) : archive);
    };
    const [answer] = await asked({ price: { kind: 'aemo' } });
    expect(answer?.rows).toEqual([
      { site: 'sydney', issuedUtcMs: NOW - HOUR, utcMs: THIS_HOUR, spotAudPerMwh: 80.5 },
    ]);
  });

  test.each(outages)('%s', async (_, answer, fault, timeoutMs) => {
    upstream.answer = answer;
    const [{ fault: told } = {}] = await asked(weather, timeoutMs);
    expect(told).toMatch(fault);
  });

  test('a key does not follow a redirect; what has none does', async () => {
    const redirect: Answer = (request, response) => {
      if (request.url?.startsWith('/moved')) return forecast(request, response);
      response.writeHead(302, { location: `${upstream.origin()}/moved` }).end();
    };
    upstream.answer = redirect;
    upstream.seen.length = 0;
    const [maps] = await asked({
      carbon: { kind: 'electricity-maps', emissionFactors: 'lifecycle' },
    });
    expect(maps?.fault).toBe('api.electricitymaps.com: HTTP 302');
    expect(upstream.seen).toHaveLength(1);
    // The folder's listing has moved, and is no listing there.
    const [aemo] = await asked({ price: { kind: 'aemo' } });
    expect(aemo?.fault).toMatch(/no reports in PredispatchIS_Reports/);
  });
});
