import { createExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { creditOf } from '../../src/core/accounting/rate-limit.ts';
import { KeyRing } from '../../src/workers/keys.ts';
import { KeyRates } from '../../src/workers/limits.ts';
import { makeKey, playCounting, settled } from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
});

describe('a key', () => {
  test('opens the data plane at once; neither it nor its hash is shown again', async () => {
    playCounting(() => usage);
    const { id, key } = await makeKey({ name: 'shown once' });
    expect((await chat(hello(), { key })).status).toBe(200);
    const listed = await (await adminCall('GET', '/keys')).text();
    expect(listed).toContain(id);
    expect(listed).not.toContain(key);
    expect(listed).not.toMatch(/[0-9a-f]{64}/);
  });

  test('another with the same public part does not', async () => {
    const { key } = await makeKey();
    const last = key.at(-1) === '0' ? '1' : '0';
    expect((await chat(hello(), { key: key.slice(0, -1) + last })).status).toBe(401);
  });

  test('is no admin token, and is never sent to a site', async () => {
    const { key } = await makeKey();
    expect((await adminCall('GET', '/keys', undefined, key)).status).toBe(401);
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (_url, init) => {
      expect(JSON.stringify([...new Headers(init?.headers)])).not.toContain(key);
      return Response.json({ usage });
    });
    await chat(hello(), { key });
    expect(spy).toHaveBeenCalledOnce();
  });

  test('is refused once revoked, within seconds', async () => {
    playCounting(() => usage);
    const { id, key } = await makeKey();
    expect((await chat(hello(), { key })).status).toBe(200);
    expect((await adminCall('DELETE', `/keys/${id}`)).status).toBe(200);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_001);
    expect((await chat(hello(), { key })).status).toBe(401);
    clock.mockRestore();
  });

  test('is refused once expired', async () => {
    playCounting(() => usage);
    const expires = new Date(Date.now() + 60_000).toISOString();
    const { key } = await makeKey({ expires });
    expect((await chat(hello(), { key })).status).toBe(200);
    const vars = { CLOCK_OFFSET_MS: '60001' };
    expect((await chat(hello(), { key, vars })).status).toBe(401);
  });

  test('asks only for the models it is for', async () => {
    playCounting(() => usage);
    const { key } = await makeKey({ models: ['isotherm-chat'] });
    expect((await chat(hello(), { key })).status).toBe(200);
    const other = await chat(hello({ model: 'isotherm-code' }), { key });
    expect(other.status).toBe(403);
    expect(await other.json()).toMatchObject({ error: { code: 'model_not_allowed' } });
    const list = await exports.default.fetch(
      new Request('https://router.test/v1/models', { headers: { authorization: `Bearer ${key}` } }),
    );
    const { data } = await list.json<{ data: { id: string }[] }>();
    expect(data.map((m) => m.id)).toContain('isotherm-chat');
    expect(data.map((m) => m.id)).not.toContain('isotherm-code');
  });

  test('asks only for the classes it is for', async () => {
    const { key } = await makeKey({ classes: ['code'] });
    expect((await chat(hello(), { key })).status).toBe(403);
  });

  test.each([
    ['without a name', {}, 'name'],
    ['for an unknown model', { name: 'x', models: ['gpt-9'] }, 'models[0]'],
    ['without a right', { name: 'x', requestsPerMinute: 0 }, 'requestsPerMinute'],
    ['with a field nobody knows', { name: 'x', admin: true }, 'admin'],
  ])('%s is not made', async (_, input, named) => {
    const response = await adminCall('POST', '/keys', input);
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain(named);
  });

  test('that is known serves on while D1 does not answer', async () => {
    playCounting(() => usage);
    const { key } = await makeKey();
    await chat(hello(), { key });
    vi.spyOn(console, 'error').mockReturnValue();
    const DB = {
      withSession: () => {
        throw new Error('D1 is down');
      },
    };
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 30_000);
    const vars = { DB } as unknown as Record<string, string>;
    const response = await chat(hello(), { key, vars });
    expect(response.status).toBe(200);
    clock.mockRestore();
  });
});

