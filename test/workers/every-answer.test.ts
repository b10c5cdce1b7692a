import { exports } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keyRing } from '../../src/workers/keys.ts';
import { health } from '../../src/workers/site-health.ts';
import { makeKey, settled } from './support/accounts.ts';
import { chat, hello } from './support/client.ts';
import { events, playUpstreams } from './support/upstreams.ts';

/** What every answer under /v1 leaves: an id, a line in the log, a count; and what no line may hold. */

let lines: string[];

beforeEach(() => {
  lines = [];
  for (const level of ['log', 'warn', 'error', 'info', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => void lines.push(parts.join(' ')));
  }
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
  health.clear();
});

async function counted(): Promise<string[]> {
  await settled();
  const headers = { authorization: 'Bearer test-admin-token' };
  const request = new Request('https://router.test/metrics', { headers });
  const text = await (await exports.default.fetch(request)).text();
  return text.split('\n').filter((l) => l.startsWith('isotherm_requests_total{'));
}

const countOf = (counts: string[], status: number) =>
  Number(
    counts.find((l) => l.includes(`site="none",class="none",status="${status}"`))?.split(' ')[1] ??
      0,
  );

describe('an answer without a route', () => {
  test.each([
    ['a wrong key', 'POST', 'chat/completions', 'sk-planted', 401, 'chat/completions'],
    ['a wrong key for the models', 'GET', 'models', 'sk-planted', 401, 'models'],
    ['the models', 'GET', 'models', 'test-client-key', 200, 'models'],
    ['no such model', 'GET', 'models/gpt-9', 'test-client-key', 404, 'models'],
    ['no such URL', 'POST', 'sk-planted', 'test-client-key', 404, 'unknown'],
    ['another method', 'GET', 'chat/completions', 'test-client-key', 405, 'unknown'],
  ])('%s', async (_, method, path, key, status, endpoint) => {
    const before = countOf(await counted(), status);
    const id = `planted-${status}-${endpoint.length}`;
    const request = new Request(`https://router.test/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'x-request-id': id },
      body: method === 'POST' ? '{"prompt":"planted"}' : undefined,
    });
    const response = await exports.default.fetch(request);
    await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get('x-request-id')).toBe(id);
    if (status === 405) expect(response.headers.get('allow')).toBe('POST');
    const line = lines.filter((l) => l.includes(`"requestId":"${id}"`));
    expect(line).toHaveLength(1);
    expect(JSON.parse(line[0] as string)).toMatchObject({ event: 'request', endpoint, status });
    expect(lines.join('\n')).not.toContain('sk-planted');
    const counts = await counted();
    expect(countOf(counts, status)).toBe(before + 1);
    expect(counts.join('\n')).not.toContain('planted');
  });

  test('keys that cannot be checked just now', async () => {
    vi.spyOn(keyRing, 'find').mockResolvedValue('unavailable');
    const response = await chat(hello(), { key: 'sk-planted' });
    expect(response.status).toBe(503);
    const id = response.headers.get('x-request-id');
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(lines.filter((l) => l.includes(`"requestId":"${id}"`))).toHaveLength(1);
  });
});

describe('what no line in the log holds', () => {
  const secrets = {
    prompt: 'PLANTED-PROMPT',
    answer: 'PLANTED-ANSWER',
    session: 'PLANTED-SESSION',
    user: 'PLANTED-USER',
    siteKey: 'PLANTED-SITE-KEY',
  };
  const answer = { choices: [{ message: { content: secrets.answer } }] };
  const cases: [string, () => Response, object][] = [
    ['an answer', () => Response.json(answer), {}],
    [
      'a stream',
      () => events(`data: ${JSON.stringify(answer)}\n\ndata: [DONE]\n\n`),
      { stream: true },
    ],
    ['a stream that breaks off', () => events(`data: ${JSON.stringify(answer)}`), { stream: true }],
    ['a site that fails', () => Response.json(answer, { status: 500 }), {}],
    ['an answer that is none', () => new Response(secrets.answer, { status: 418 }), {}],
    ['a site that cannot be reached', () => Promise.reject(new TypeError('reset')) as never, {}],
    ['a request that is faulty', () => Response.json(answer), { max_tokens: -1 }],
    ['a model that is none', () => Response.json(answer), { model: 'PLANTED-MODEL' }],
  ];
  test.each(cases)('prompt, answer, session or key: %s', async (_, respond, more) => {
    const { key } = await makeKey();
    playUpstreams(respond);
    const body = hello({
      messages: [{ role: 'user', content: secrets.prompt }],
      user: secrets.user,
      ...more,
    });
    const response = await chat(body, {
      key,
      headers: { 'x-isotherm-session': secrets.session },
      vars: { UPSTREAM_KEY_SYDNEY: secrets.siteKey },
    });
    await response.text();
    await settled();
    const id = response.headers.get('x-request-id') as string;
    await vi.waitUntil(() => lines.some((l) => l.includes(id)));
    const log = lines.join('\n');
    expect(log).not.toContain('PLANTED');
    expect(log).not.toContain(key);
  });
});
