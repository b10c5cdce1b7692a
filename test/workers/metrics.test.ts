import { createExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import worker from '../../src/workers/main.ts';
import { boardOf } from '../../src/workers/optimize.ts';
import { health } from '../../src/workers/site-health.ts';
import { makeKey, playCounting, settled } from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';
import { completion, playUpstreams } from './support/upstreams.ts';

/** What operators can see of sites and requests from outside. */

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
  vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
  health.clear();
});

async function metricsText(): Promise<string> {
  const headers = { authorization: 'Bearer test-admin-token' };
  const request = new Request('https://router.test/metrics', { headers });
  return (await exports.default.fetch(request)).text();
}

describe('metrics of sites', () => {
  test('an ejection is counted once, with its site and reason', async () => {
    let first: string | undefined;
    playUpstreams((_r, site) => {
      first ??= site;
      if (site === first) throw new TypeError('connect failed');
      return completion(site);
    });
    for (let n = 0; n < 6; n++) expect((await chat(hello())).status).toBe(200);
    await settled();
    const lines = (await metricsText()).split('\n').filter((l) => l.includes('ejections_total{'));
    expect(lines).toEqual([`isotherm_ejections_total{site="${first}",reason="failures"} 1`]);
  });

  test('a site that most attempts find down is shown as such, and no other', async () => {
    const up = await metricsText();
    expect(up).toContain('isotherm_site_down{site="sydney"} 0');
    await boardOf(env).exchange({ sydney: { good: 1, bad: 30 } }, 'a');
    const text = await metricsText();
    expect(text).toContain('isotherm_site_down{site="sydney"} 1');
    expect(text.match(/isotherm_site_down\{.*\} 1/g)).toHaveLength(1);
  });

  test('one that is drained on purpose, too', async () => {
    expect(await metricsText()).toContain('isotherm_site_drained{site="perth"} 0');
    await (await adminCall('PATCH', '/sites/perth', { drained: true })).text();
    const text = await metricsText();
    expect(text).toContain('isotherm_site_drained{site="perth"} 1');
    expect(text.match(/isotherm_site_drained\{.*\} 1/g)).toHaveLength(1);
    await (await adminCall('PATCH', '/sites/perth', { drained: false })).text();
  });
});

describe('a data point of Analytics Engine', () => {
  /** Takes what Analytics Engine takes, by its documented limits. */
  function dataset() {
    const points: AnalyticsEngineDataPoint[] = [];
    const ANALYTICS: AnalyticsEngineDataset = {
      writeDataPoint(point = {}) {
        const { indexes = [], blobs = [], doubles = [] } = point;
        if (indexes.length > 1 || blobs.length > 20 || doubles.length > 20)
          throw new TypeError('too many fields');
        if (indexes.some((i) => typeof i !== 'string' || i.length > 96))
          throw new TypeError('index is not a string of up to 96 bytes');
        if (blobs.some((b) => typeof b !== 'string')) throw new TypeError('blob is no string');
        if (!doubles.every(Number.isFinite)) throw new TypeError('double is no number');
        points.push(point);
      },
    };
    return { points, vars: { ANALYTICS } as unknown as Record<string, string> };
  }

  const secret = 'what nobody may know';
  const body = (more: object = {}) =>
    hello({ messages: [{ role: 'user', content: secret }], user: 'somebody', ...more });

  test.each([false, true])('has what became of a request; streamed: %s', async (stream) => {
    playCounting(() => ({ prompt_tokens: 20, completion_tokens: 7 }));
    const { id, key } = await makeKey();
    const { points, vars } = dataset();
    const response = await chat(body({ stream }), { key, vars });
    const answer = await response.text();
    await vi.waitFor(() => expect(points).toHaveLength(1));
    const [point] = points;
    expect(point?.indexes).toEqual([id]);
    const site = response.headers.get('x-isotherm-site');
    expect(point?.blobs).toEqual([site, 'sydney', 'chat', 'chat/completions', 'ok', '']);
    const [status, ttftMs, durationMs, prompt, completed, energyMilliWh, carbonMg] =
      point?.doubles ?? [];
    expect([status, prompt, completed]).toEqual([200, 20, 7]);
    expect(point?.doubles).toHaveLength(7);
    if (stream) expect(ttftMs).toBeGreaterThanOrEqual(0);
    else expect(ttftMs).toBe(-1);
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(energyMilliWh).toBeGreaterThan(0);
    expect(carbonMg).toBeGreaterThan(0);
    const written = JSON.stringify(points);
    for (const hidden of [secret, key, 'somebody', answer.slice(6, 30)])
      expect(written).not.toContain(hidden);
  });

  test('is left by a request that nobody answered, too', async () => {
    playUpstreams(() => Response.json({ error: {} }, { status: 500 }));
    const { points, vars } = dataset();
    expect((await chat(body(), { vars })).status).toBe(502);
    await vi.waitFor(() => expect(points).toHaveLength(1));
    expect(points[0]?.indexes).toEqual(['configured']);
    const outcome = ['unavailable', 'site_fault'];
    expect(points[0]?.blobs).toEqual(['', 'sydney', 'chat', 'chat/completions', ...outcome]);
    expect(points[0]?.doubles?.slice(3)).toEqual([0, 0, 0, 0]);
  });

  test.each([
    ['a key that opens nothing', 'POST', 'chat/completions', 'sk-planted', 401, 'rejected'],
    ['the list of models', 'GET', 'models', undefined, 200, 'ok'],
    ['a model that is none', 'GET', 'models/none', undefined, 404, 'rejected'],
    ['no such URL', 'POST', 'nowhere', undefined, 404, 'rejected'],
    ['a body that is none', 'POST', 'chat/completions', undefined, 400, 'rejected'],
  ])('is left by a request that needed no route: %s', async (_, method, path, wrong, ...end) => {
    const { id, key } = await makeKey();
    const { points, vars } = dataset();
    const request = new Request(`https://router.test/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${wrong ?? key}` },
      body: method === 'POST' ? '{"planted' : undefined,
    });
    const [status, outcome] = end;
    const response = await worker.fetch(request, { ...env, ...vars }, createExecutionContext());
    expect(response.status).toBe(status);
    await vi.waitFor(() => expect(points).toHaveLength(1));
    const [point] = points;
    expect(point?.indexes).toEqual([wrong ? 'none' : id]);
    expect(point?.blobs?.slice(4)).toEqual([
      outcome,
      response.headers.get('x-isotherm-error') ?? '',
    ]);
    expect(point?.doubles?.[0]).toBe(status);
    expect(JSON.stringify(points)).not.toContain('planted');
  });
});
