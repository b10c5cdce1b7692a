import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { slotAt } from '../../src/core/planning/plan.ts';
import { readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { chat, hello, places } from './support/client.ts';
import { runToEnd } from './support/runs.ts';

type Upstream = (request: Request, site: string) => Response | Promise<Response>;

/** Plays all sites' servers; returns the requests they got, by site, in order. */
function playUpstreams(answer: Upstream) {
  const seen: { site: string; request: Request; body: Record<string, unknown> }[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input as RequestInfo, init as RequestInit);
    const host = new URL(request.url).hostname;
    const site = fleet.sites.find((s) => new URL(s.upstream.baseUrl).hostname === host);
    if (!site) throw new Error(`request to an unknown host: ${host}`);
    const text = await request.clone().text();
    seen.push({ site: site.id, request, body: JSON.parse(text) });
    return answer(request, site.id);
  });
  return seen;
}

const completion = (site: string) =>
  Response.json(
    { id: 'x', object: 'chat.completion', site },
    { headers: { server: 'vllm', 'set-cookie': 'a=b' } },
  );

beforeAll(async () => {
  expect((await runToEnd()).planVersion).toBe(1);
});

afterEach(() => vi.restoreAllMocks());

describe('who may ask', () => {
  test.each([
    ['no key', null],
    ['a wrong key', 'sk-wrong'],
    ['the admin token', 'test-admin-token'],
    ['an empty key', ''],
  ])('%s: 401 in OpenAI’s shape, and no upstream hears of it', async (_, key) => {
    const seen = playUpstreams((_r, site) => completion(site));
    const response = await chat(hello(), { key });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_api_key', param: null },
    });
    expect(seen).toHaveLength(0);
  });

  test('models are those of the classes', async () => {
    const response = await exports.default.fetch(
      new Request('https://router.test/v1/models', {
        headers: { authorization: 'Bearer test-client-key' },
      }),
    );
    const { data } = await response.json<{ data: { id: string }[] }>();
    expect(data.map((m) => m.id)).toEqual(fleet.classes.map((c) => c.model));
  });
});

describe('what is asked', () => {
  test.each([
    ['not JSON', '{"model":', 400, 'invalid_json'],
    ['not an object', '[1]', 400, 'invalid_json'],
    ['no model', '{}', 400, 'missing_required_parameter'],
    ['an unknown model', '{"model":"gpt-9"}', 404, 'model_not_found'],
  ])('%s', async (_, body, status, code) => {
    playUpstreams((_r, site) => completion(site));
    const response = await chat(body);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-request-id')).toBeTruthy();
    expect(await response.json()).toMatchObject({ error: { code, message: expect.any(String) } });
  });

  test('a body over the limit is refused', async () => {
    const response = await chat(JSON.stringify(hello({ pad: 'x'.repeat(17 * 1024 * 1024) })));
    expect(response.status).toBe(413);
  });

  test('an unknown URL', async () => {
    const response = await exports.default.fetch(
      new Request('https://router.test/v1/nope', {
        headers: { authorization: 'Bearer test-client-key' },
      }),
    );
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'unknown_url' } });
  });
});

