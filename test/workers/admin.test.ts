import {
  createExecutionContext,
  createScheduledController,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';
import type { PublicSite } from '../../src/core/model/fleet.ts';
import { floorToHour } from '../../src/core/model/time.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import type { PlanViewBody } from '../../src/core/planning/plan-view.ts';
import { currentVersion } from '../../src/store/plans.ts';
import { writeSiteInputs } from '../../src/store/site-inputs.ts';
import { elapsedMs, now } from '../../src/workers/env.ts';
import { fleet, fleetDigest } from '../../src/workers/fleet.ts';
import { refreshInputs } from '../../src/workers/inputs.ts';
import worker from '../../src/workers/main.ts';
import { deploymentSettings, optimize } from '../../src/workers/optimize.ts';
import type { RunRecord } from '../../src/workers/run-store.ts';
import { status } from '../../src/workers/status.ts';
import { adminCall } from './support/client.ts';
import { finish, runToEnd } from './support/runs.ts';

test('the system’s clock runs at its rate from an instant on, and time elapsed is true time', () => {
  const at = Date.UTC(2026, 0, 15);
  const clock = (vars: object) => ({ ...env, ...vars });
  vi.spyOn(Date, 'now').mockReturnValue(at + 2000);
  const fast = clock({ CLOCK_OFFSET_MS: '500', CLOCK_RATE: '60', CLOCK_FROM_MS: `${at}` });
  expect(now(fast)).toBe(at + 500 + 120_000);
  expect(elapsedMs(fast, at + 500 + 60_000)).toBe(1000);
  for (const vars of [{ CLOCK_FROM_MS: '0' }, { CLOCK_RATE: '0.5' }, { CLOCK_RATE: 'x' }]) {
    expect(now({ ...fast, ...vars })).toBe(at + 2500);
  }
  vi.restoreAllMocks();
});

describe('the admin API', () => {
  test.each([
    ['no token', null],
    ['a wrong token', 'nope'],
    ['a client key', 'test-client-key'],
    ['an empty token', ''],
  ])('%s: 401, whatever is asked', async (_, token) => {
    for (const [method, path] of [
      ['GET', '/plan'],
      ['POST', '/optimize'],
      ['PUT', '/inputs'],
      ['GET', '/nothing'],
    ] as const) {
      const response = await adminCall(method, path, undefined, token);
      expect(response.status).toBe(401);
      await response.text();
    }
  });

  test('before the first plan: 404, and sites without one', async () => {
    expect((await adminCall('GET', '/plan')).status).toBe(404);
    expect((await adminCall('GET', '/prices')).status).toBe(404);
    const { sites } = await (await adminCall('GET', '/sites')).json<{ sites: { plan: null }[] }>();
    expect(sites).toHaveLength(14);
    expect(sites[0]?.plan).toBeNull();
  });

  test('tells registry, migrations and keys, also where migrations were never applied', async () => {
    const told = async () =>
      (await adminCall('GET', '/deployment')).json<{ migrations: string[] }>();
    const names = env.TEST_MIGRATIONS.map((m) => m.name);
    expect(await told()).toMatchObject({
      registry: fleetDigest(),
      migrations: names,
      hasClientKeys: true,
    });
    await env.DB.prepare('ALTER TABLE d1_migrations RENAME TO elsewhere').run();
    expect((await told()).migrations).toEqual([]);
    await env.DB.prepare('ALTER TABLE elsewhere RENAME TO d1_migrations').run();
    expect((await told()).migrations).toEqual(names);
  });

  test('runs an optimization and shows the plan with its certificate', async () => {
    const response = await adminCall('POST', '/optimize', { gapTarget: 0.01 });
    expect(response.status).toBe(202);
    const { runId } = await response.json<RunRecord>();
    await finish();
    const plan = await (await adminCall('GET', '/plan')).json<{
      header: Record<string, unknown>;
      slots: unknown[];
    }>();
    expect(plan.header).toMatchObject({ runId, certificate: { gap: expect.any(Number) } });
    expect(plan.slots).toHaveLength(24);
    const { sites } = await (await adminCall('GET', '/sites')).json<{
      sites: { id: string; plan: { share: number } }[];
    }>();
    expect(sites.reduce((sum, s) => sum + s.plan.share, 0)).toBeCloseTo(1, 6);
    // No cost data leaves a site, not even here.
    expect(JSON.stringify(sites)).not.toMatch(/"(cost|tariff|cooling|rateAudPerKwh|idle)"/);
  });

  test.each([
    ['not JSON', '{', /not JSON/],
    ['a bad setting', { gapTarget: 2 }, /gapTarget/],
    ['an unknown setting', { gapTargt: 0.1 }, /gapTargt/],
  ])('bad settings (%s) name what is wrong', async (_, body, message) => {
    const response = await adminCall('POST', '/optimize', body);
    expect(response.status).toBe(400);
    expect((await response.json<{ error: string }>()).error).toMatch(message);
  });

  test('shows what a request more would cost, by slot, class and zone', async () => {
    const { slots } = await (await adminCall('GET', '/prices')).json<{
      slots: {
        utc: string;
        audPerRequest: Record<string, Record<string, number>>;
        carbonAudPerRequest: Record<string, Record<string, number>>;
        waterLPerRequest: Record<string, Record<string, number>>;
      }[];
    }>();
    expect(Date.parse(slots[1]?.utc ?? '') - Date.parse(slots[0]?.utc ?? '')).toBe(MS_PER_HOUR);
    expect(slots).toHaveLength(24);
    for (const slot of slots) {
      for (const cls of fleet.classes) {
        const prices = slot.audPerRequest[cls.id] ?? {};
        expect(Object.keys(prices)).toEqual(fleet.zones.map((z) => z.id));
        for (const aud of Object.values(prices)) {
          expect(aud).toBeGreaterThan(0);
          expect(aud).toBeLessThan(fleet.prices.unservedAudPerRequest);
        }
        for (const [zone, aud] of Object.entries(slot.carbonAudPerRequest[cls.id] ?? {})) {
          expect(aud).toBeGreaterThan(0);
          expect(aud).toBeLessThan(prices[zone] ?? 0);
          expect(slot.waterLPerRequest[cls.id]?.[zone]).toBeGreaterThan(0);
        }
      }
    }
  });

  test('the deployment’s own settings hold unless a call says otherwise', () => {
    const settings = (json: string) => deploymentSettings({ ...env, OPTIMIZER_SETTINGS: json });
    expect(settings('{}')).toEqual({});
    expect(settings('')).toEqual({});
    expect(settings('{"mode":"supply","gapTarget":0.0005}')).toEqual({
      mode: 'supply',
      gapTarget: 0.0005,
    });
    expect(() => settings('{"mode":"fast"}')).toThrow(/OPTIMIZER_SETTINGS: mode/);
    expect(() => settings('{"speed":1}')).toThrow(/OPTIMIZER_SETTINGS/);
    expect(() => settings('supply')).toThrow(/OPTIMIZER_SETTINGS: not JSON/);
  });

  test('with its own settings in force, a run uses them', async () => {
    const run = await optimize({ ...env, OPTIMIZER_SETTINGS: '{"mode":"supply"}' }, 'test', {
      gapTarget: 0.002,
    });
    expect(run).toMatchObject({ mode: 'supply', gapTarget: 0.002 });
    expect((await finish()).status).toBe('published');
  });

  test('fed inputs reach the plan, with their source; the rest stays embedded', async () => {
    const startUtcMs = floorToHour(Date.now());
    const hours = Array.from({ length: 24 }, (_, t) => ({
      site: 'hobart',
      utc: new Date(startUtcMs + t * MS_PER_HOUR).toISOString(),
      tempC: -5,
      rhPct: 50,
    }));
    const put = await adminCall('PUT', '/inputs', { source: 'my weather station', hours });
    expect(await put.json()).toEqual({ written: 24 });
    await runToEnd();
    const { header } = await (await adminCall('GET', '/plan')).json<{
      header: {
        sites: {
          site: string;
          tempC: number;
          sources: { weather: { source: string }; carbon: { source: string } };
        }[];
      };
    }>();
    const hobart = header.sites.find((s) => s.site === 'hobart');
    expect(hobart).toMatchObject({
      tempC: -5,
      sources: { weather: { source: 'my weather station' } },
    });
    expect(hobart?.sources.carbon.source).toMatch(/NGA/);
    expect(header.sites.find((s) => s.site === 'sydney')?.sources.weather.source).toMatch(
      /climatology/,
    );
  });

  test.each([
    ['temperature out of range', { tempC: 99 }, /hours\[0\]\.tempC/],
    ['a site that is not there', { site: 'atlantis' }, /hours\[0\]\.site/],
    ['a day that is not', { utc: '2022-02-30T00:00Z' }, /hours\[0\]\.utc: is not a date/],
    ['half of the weather', { rhPct: undefined }, /hours\[0\]\.rhPct: tempC and rhPct/],
    ['nothing fed', { tempC: undefined, rhPct: undefined }, /hours\[0\]: has none of/],
    ['half an hour', { utc: '2026-01-01T00:30Z' }, /hours\[0\]\.utc: must be a full UTC hour/],
    ['NaN, which JSON writes as null', { rhPct: null }, /hours\[0\]\.rhPct/],
  ])('%s is refused by its path, and nothing is written', async (_, change, message) => {
    const hour = { site: 'sydney', utc: '2026-01-01T00:00Z', tempC: 20, rhPct: 50 };
    const response = await adminCall('PUT', '/inputs', {
      source: 's',
      hours: [{ ...hour, ...change }],
    });
    expect(response.status).toBe(400);
    expect((await response.json<{ error: string }>()).error).toMatch(message);
    const rows = await env.DB.prepare(
      "SELECT count(*) AS n FROM site_inputs WHERE weather_source = 's'",
    ).first('n');
    expect(rows).toBe(0);
  });

  test('feeds of weather, price and carbon leave one another’s values alone', async () => {
    const startUtcMs = floorToHour(Date.now());
    const put = async (source: string, values: object) => {
      const hour = { site: 'darwin', utc: new Date(startUtcMs).toISOString(), ...values };
      const response = await adminCall('PUT', '/inputs', { source, hours: [hour] });
      expect(response.status).toBe(200);
    };
    await put('prices', { spotAudPerMwh: -30 });
    await put('carbon', { carbonKgPerKwh: 0.7 });
    await put('weather', { tempC: 31, rhPct: 80 });
    await put('weather', { tempC: 32, rhPct: 70, spotAudPerMwh: null });
    const inputsFor = (change: Partial<PublicSite>) => {
      const sites = fleet.sites.map((s) => (s.id === 'darwin' ? { ...s, ...change } : s));
      return refreshInputs(env.DB, { ...fleet, sites }, startUtcMs, 1);
    };
    const j = fleet.sites.findIndex((s) => s.id === 'darwin');
    const series = (await inputsFor({ paysSpot: true })).sites[j];
    expect(series).toMatchObject({
      tempC: new Float64Array([32]),
      rhPct: new Float64Array([70]),
      spotAudPerMwh: new Float64Array([-30]),
      carbonKgPerKwh: new Float64Array([0.7]),
      sources: {
        weather: { source: 'weather' },
        price: { source: 'prices' },
        carbon: { source: 'carbon', placeholder: false },
      },
    });
    // A site that does not pay the wholesale price does not name its source.
    const contract = (await inputsFor({})).sites[j];
    expect(contract?.sources.price.source).toBe('contract tariff');
  });

  test('a body over the limit: 413', async () => {
    const response = await adminCall('PUT', '/inputs', 'x'.repeat(4 * 1024 * 1024 + 1));
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ error: 'body: over 4194304 bytes' });
  });

  test('rows of before there were groups keep their source in each', async () => {
    const run = (queries: string[] = []) => env.DB.batch(queries.map((q) => env.DB.prepare(q)));
    const [initial, groups, ...later] = env.TEST_MIGRATIONS;
    const ofInputs = (q: string) => q.includes('site_inputs');
    await env.DB.exec('DROP TABLE site_inputs');
    await run(initial?.queries.filter(ofInputs));
    await env.DB.exec("INSERT INTO site_inputs VALUES ('perth', 0, 20, 50, NULL, 0.5, 'old', 7)");
    await run(groups?.queries);
    await run(later.flatMap((migration) => migration.queries.filter(ofInputs)));
    expect(await env.DB.prepare('SELECT * FROM site_inputs').all()).toMatchObject({
      results: [
        {
          site_id: 'perth',
          temp_c: 20,
          weather_source: 'old',
          price_source: null,
          carbon_kg_per_kwh: 0.5,
          carbon_source: 'old',
          updated_utc_ms: 7,
        },
      ],
    });
  });
});

