import { exports } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RequestOutcome } from '../../src/workers/outcome.ts';
import { health } from '../../src/workers/site-health.ts';
import { booked, makeKey, settled } from './support/accounts.ts';
import { chat, hello } from './support/client.ts';
import { events, playUpstreams } from './support/upstreams.ts';

/** How streams end, and what is recorded of it. */

const logged: string[] = [];

beforeEach(() => {
  logged.length = 0;
  vi.spyOn(console, 'log').mockImplementation((text) => {
    logged.push(text);
  });
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
  health.clear();
});

/** What was logged of a request; waits for it. */
async function outcomeOf(response: Response): Promise<RequestOutcome & { usage?: object }> {
  const id = response.headers.get('x-request-id');
  return vi.waitFor(() => {
    const found = logged.map((text) => JSON.parse(text)).find((l) => l.requestId === id);
    expect(found).toBeDefined();
    return found;
  }, 10_000);
}

const line = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const content = line({ choices: [{ delta: { content: 'hi' } }] });
const failing = (code: number | string) => line({ error: { message: 'out of memory', code } });
const usage = line({ choices: [], usage: { prompt_tokens: 30, completion_tokens: 4 } });
const done = 'data: [DONE]\n\n';

const ask = (text: string, more: object = {}) =>
  hello({ stream: true, stream_options: { include_usage: true }, user: text, ...more });

describe('a stream in which the site tells of an error', () => {
  test.each([
    ['and then ends it', content + failing(500) + usage + done],
    ['and just stops', content + failing('server_error') + usage],
    ['in the words of other servers', `${content}${line({ object: 'error', code: 500 })}${done}`],
  ])('%s: passes as it is, and is no success', async (_, text) => {
    playUpstreams(() => events(text));
    const { id, key } = await makeKey();
    const response = await chat(ask('u'), { key });
    expect(await response.text()).toBe(text);
    const outcome = await outcomeOf(response);
    expect(outcome).toMatchObject({ outcome: 'broken', code: 'upstream_error_event' });
    if (!text.includes('usage')) return;
    expect(outcome.usage).toMatchObject({ promptTokens: 30, completionTokens: 4 });
    expect(await booked(`key=${id}&by=`)).toMatchObject([{ requests: 1, completionTokens: 4 }]);
  });

  test('of /v1/responses: the same', async () => {
    const text =
      'event: response.created\ndata: {"type":"response.created"}\n\n' +
      'event: response.failed\ndata: {"type":"response.failed","response":{"error":{"code":"server_error"},"usage":{"input_tokens":9,"output_tokens":2}}}\n\n';
    playUpstreams(() => events(text));
    const request = new Request('https://router.test/v1/responses', {
      method: 'POST',
      headers: { authorization: 'Bearer test-client-key' },
      body: JSON.stringify({ model: 'isotherm-chat', input: 'hello', stream: true }),
    });
    const response = await exports.default.fetch(request);
    expect(await response.text()).toBe(text);
    expect(await outcomeOf(response)).toMatchObject({
      outcome: 'broken',
      code: 'upstream_error_event',
      usage: { promptTokens: 9, completionTokens: 2 },
    });
  });

  test.each([
    ['counts against a site as a 500 does: by requests of several clients', 500, true],
    ['does not where the request is to blame', 400, false],
  ])('%s', async (_, code, counts) => {
    playUpstreams(() => events(content + failing(code) + done));
    const { key } = await makeKey();
    let site = '';
    for (let n = 0; n < 6; n++) {
      // One request, or one client, says nothing.
      if (n === 3) expect(health.isOut(site, Date.now())).toBe(false);
      const options = n < 3 ? {} : { key };
      const response = await chat(ask('u', { seed: n }), options);
      await response.text();
      await outcomeOf(response);
      site = response.headers.get('x-isotherm-site') as string;
      if (health.isOut(site, Date.now())) break;
    }
    expect(health.isOut(site, Date.now())).toBe(counts);
  });

  test('words of a model that look like an error are none', async () => {
    const text = line({ choices: [{ delta: { content: '\ndata: {"error":{"code":500}}\n' } }] });
    playUpstreams(() => events(text + line({ choices: [], error: null }) + done));
    const response = await chat(ask('u'));
    await response.text();
    expect(await outcomeOf(response)).toMatchObject({ outcome: 'ok' });
  });
});