describe('where it goes', () => {
  test('to a site of the plan’s shares for the caller’s zone, under its model name there', async () => {
    const seen = playUpstreams((_r, site) => completion(site));
    const plan = await readPlan(env.DB, 1);
    if (!plan) throw new Error('no plan');
    const { slot } = slotAt(plan.header, Date.now());
    for (const zone of ['sydney', 'hobart'] as const) {
      const planned = plan.slots[slot]?.chat?.[zone]?.map(([site]) => site) ?? [];
      for (let n = 0; n < 20; n++) {
        const response = await chat(hello({ user: `user-${n}`, unknown_field: [1, { a: null }] }), {
          cf: places[zone],
        });
        expect(response.status).toBe(200);
        expect(planned).toContain(response.headers.get('x-isotherm-site'));
        expect(response.headers.get('x-isotherm-plan')).toBe('1');
        await response.text();
      }
    }
    expect(seen[0]?.body).toMatchObject({
      model: 'llama-2-70b-chat',
      unknown_field: [1, { a: null }],
    });
    expect(new URL(seen[0]?.request.url ?? '').pathname).toBe('/v1/chat/completions');
  });

  test('a session stays with its site; shares hold over sessions', async () => {
    playUpstreams((_r, site) => completion(site));
    const plan = await readPlan(env.DB, 1);
    if (!plan) throw new Error('no plan');
    const { slot } = slotAt(plan.header, Date.now());
    // A zone that the plan splits, if there is one this hour.
    const zones = Object.entries(plan.slots[slot]?.chat ?? {});
    const [zone, shares] = zones.sort(
      (a, b) => b[1].length - a[1].length,
    )[0] as (typeof zones)[number];
    const count = new Map<string, number>();
    const sessions = 300;
    for (let n = 0; n < sessions; n++) {
      const headers = { 'x-isotherm-session': `session-${n}`, 'x-isotherm-zone': zone };
      const first = (await chat(hello(), { headers })).headers.get('x-isotherm-site') as string;
      const again = (await chat(hello(), { headers })).headers.get('x-isotherm-site');
      expect(again).toBe(first);
      count.set(first, (count.get(first) ?? 0) + 1);
    }
    for (const [site, share] of shares) {
      const tolerance = 4 * Math.sqrt((share * (1 - share)) / sessions) + 1e-9;
      expect(Math.abs((count.get(site) ?? 0) / sessions - share)).toBeLessThanOrEqual(tolerance);
    }
  });

  test('credentials and headers stay on their side', async () => {
    const seen = playUpstreams((_r, site) => completion(site));
    const response = await chat(hello(), {
      headers: { cookie: 'secret=1', 'x-forwarded-for': '1.2.3.4', 'x-request-id': 'mine-1' },
    });
    const sent = seen[0]?.request.headers;
    expect(sent?.get('authorization')).toBeNull();
    expect(sent?.get('cookie')).toBeNull();
    expect(sent?.get('x-forwarded-for')).toBeNull();
    expect(sent?.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('server')).toBeNull();
    expect(response.headers.get('set-cookie')).toBeNull();
  });
});

describe('when a site fails before its first byte', () => {
  const failures: [string, () => Response][] = [
    [
      'cannot be reached',
      () => {
        throw new TypeError('connect failed');
      },
    ],
    ['says 503', () => new Response('busy', { status: 503 })],
    ['says 429', () => new Response('slow down', { status: 429 })],
    [
      'redirects',
      () => new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } }),
    ],
  ];

  test.each(failures)('%s: the next best answers', async (_, fail) => {
    let first: string | undefined;
    const seen = playUpstreams((_r, site) => {
      first ??= site;
      return site === first ? fail() : completion(site);
    });
    const response = await chat(hello(), { headers: { 'x-isotherm-session': `failing ${_}` } });
    expect(response.status).toBe(200);
    expect(seen.map((s) => s.site)).toHaveLength(2);
    expect(response.headers.get('x-isotherm-site')).toBe(seen[1]?.site);
    expect(seen[1]?.site).not.toBe(seen[0]?.site);
  });

  test('a client’s mistake is not retried: the site’s own error comes through', async () => {
    const seen = playUpstreams(() =>
      Response.json({ error: { message: 'max_tokens is too large' } }, { status: 400 }),
    );
    const response = await chat(hello());
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: 'max_tokens is too large' } });
    expect(seen).toHaveLength(1);
  });

  test('all refuse: the last refusal comes through, with when to come back', async () => {
    const seen = playUpstreams(
      () => new Response('{"error":{}}', { status: 429, headers: { 'retry-after': '7' } }),
    );
    const response = await chat(hello());
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(seen.length).toBe(3);
  });

  test('none can be reached: 503 in OpenAI’s shape', async () => {
    playUpstreams(() => {
      throw new TypeError('connect failed');
    });
    const response = await chat(hello());
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'no_site_available' } });
  });
});

describe('a stream', () => {
  test('passes as it comes, byte for byte', async () => {
    const chunks = ['data: {"a":1}\n\n', 'data: {"b":"é', '"}\n\n', 'data: [DONE]\n\n'];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    playUpstreams(() => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      (async () => {
        await writer.write(new TextEncoder().encode(chunks[0]));
        await gate;
        for (const c of chunks.slice(1)) await writer.write(new TextEncoder().encode(c));
        await writer.close();
      })();
      return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
    });
    const response = await chat(hello({ stream: true }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    // The first chunk is here while the upstream still holds the rest.
    expect(new TextDecoder().decode(first.value)).toBe(chunks[0]);
    release();
    let rest = '';
    const decoder = new TextDecoder();
    for (let r = await reader.read(); !r.done; r = await reader.read()) {
      rest += decoder.decode(r.value, { stream: true });
    }
    expect(rest).toBe(chunks.slice(1).join(''));
  });
});
