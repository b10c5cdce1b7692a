import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fleet } from '../../src/workers/fleet.ts';
import worker from '../../src/workers/main.ts';
import { health } from '../../src/workers/site-health.ts';
import { type Dice, dice } from '../core/support/random.ts';

/** `npm run fuzz` sets how many requests; the suite takes a sample. The seed is in a failure's name. */
const RUNS = Number(env.FUZZ_RUNS);
const BATCH = 500;

const paths = [
  'chat/completions',
  'completions',
  'embeddings',
  'responses',
  'models',
  'models/x',
  'x',
];
const oddValues = [
  null,
  true,
  -1,
  0,
  1e308,
  1.5,
  '',
  'x',
  '\u0000',
  '\ud800',
  [],
  [[]],
  {},
  { model: 'a' },
  'isotherm-code',
];
const fields = [
  'model',
  'stream',
  'messages',
  'prompt',
  'input',
  'max_tokens',
  'user',
  'n',
  '__proto__',
];
const headerNames = [
  'x-isotherm-wait-until',
  'x-isotherm-session',
  'x-isotherm-deadline-ms',
  'x-isotherm-hedge-ms',
  'x-isotherm-zone',
  'x-request-id',
  'traceparent',
  'tracestate',
  'accept',
  'content-type',
  'content-encoding',
  'host',
  'x-forwarded-host',
  'idempotency-key',
];

const pick = <T>(d: Dice, from: readonly T[]): T => from[d.integer(0, from.length - 1)] as T;
const bytes = (d: Dice, n: number) => Uint8Array.from({ length: n }, () => d.integer(0, 255));
const encoder = new TextEncoder();

function bodyOf(d: Dice): Uint8Array {
  const body: Record<string, unknown> = {
    model: pick(d, ['isotherm-chat', 'isotherm-chat', 'isotherm-code', 'gpt-9']),
    messages: [{ role: 'user', content: `question ${d.integer(0, 99)} "é" \\` }],
    stream: d.chance(0.5),
    max_tokens: 12,
  };
  for (let n = d.integer(0, 3); n > 0 && d.chance(0.5); n--)
    body[pick(d, fields)] = pick(d, oddValues);
  let out: Uint8Array = encoder.encode(JSON.stringify(body, null, d.integer(0, 2)));
  if (d.chance(0.1)) out = out.slice(0, d.integer(0, out.length));
  for (let n = d.integer(1, 4); n > 0 && d.chance(0.3); n--) {
    out[d.integer(0, Math.max(0, out.length - 1))] = d.integer(0, 255);
  }
  if (d.chance(0.03)) out = encoder.encode('['.repeat(d.integer(1, 50_000)));
  if (d.chance(0.03)) out = bytes(d, d.integer(0, 300));
  return out;
}

function headersOf(d: Dice): Headers {
  const headers = new Headers({
    authorization: `Bearer ${d.chance(0.97) ? 'test-client-key' : 'x'}`,
  });
  for (let n = d.integer(0, 4); n > 0; n--) {
    const value = pick(d, [
      '',
      '1',
      '-1',
      '1e9',
      'sydney',
      'x'.repeat(d.integer(0, 9000)),
      'a,b;c="',
    ]);
    headers.set(pick(d, headerNames), value);
  }
  return headers;
}

/** What a site's server might say, sensible or not. */
function answerOf(d: Dice): Response {
  if (d.chance(0.1)) throw new TypeError('connect failed');
  const status = d.chance(0.7)
    ? 200
    : pick(d, [201, 204, 302, 400, 401, 404, 418, 429, 500, 503, 524, 599]);
  const type = pick(d, ['application/json', 'text/event-stream', 'text/html', 'x/y; z', '']);
  const headers = new Headers(type ? { 'content-type': type } : {});
  if (d.chance(0.1))
    headers.set('retry-after', pick(d, ['0', '0.01', '-5', 'x', 'Thu, 01 Jan 1970 00:00:00 GMT']));
  if (status === 204 || status === 302 || d.chance(0.05))
    return new Response(null, { status, headers });
  const text = pick(d, [
    '{"usage":{"prompt_tokens":1}}',
    'data: {}\n\ndata: [DONE]\n\n',
    'data: {"a"',
    '<html>',
    '\n',
    '',
  ]);
  if (d.chance(0.5)) return new Response(text, { status, headers });
  const pieces = [
    encoder.encode(text),
    bytes(d, d.integer(0, 50)),
    encoder.encode('data: [DONE]\n\n'),
  ];
  const breaks = d.chance(0.3);
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece?.length) controller.enqueue(piece);
      else if (piece === undefined)
        breaks ? controller.error(new Error('reset')) : controller.close();
    },
  });
  return new Response(stream, { status, headers });
}