describe('a client that does not read', () => {
  const vars = { IDLE_DEADLINE_MS: '50' };
  const half = content.trimEnd();

  test.each<[string, string, object]>([
    ['the error event', half, { outcome: 'broken', code: 'upstream_incomplete' }],
    ['the end of a whole stream', done.trimEnd(), { outcome: 'client_closed', status: 499 }],
  ])('%s: is not waited for', async (_, text, expected) => {
    // Held until the stream ends, so that nothing is written before.
    playUpstreams(() => events(text));
    const response = await chat(ask('u'), { vars });
    expect(await outcomeOf(response)).toMatchObject(expected);
  });

  test('in mid-stream: the site is given up and not blamed, and what was used is booked', async () => {
    let signal: AbortSignal | undefined;
    let sent = 0;
    playUpstreams((request) => {
      signal = request.signal;
      const pull = (c: ReadableStreamDefaultController<Uint8Array>) => {
        sent++;
        c.enqueue(new TextEncoder().encode(content));
      };
      return events(new ReadableStream({ pull }, { highWaterMark: 0 }));
    });
    const { id, key } = await makeKey();
    const response = await chat(ask('u'), { key, vars });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let n = 0; n < 3; n++) await reader.read();
    const outcome = await outcomeOf(response);
    expect(outcome).toMatchObject({ outcome: 'client_closed', code: 'client_idle', status: 499 });
    expect(signal?.aborted).toBe(true);
    // Back-pressure: what was not read was not fetched either.
    expect(sent).toBeLessThan(10);
    await expect(reader.read()).rejects.toThrow();
    const site = response.headers.get('x-isotherm-site') as string;
    expect(health.record(site).inFlight).toBe(0);
    expect(health.isOut(site, Date.now())).toBe(false);
    expect(await booked(`key=${id}&by=`)).toMatchObject([{ requests: 1 }]);
  });

  test('slowly: is waited for, as long as it reads at all', async () => {
    let left = 12;
    const pull = (c: ReadableStreamDefaultController<Uint8Array>) => {
      c.enqueue(new TextEncoder().encode(--left === 0 ? done : content));
      if (left === 0) c.close();
    };
    playUpstreams(() => events(new ReadableStream({ pull }, { highWaterMark: 0 })));
    const response = await chat(ask('u'), { vars: { IDLE_DEADLINE_MS: '1000' } });
    let text = '';
    // The whole takes longer than the deadline, each read does not.
    for await (const piece of response.body as ReadableStream<Uint8Array>) {
      text += new TextDecoder().decode(piece);
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    expect(text).toBe(content.repeat(11) + done);
    expect(await outcomeOf(response)).toMatchObject({ outcome: 'ok' });
  });

  test('a stream that is cut at its deadline before the client had all of it is no success', async () => {
    playUpstreams(() => events(content + done));
    const headers = { 'x-isotherm-deadline-ms': '100' };
    const patient = { IDLE_DEADLINE_MS: '60000' };
    const response = await chat(ask('u'), { headers, vars: patient });
    expect(await outcomeOf(response)).toMatchObject({
      outcome: 'timeout',
      code: 'deadline_exceeded',
    });
    await expect(response.text()).rejects.toThrow();
  });
});

test('a stream whose server stays connected after its end is whole', async () => {
  playUpstreams(() => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    writable
      .getWriter()
      .write(new TextEncoder().encode(content + done))
      .catch(() => {});
    return events(readable);
  });
  const response = await chat(ask('u'), { headers: { 'x-isotherm-deadline-ms': '150' } });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  for (let r = await reader.read(); !r.done; r = await reader.read()) {
    text += new TextDecoder().decode(r.value);
  }
  expect(text).toBe(content + done);
  expect(await outcomeOf(response)).toMatchObject({ outcome: 'ok' });
});