describe('inputs that grow old', () => {
  const feed = (site: string, hoursAgo: number) => {
    const utcMs = floorToHour(Date.now()) - hoursAgo * MS_PER_HOUR;
    const utc = new Date(utcMs).toISOString();
    return writeSiteInputs(env.DB, [{ site, utc, tempC: 20, rhPct: 50 }], 'feed', utcMs);
  };

  test('are noted, by site', async () => {
    await env.DB.exec('DELETE FROM site_inputs');
    await feed('cairns', 60);
    await feed('hobart', 60);
    await feed('hobart', 25);
    const { sites } = await (await adminCall('GET', '/sites')).json<{
      sites: { id: string; inputs: { stale: boolean } | null }[];
    }>();
    const inputs = Object.fromEntries(sites.map((s) => [s.id, s.inputs?.stale]));
    expect(inputs).toMatchObject({ cairns: true, hobart: false, sydney: undefined });
    expect((await status(env)).staleInputs).toEqual(['cairns']);
  });

  test('go after 60 days, with the cron', async () => {
    await feed('cairns', 61 * 24);
    await feed('cairns', 59 * 24);
    await worker.scheduled(createScheduledController({ cron: '*/15 * * * *' }), env);
    const oldest = await env.DB.prepare('SELECT min(utc_ms) FROM site_inputs').first<number>(
      'min(utc_ms)',
    );
    expect(oldest).toBe(floorToHour(Date.now()) - 59 * 24 * MS_PER_HOUR);
    await finish();
  });
});