/** What no site may be asked. Thrown inside of `fetch` it would be taken for a broken connection. */
const faults: string[] = [];

const SENT_HEADERS = ['accept', 'content-type', 'traceparent', 'tracestate', 'x-request-id'];

/** What is wrong with a request to a site: where it goes, which headers it has, which model it names. */
function faultsOf(url: string, { headers, body, redirect }: RequestInit): string[] {
  const site = fleet.sites.find((s) => url.startsWith(`${s.upstream.baseUrl}/v1/`));
  if (site === undefined) return [`asked at ${url}, which is no host of the registry`];
  const found: string[] = [];
  for (const name of Object.keys(headers as Record<string, string>)) {
    if (!SENT_HEADERS.includes(name)) found.push(`${site.id} got the header ${name}`);
  }
  if (redirect !== 'manual') found.push(`a redirect of ${site.id} would be followed`);
  const { model } = JSON.parse(body as string) as { model: string };
  if (!Object.values(site.upstream.models).includes(model)) {
    found.push(`${site.id} was asked for ${model}, which it does not have`);
  }
  return found;
}

/** The board asks sites in question how they are, whenever it likes. */
function isProbe(url: string, init: RequestInit): boolean {
  return init.method === undefined && init.body === undefined && url.endsWith('/v1/models');
}

async function askOne(seed: number, vars: object): Promise<void> {
  const d = dice(seed);
  vi.mocked(fetch).mockImplementation(async (input, init) => {
    const url = String(input);
    if (isProbe(url, init as RequestInit)) return Response.json({});
    try {
      faults.push(...faultsOf(url, init as RequestInit));
    } catch (error) {
      faults.push(`a request to a site that cannot be read: ${error}`);
    }
    return answerOf(d);
  });
  const method = d.chance(0.95) ? 'POST' : pick(d, ['GET', 'PUT', 'DELETE']);
  const request = new Request(`https://router.test/v1/${pick(d, paths)}`, {
    method,
    headers: headersOf(d),
    body: method === 'GET' ? undefined : bodyOf(d),
  });
  const response = await worker.fetch(request, { ...env, ...vars }, createExecutionContext());
  expect(response.status).toBeGreaterThanOrEqual(200);
  const text = await response.text().catch(() => undefined);
  const code = response.headers.get('x-isotherm-error');
  if (code !== null)
    expect(JSON.parse(text ?? '')).toMatchObject({ error: { code, message: expect.any(String) } });
  // Whatever a site does, the router has no fault of its own.
  if (response.status === 500) expect(code).toBe('upstream_error');
  expect(faults.splice(0)).toEqual([]);
}

beforeAll(() => {
  vi.spyOn(globalThis, 'fetch');
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

afterAll(() => vi.restoreAllMocks());

/** Some of the sites' streams never send anything. */
const vars = {
  IDLE_DEADLINE_MS: '100',
  FIRST_BYTE_DEADLINE_MS: '100',
  COMPLETION_DEADLINE_MS: '100',
  HEDGING: '{"minMs":1,"classes":{"chat":20}}',
  STEERING: '{"maxDriftShare":0.5}',
};

test.each(Array.from({ length: Math.ceil(RUNS / BATCH) }, (_, n) => n * BATCH))(
  'requests of seeds from %i on',
  { timeout: 60_000 },
  async (from) => {
    for (let seed = from; seed < from + BATCH; seed++) {
      await askOne(seed, vars).catch((error) => {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      });
      health.clear();
    }
    // They remember every call.
    vi.clearAllMocks();
  },
);
