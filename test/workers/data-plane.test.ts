import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { publishPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { health } from '../../src/workers/site-health.ts';
import { chat, hello, places } from './support/client.ts';
import { draft, slots, split } from './support/plans.ts';
import { completion, events, never, playUpstreams } from './support/upstreams.ts';

/** Within four standard deviations of the plan's split. */
function expectShares(count: Map<string, number>, sessions: number): void {
  for (const [site, share] of split) {
    const tolerance = 4 * Math.sqrt((share * (1 - share)) / sessions);
    expect(Math.abs((count.get(site) ?? 0) / sessions - share)).toBeLessThanOrEqual(tolerance);
  }
}

beforeAll(async () => {
  expect((await publishPlan(env.DB, draft('explicit'), slots())).header.version).toBe(1);
});

afterEach(() => {
  vi.restoreAllMocks();
  health.clear();
});

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

  test.each([
    ['isotherm-code', 200, { id: 'isotherm-code', object: 'model' }],
    ['gpt-9', 404, { error: { code: 'model_not_found' } }],
  ])('one model by its name: %s', async (id, status, body) => {
    const response = await exports.default.fetch(
      new Request(`https://router.test/v1/models/${id}`, {
        headers: { authorization: 'Bearer test-client-key' },
      }),
    );
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(body);
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

  test.each([
    [1e12, 400],
    ['many', 400],
    [-1, 400],
    [1.5, 400],
    [0, 200],
    [null, 200],
    [4096, 200],
  ])('max_tokens %s', async (max_tokens, status) => {
    const seen = playUpstreams((_r, site) => completion(site));
    const response = await chat(hello({ max_tokens }));
    const body = await response.json();
    expect(response.status).toBe(status);
    expect(seen).toHaveLength(status === 200 ? 1 : 0);
    if (status === 200) expect(seen[0]?.body.max_tokens).toBe(max_tokens);
    else expect(body).toMatchObject({ error: { param: 'max_tokens' } });
  });

  test('a body that is not UTF-8 is refused, and no site hears of it', async () => {
    const seen = playUpstreams((_r, site) => completion(site));
    const text = JSON.stringify(hello({ user: 'XX' }));
    const bytes = new TextEncoder().encode(text);
    bytes[text.indexOf('XX')] = 0xc3;
    const response = await exports.default.fetch(
      new Request('https://router.test/v1/chat/completions', {
        method: 'POST',
        headers: { authorization: 'Bearer test-client-key' },
        body: bytes,
      }),
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_json' } });
    expect(seen).toHaveLength(0);
  });

  test('a body over the limit is refused', async () => {
    const response = await chat(JSON.stringify(hello({ pad: 'x'.repeat(8 * 1024 * 1024) })));
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
    const planned = split.map(([site]) => site);
    for (const zone of ['sydney', 'hobart'] as const) {
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
    const count = new Map<string, number>();
    const sessions = 300;
    for (let n = 0; n < sessions; n++) {
      const headers = { 'x-isotherm-session': `session-${n}`, 'x-isotherm-zone': 'hobart' };
      const first = (await chat(hello(), { headers })).headers.get('x-isotherm-site') as string;
      const again = (await chat(hello(), { headers })).headers.get('x-isotherm-site');
      expect(again).toBe(first);
      count.set(first, (count.get(first) ?? 0) + 1);
    }
    expectShares(count, sessions);
  });

  test('conversations that share a long system prompt are spread like any', async () => {
    playUpstreams((_r, site) => completion(site));
    const system = { role: 'system', content: 'You are a patient assistant. '.repeat(200) };
    const count = new Map<string, number>();
    for (let n = 0; n < 100; n++) {
      const messages = [system, { role: 'user', content: `question ${n}` }];
      const site = (await chat(hello({ messages }))).headers.get('x-isotherm-site') as string;
      count.set(site, (count.get(site) ?? 0) + 1);
    }
    expectShares(count, 100);
  });

  test('a conversation stays at its site as it grows, with a system message or without', async () => {
    playUpstreams((_r, site) => completion(site));
    for (const opening of [[], [{ role: 'system', content: 'Be brief.' }]]) {
      for (let n = 0; n < 12; n++) {
        const messages = [...opening, { role: 'user', content: `question ${n}` }];
        const first = (await chat(hello({ messages }))).headers.get('x-isotherm-site');
        messages.push({ role: 'assistant', content: 'yes' }, { role: 'user', content: 'why?' });
        const second = (await chat(hello({ messages }))).headers.get('x-isotherm-site');
        expect(second).toBe(first);
      }
    }
  });

  test('past the plan’s horizon its label says so', async () => {
    playUpstreams((_r, site) => completion(site));
    const vars = { CLOCK_OFFSET_MS: String(3 * 86_400_000) };
    const response = await chat(hello(), { vars });
    expect(response.headers.get('x-isotherm-plan')).toBe('1 stale');
  });

  test('a zone that is none is answered with those there are', async () => {
    const response = await chat(hello(), { headers: { 'x-isotherm-zone': 'nowhere' } });
    expect(response.status).toBe(400);
    const { error } = await response.json<{ error: { code: string; message: string } }>();
    expect(error.code).toBe('invalid_zone');
    for (const zone of fleet.zones) expect(error.message).toContain(zone.id);
  });

  test('a site gets its own key, and no other’s', async () => {
    const seen = playUpstreams((_r, site) => completion(site));
    const vars = { UPSTREAM_KEY_SYDNEY: 'of sydney', UPSTREAM_KEY_ADELAIDE: 'of adelaide' };
    for (let n = 0; n < 30; n++) await chat(hello({ user: `user-${n}` }), { vars });
    expect(new Set(seen.map((s) => s.site)).size).toBe(3);
    for (const { site, request } of seen) {
      const expected = site === 'melbourne' ? null : `Bearer of ${site}`;
      expect(request.headers.get('authorization')).toBe(expected);
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
    ['refuses its key', () => new Response('bad key', { status: 401 })],
    ['forbids', () => new Response('no', { status: 403 })],
    ['lacks the model', () => new Response('llama-2-70b-chat does not exist', { status: 404 })],
    ['breaks', () => new Response('oops', { status: 500 })],
    ['is unreachable for Cloudflare', () => new Response('error 522', { status: 522 })],
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
    expect(health.isOut(first as string, Date.now())).toBe(false);
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

  test('all are at fault: 502 of our own, without theirs', async () => {
    const seen = playUpstreams(() => new Response('llama-2-70b-chat: bad key', { status: 401 }));
    const response = await chat(hello());
    expect(response.status).toBe(502);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'site_fault', type: 'server_error' } });
    expect(text).not.toContain('llama');
    expect(seen).toHaveLength(3);
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

describe('a site that takes long', () => {
  test('without a stream has longer than to a first byte', async () => {
    const seen = playUpstreams(async (_r, site) => {
      await scheduler.wait(150);
      return completion(site);
    });
    const response = await chat(hello(), { vars: { FIRST_BYTE_DEADLINE_MS: '50' } });
    expect(response.status).toBe(200);
    expect(seen).toHaveLength(1);
  });

  test('too long without a stream: 504, and no other is asked', async () => {
    const seen = playUpstreams(never);
    const response = await chat(hello(), { vars: { COMPLETION_DEADLINE_MS: '50' } });
    expect(response.status).toBe(504);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { code: 'completion_timeout' } });
    expect(seen).toHaveLength(1);
  });

  const silent = () =>
    events(new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) }));
  const empty = () => events('');

  test.each<[string, (request: Request) => Response | Promise<Response>]>([
    ['no headers', never],
    ['headers, but no first byte', silent],
    ['a stream without a byte', empty],
  ])('with a stream, %s: the next one is asked', async (_, slow) => {
    let first: string | undefined;
    const seen = playUpstreams((request, site) => {
      first ??= site;
      return site === first ? slow(request) : events('data: [DONE]\n\n');
    });
    const response = await chat(hello({ stream: true }), {
      vars: { FIRST_BYTE_DEADLINE_MS: '200' },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('data: [DONE]\n\n');
    expect(seen).toHaveLength(2);
  });
});

describe('a stream', () => {
  test('that breaks ends in an error event, and is not begun again', async () => {
    const seen = playUpstreams(() => {
      let sent = 0;
      return events(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            if (sent++ === 0) controller.enqueue(new TextEncoder().encode('data: 1\n\n'));
            else controller.error(new Error('connection lost'));
          },
        }),
      );
    });
    const response = await chat(hello({ stream: true }), { vars: {} });
    expect(response.status).toBe(200);
    const [first, last, ...more] = (await response.text()).split('\n\n');
    expect(first).toBe('data: 1');
    expect(JSON.parse(last?.replace('data: ', '') ?? '')).toMatchObject({
      error: { type: 'server_error', code: 'upstream_broken', message: expect.any(String) },
    });
    expect(more).toEqual(['']);
    expect(seen).toHaveLength(1);
  });

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