describe('cron', () => {
  test('plans anew', async () => {
    const before = (await currentVersion(env.DB)) ?? 0;
    const ctx = createExecutionContext();
    await worker.scheduled(createScheduledController({ cron: '*/15 * * * *' }), env);
    await waitOnExecutionContext(ctx);
    expect((await finish()).trigger).toBe('cron');
    expect(await currentVersion(env.DB)).toBe(before + 1);
  });
});

test('settings nobody can read do not stop the cron', async () => {
  const spoilt = { ...env, OPTIMIZER_SETTINGS: '{"mode":' };
  await worker.scheduled(createScheduledController({ cron: '*/15 * * * *' }), spoilt);
  expect(await finish()).toMatchObject({ trigger: 'cron', status: 'published', mode: 'learned' });
});

describe('the status page', () => {
  test('is served, and its data needs the token unless made public', async () => {
    const ctx = createExecutionContext();
    const get = (path: string, over: object = {}) =>
      worker.fetch(new Request(`https://router.test${path}`), { ...env, ...over }, ctx);
    expect(await (await get('/')).text()).toContain('<title>Isotherm</title>');
    expect((await get('/status.json')).status).toBe(401);
    const open = await get('/status.json', { PUBLIC_STATUS: 'true' });
    expect(await open.json()).toMatchObject({
      fleet: fleet.name,
      plan: { version: expect.any(Number), stale: false },
      latestRun: { status: 'published' },
      lastFailure: null,
      staleInputs: expect.any(Array),
      madeUpReqPerS: null,
    });
    const made = await status({ ...env, MADE_UP_REQ_PER_S: '2.5' });
    expect(made.madeUpReqPerS).toBe(2.5);
    // An open page is read at most every 5 s, however many look at it.
    const again = async (over: object, init = {}) => {
      const request = new Request('https://router.test/status.json', init);
      const response = await worker.fetch(request, { ...env, ...over }, ctx);
      return (await response.json<{ nowUtcMs: number }>()).nowUtcMs;
    };
    const shown = await again({ PUBLIC_STATUS: 'true' });
    await scheduler.wait(5);
    expect(await again({ PUBLIC_STATUS: 'true' })).toBe(shown);
    const headers = { authorization: 'Bearer test-admin-token' };
    expect(await again({}, { headers })).toBeGreaterThan(shown);
  });

  test('its view of the plan and its events need the same, and are what it draws', async () => {
    const ctx = createExecutionContext();
    const get = (path: string, over: object = {}) =>
      worker.fetch(new Request(`https://router.test${path}`), { ...env, ...over }, ctx);
    for (const path of ['/view.json', '/now.json', '/events', '/history.json'])
      expect((await get(path)).status).toBe(401);
    const open = { PUBLIC_STATUS: 'true' };
    const text = await (await get('/view.json', open)).text();
    const view = JSON.parse(text) as PlanViewBody;
    expect(view.version).toBe(await currentVersion(env.DB));
    expect(view.fleet.sites.map((s) => s.id)).toEqual(fleet.sites.map((s) => s.id));
    expect(view.slots).toHaveLength(24);
    expect(view.slots?.[0]?.plan.carbonKgPerH).toBeGreaterThan(0);
    // Addresses and models of the sites' servers are nobody's business here.
    for (const { upstream } of fleet.sites) expect(text).not.toContain(upstream.baseUrl);

    const past = await (await get('/history.json', open)).json<{ plans: { version: number }[] }>();
    expect(past.plans[0]).toMatchObject({ version: view.version, rounds: expect.any(Number) });
    expect(view.moves?.sinceVersion).toBe(past.plans[1]?.version);

    const response = await get('/events', open);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    expect(first).toMatch(/^event: status\ndata: \{.*\}\n\n$/);
    expect(JSON.parse(first.split('data: ')[1] as string)).toMatchObject({
      fleet: fleet.name,
      plan: { version: view.version },
    });
    await reader.cancel();
  });

  test('its files come with a strict policy', async () => {
    const ctx = createExecutionContext();
    const { headers } = await worker.fetch(new Request('https://router.test/'), env, ctx);
    const policy = headers.get('content-security-policy') as string;
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });
});