describe('isolates', () => {
  test('share a limit: together they exceed it by their credits at most', async () => {
    const perMinute = 200;
    const sides = Array.from(
      { length: 4 },
      () => new KeyRates('shared', { requests: perMinute, tokens: 1_000_000 }),
    );
    const begunMs = Date.now();
    let served = 0;
    for (let n = 0; n < 150; n++) {
      const ctx = createExecutionContext();
      const limits = await Promise.all(
        sides.map((side) => side.spend({ requests: 1, tokens: 10 }, env, ctx)),
      );
      served += limits.filter((limit) => limit === undefined).length;
    }
    const filled = ((Date.now() - begunMs) / 60_000) * perMinute;
    expect(served).toBeLessThanOrEqual(perMinute + filled + sides.length * creditOf(perMinute));
    // Leases that stay behind with one isolate are no more than a tenth each.
    expect(served).toBeGreaterThanOrEqual(0.6 * perMinute);
  });

  test('let their credit through, and no more, while the object cannot be asked', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const KEY_LIMITS = {
      getByName: () => {
        throw new Error('unreachable');
      },
    } as unknown as typeof env.KEY_LIMITS;
    const side = new KeyRates('alone', { requests: 100 });
    const ctx = createExecutionContext();
    let served = 0;
    for (let n = 0; n < 50; n++) {
      const limit = await side.spend({ requests: 1, tokens: 0 }, { ...env, KEY_LIMITS }, ctx);
      if (limit === undefined) served++;
    }
    expect(served).toBe(creditOf(100));
  });

  test('that have never reached D1 say so, and do not call a key wrong', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    const DB = {
      withSession: () => {
        throw new Error('D1 is down');
      },
    } as unknown as D1Database;
    const { key } = await makeKey();
    const fresh = () => new KeyRing(() => ({ costNanoAud: 0, carbonMg: 0 }));
    const ctx = createExecutionContext();
    expect(await fresh().find(key, Date.now(), DB, ctx)).toBe('unavailable');
    expect(await fresh().find(key, Date.now(), env.DB, ctx)).toMatchObject({ name: 'test' });
    expect(await fresh().find('sk-other', Date.now(), DB, ctx)).toBe('unknown');
  });
});

describe('limits', () => {
  test('requests a minute: headers say what is left, and the one above gets a 429', async () => {
    playCounting(() => usage);
    const { key } = await makeKey({ requestsPerMinute: 5 });
    const statuses: number[] = [];
    let refused: Response | undefined;
    for (let n = 0; n < 12; n++) {
      const response = await chat(hello(), { key });
      statuses.push(response.status);
      expect(response.headers.get('x-ratelimit-limit-requests')).toBe('5');
      expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^\d/);
      if (response.status === 429) refused ??= response;
    }
    const served = statuses.filter((s) => s === 200).length;
    expect(served).toBeGreaterThanOrEqual(5);
    // One isolate's credit is one request here.
    expect(served).toBeLessThanOrEqual(6);
    expect(refused?.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.json()).toMatchObject({
      error: { type: 'requests', code: 'rate_limit_exceeded' },
    });
  });

  test('tokens a minute: a request above the whole limit is not to be tried again', async () => {
    const { key } = await makeKey({ tokensPerMinute: 100 });
    const response = await chat(hello({ max_tokens: 1000 }), { key });
    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { type: 'tokens' } });
  });

  test('tokens are corrected to what a request took', async () => {
    playCounting(() => ({ prompt_tokens: 3, completion_tokens: 2 }));
    const { key } = await makeKey({ tokensPerMinute: 1000 });
    // Each is taken for over 900 tokens, and takes 5.
    for (let n = 0; n < 6; n++) {
      const response = await chat(hello({ max_tokens: 900 }), { key });
      expect(response.status).toBe(200);
      await response.text();
      await settled();
    }
  });

  test('a budget of carbon that is spent: insufficient_quota until next month', async () => {
    playCounting(() => ({ prompt_tokens: 4000, completion_tokens: 1000 }));
    const { key } = await makeKey({ budgetKgCo2ePerMonth: 0.001 });
    let response = await chat(hello(), { key });
    for (let n = 0; n < 20 && response.status === 200; n++) {
      await response.text();
      await settled();
      response = await chat(hello(), { key });
    }
    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({
      error: { type: 'insufficient_quota', code: 'insufficient_quota' },
    });
    // The ledger knows it, too: another isolate, or this one after a while, would say the same.
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 10_001);
    expect((await chat(hello(), { key })).status).toBe(429);
    clock.mockRestore();
  });
});
