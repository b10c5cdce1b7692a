import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  Fault,
  SimulatedSite,
  SimulatedSiteOptions,
} from '../../src/sim/site-server/index.ts';
import { startSimulatedSite } from '../../src/sim/site-server/index.ts';

const MODEL = 'small-model';
const sites: SimulatedSite[] = [];

async function start(options: Partial<SimulatedSiteOptions> = {}): Promise<SimulatedSite> {
  const site = await startSimulatedSite({
    siteId: 'fra-1',
    models: [MODEL],
    servers: 1,
    prefillMs: () => 50,
    decodeStepMs: () => 10,
    maxBatchPerServer: 8,
    timeScale: 0.02,
    ...options,
  });
  sites.push(site);
  return site;
}

function clientOf(site: SimulatedSite, apiKey = 'any', timeoutMs = 3000): OpenAI {
  const baseURL = `${site.baseUrl}/v1`;
  return new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: timeoutMs });
}

function ask(client: OpenAI, maxTokens?: number, content = 'How is the weather?') {
  return client.chat.completions.create({
    model: MODEL,
    messages: [{ role: 'user', content }],
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  });
}

function askStream(client: OpenAI, maxTokens: number) {
  return client.chat.completions.create({
    model: MODEL,
    messages: [{ role: 'user', content: 'How is the weather?' }],
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
  });
}

function post(site: SimulatedSite, body: string, headers: Record<string, string> = {}) {
  return fetch(`${site.baseUrl}/v1/chat/completions`, { method: 'POST', body, headers });
}

/** The error a call ends in; fails the test when it succeeds. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.unreachable('the call should fail'),
    (error: unknown) => error,
  );
}

afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.close()));
});

describe('answers', () => {
  it('gives a plain completion with the right usage', async () => {
    const site = await start();
    const answer = await ask(clientOf(site), 12, 'x'.repeat(41));
    expect(answer.object).toBe('chat.completion');
    expect(answer.model).toBe(MODEL);
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.choices[0]?.message.role).toBe('assistant');
    expect(answer.choices[0]?.message.content).toMatch(/^\[fra-1\] [A-Z]/);
    expect(answer.choices[0]?.message.content).toHaveLength(48);
    expect(answer.usage).toEqual({ prompt_tokens: 11, completion_tokens: 12, total_tokens: 23 });
    expect(site.stats()).toMatchObject({ received: 1, completed: 1, completionTokens: 12 });
  });

  it('stops by itself, the same way every time, when no maximum is given', async () => {
    const options = { seed: 7, meanOutputTokens: 20, timeScale: 0 };
    const [one, other] = await Promise.all([start(options), start(options)]);
    const [a, b] = await Promise.all([ask(clientOf(one)), ask(clientOf(other))]);
    expect(a.choices[0]?.finish_reason).toBe('stop');
    expect(a.choices[0]?.message.content).toBe(b.choices[0]?.message.content);
    let tokens = 0;
    for (let i = 0; i < 80; i += 1) {
      tokens +=
        (await ask(clientOf(one), undefined, `question ${i}`)).usage?.completion_tokens ?? 0;
    }
    expect(tokens / 80).toBeGreaterThan(15);
    expect(tokens / 80).toBeLessThan(25);
  });

  it('streams a role, one token per chunk, a finish reason and usage', async () => {
    const site = await start();
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await askStream(clientOf(site), 6)) chunks.push(chunk);
    expect(chunks.every((chunk) => chunk.object === 'chat.completion.chunk')).toBe(true);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    const tokens = chunks.slice(1, 7).map((chunk) => chunk.choices[0]?.delta.content);
    expect(tokens.every((token) => token?.length === 4)).toBe(true);
    expect(tokens.join('')).toMatch(/^\[fra-1\] /);
    expect(chunks[7]?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'length' });
    expect(chunks[8]?.choices).toEqual([]);
    expect(chunks[8]?.usage?.completion_tokens).toBe(6);
    expect(chunks).toHaveLength(9);
  });

  it('sends real server-sent events and echoes the request id', async () => {
    const site = await start();
    const body = { model: MODEL, stream: true, max_tokens: 1, messages: [{ role: 'user' }] };
    const response = await post(site, JSON.stringify(body), { 'x-request-id': 'abc' });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-request-id')).toBe('abc');
    const events = (await response.text()).split('\n\n');
    expect(events).toHaveLength(5); // role, token, finish, [DONE], end
    expect(events.slice(0, 4).every((event) => event.startsWith('data: '))).toBe(true);
    expect(events[3]).toBe('data: [DONE]');
    expect(events.join()).not.toContain('usage');
  });

  it('serves the legacy completions endpoint, plain and streamed', async () => {
    const client = clientOf(await start());
    const prompt = { model: MODEL, prompt: 'Rain?', max_tokens: 5 };
    const plain = await client.completions.create(prompt);
    expect(plain.object).toBe('text_completion');
    expect(plain.usage?.prompt_tokens).toBe(2);
    let text = '';
    for await (const chunk of await client.completions.create({ ...prompt, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe(plain.choices[0]?.text);
  });

  it('serves responses, plain and streamed, in the shape of their events', async () => {
    const client = clientOf(await start());
    const asked = { model: MODEL, input: 'Rain?', max_output_tokens: 5 };
    const plain = await client.responses.create(asked);
    expect(plain.status).toBe('incomplete');
    expect(plain.output_text).toHaveLength(20);
    expect(plain.usage).toMatchObject({ input_tokens: 2, output_tokens: 5, total_tokens: 7 });
    const stream = client.responses.stream(asked);
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types[0]).toBe('response.created');
    expect(types.filter((type) => type === 'response.output_text.delta')).toHaveLength(5);
    expect(types.at(-1)).toBe('response.incomplete');
    expect((await stream.finalResponse()).output_text).toBe(plain.output_text);
  });

  it('says that a response is under way before its prompt is worked on, as vLLM does', async () => {
    const site = await start({ prefillMs: () => 1e9 });
    const response = await fetch(`${site.baseUrl}/v1/responses`, {
      method: 'POST',
      body: JSON.stringify({ model: MODEL, input: 'Rain?', stream: true }),
    });
    const reader = response.body!.getReader();
    let text = '';
    while (text.split('\n\n').length < 3)
      text += new TextDecoder().decode((await reader.read()).value);
    const types = text.match(/^event: .*/gm);
    expect(types).toEqual(['event: response.created', 'event: response.in_progress']);
    await reader.cancel();
  });

  it('embeds texts and token ids, as floats or in base64', async () => {
    const site = await start();
    const client = clientOf(site);
    const input = ['Rain?', 'No rain.'];
    // The SDK asks for base64 and decodes it.
    const decoded = await client.embeddings.create({ model: MODEL, input });
    const floats = await client.embeddings.create({
      model: MODEL,
      input,
      encoding_format: 'float',
    });
    expect(decoded.data).toEqual(floats.data);
    expect(decoded.usage).toEqual({ prompt_tokens: 4, total_tokens: 4 });
    const [a, b] = decoded.data.map((d) => d.embedding);
    expect(a).not.toEqual(b);
    expect(a?.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
    const ids = { model: MODEL, input: [1, 2, 3], dimensions: 8 };
    expect((await client.embeddings.create(ids)).data[0]?.embedding).toHaveLength(8);
    const nothing = client.embeddings.create({ model: MODEL, input: [] });
    expect(await failureOf(nothing)).toBeInstanceOf(OpenAI.BadRequestError);
  });

  it('lists models, health and stats', async () => {
    const site = await start({ models: [MODEL, 'big-model'] });
    const list = await clientOf(site).models.list();
    expect(list.data.map((model) => model.id)).toEqual([MODEL, 'big-model']);
    expect((await fetch(`${site.baseUrl}/health`)).status).toBe(200);
    expect(await (await fetch(`${site.baseUrl}/stats`)).json()).toEqual(site.stats());
  });
});

describe('load', () => {
  it('queues beyond the batch limit and steps at the batch size', async () => {
    const batches: number[] = [];
    const site = await start({
      servers: 2,
      maxBatchPerServer: 2,
      decodeStepMs: (batch) => {
        batches.push(batch);
        return 300;
      },
    });
    const client = clientOf(site);
    const calls = Array.from({ length: 9 }, () => ask(client, 20));
    await expect.poll(() => site.stats().queued, { interval: 5 }).toBe(5);
    expect(site.stats().runningPerServer).toEqual([2, 2]);
    await Promise.all(calls);
    expect(Math.max(...batches)).toBe(2);
    expect(site.stats()).toMatchObject({ completed: 9, peakQueued: 5, peakRunning: 4 });
    expect(site.stats()).toMatchObject({ running: 0, queued: 0, runningPerServer: [0, 0] });
  });

  it('prefills one request at a time on a server', async () => {
    const site = await start({ prefillMs: (tokens) => tokens * 10, timeScale: 1 });
    const startMs = performance.now();
    const prompt = 'x'.repeat(20);
    await Promise.all([1, 2, 3, 4].map(() => ask(clientOf(site), 1, prompt)));
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(195);
  });

  it('keeps its pace when a step is shorter than a timer tick', async () => {
    const site = await start({ decodeStepMs: () => 0.25, timeScale: 1, prefillMs: () => 0 });
    const startMs = performance.now();
    await ask(clientOf(site), 800);
    const elapsedMs = performance.now() - startMs;
    expect(elapsedMs).toBeGreaterThan(190);
    expect(elapsedMs).toBeLessThan(700);
  });

  it('notices clients that leave, while running and while queued', async () => {
    const site = await start({ maxBatchPerServer: 1 });
    const stream = await askStream(clientOf(site), 50_000);
    const gone = new AbortController();
    const options = { signal: gone.signal };
    const waiting = failureOf(
      clientOf(site).chat.completions.create(
        { model: MODEL, messages: [{ role: 'user', content: 'hi' }], max_tokens: 10 },
        options,
      ),
    );
    await expect.poll(() => site.stats().queued).toBe(1);
    gone.abort();
    expect(await waiting).toBeInstanceOf(OpenAI.APIUserAbortError);
    await expect.poll(() => site.stats().queued).toBe(0);
    expect(site.stats()).toMatchObject({ aborted: 1, abortedTokensSaved: 10 });

    let seen = 0;
    for await (const _ of stream) {
      seen += 1;
      if (seen === 4) break; // leaving the loop aborts the request
    }
    await expect.poll(() => site.stats().running).toBe(0);
    const stats = site.stats();
    expect(stats.aborted).toBe(2);
    expect(stats.abortedTokensSaved).toBe(50_010 - stats.completionTokens);
    expect(stats.abortedTokensSaved).toBeGreaterThan(40_000);
    expect((await ask(clientOf(site), 2)).usage?.completion_tokens).toBe(2);
  });
});

describe('errors', () => {
  it('answers an unknown model with 404 model_not_found', async () => {
    const client = clientOf(await start());
    const call = client.chat.completions.create({ model: 'nope', messages: [] });
    const error = await failureOf(call);
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });

  it('asks for the key on /v1 only', async () => {
    const site = await start({ apiKey: 'right' });
    const error = await failureOf(ask(clientOf(site, 'wrong'), 1));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error' });
    expect((await ask(clientOf(site, 'right'), 1)).usage?.completion_tokens).toBe(1);
    expect((await fetch(`${site.baseUrl}/v1/models`)).status).toBe(401);
    expect((await fetch(`${site.baseUrl}/health`)).status).toBe(200);
  });

  it.each([
    ['bad JSON', '{"model":', 400],
    ['a body that is no object', '[]', 400],
    ['missing messages', JSON.stringify({ model: MODEL }), 400],
    ['a message without a role', JSON.stringify({ model: MODEL, messages: [{}] }), 400],
    [
      'zero max_tokens',
      JSON.stringify({ model: MODEL, messages: [{ role: 'user' }], max_tokens: 0 }),
      400,
    ],
    ['a body over 8 MB', JSON.stringify({ model: MODEL, pad: 'x'.repeat(8_388_608) }), 413],
  ])('refuses %s', async (_name, body, status) => {
    const site = await start();
    const response = await post(site, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(site.stats().rejected).toBe(1);
  });

  it('knows its paths and methods', async () => {
    const site = await start();
    expect((await fetch(`${site.baseUrl}/v1/images/generations`)).status).toBe(404);
    const wrongMethod = await fetch(`${site.baseUrl}/v1/chat/completions`);
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('refuses options that make no site', async () => {
    await expect(start({ servers: 0 })).rejects.toThrow(RangeError);
    await expect(start({ timeScale: -1 })).rejects.toThrow(RangeError);
  });
});

describe('faults', () => {
  it('refuse: closes the connection without a byte', async () => {
    const site = await start();
    site.setFault({ kind: 'refuse' });
    expect(await failureOf(ask(clientOf(site), 1))).toBeInstanceOf(OpenAI.APIConnectionError);
    await expect(fetch(`${site.baseUrl}/health`)).rejects.toThrow();
    expect(site.stats().faulted).toBe(2);
    site.setFault(null);
    expect((await ask(clientOf(site), 1)).usage?.completion_tokens).toBe(1);
  });

  it('status: replies with the status and Retry-After', async () => {
    const site = await start();
    site.setFault({ kind: 'status', status: 429, retryAfterS: 2 });
    const error = await failureOf(ask(clientOf(site), 1));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBe('2');
    expect((await fetch(`${site.baseUrl}/health`)).status).toBe(200);
    site.setFault({ kind: 'status' });
    expect(await failureOf(ask(clientOf(site), 1))).toMatchObject({ status: 503 });
    expect((await fetch(`${site.baseUrl}/health`)).status).toBe(503);
  });

  it('hang: never answers', async () => {
    const site = await start();
    site.setFault({ kind: 'hang' });
    const error = await failureOf(ask(clientOf(site, 'any', 100), 1));
    expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    expect(site.stats().faulted).toBe(1);
  });

  it('slow: stretches prefill', async () => {
    const site = await start({ prefillMs: () => 20, timeScale: 1 });
    site.setFault({ kind: 'slow', factor: 8 });
    const startMs = performance.now();
    await ask(clientOf(site), 1);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(158);
    expect(site.stats()).toMatchObject({ completed: 1, faulted: 0 });
  });

  it('die-mid-stream: sends exactly that many tokens, then cuts the connection', async () => {
    // Steps long enough for the client to read each token before the connection breaks.
    const site = await start({ decodeStepMs: () => 20, timeScale: 1 });
    for (const [afterTokens, maxTokens, expected] of [
      [3, 50, 3],
      [0, 50, 0],
      [9, 2, 2],
    ] as const) {
      site.setFault({ kind: 'die-mid-stream', afterTokens });
      let text = '';
      const read = async () => {
        for await (const chunk of await askStream(clientOf(site), maxTokens)) {
          expect(chunk.choices[0]?.finish_reason).toBeNull();
          text += chunk.choices[0]?.delta.content ?? '';
        }
      };
      await expect(read()).rejects.toThrow();
      expect(text).toHaveLength(expected * 4);
    }
    expect(await failureOf(ask(clientOf(site), 20))).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(site.stats()).toMatchObject({ faulted: 4, aborted: 0, completed: 0, running: 0 });
  });

  it('is set, shown and checked over HTTP', async () => {
    const site = await start();
    const url = `${site.baseUrl}/__fault`;
    const set = (fault: unknown) => fetch(url, { method: 'POST', body: JSON.stringify(fault) });
    expect(await (await fetch(url)).json()).toEqual({ kind: 'none' });
    const fault: Fault = { kind: 'status', status: 500, probability: 0.5 };
    expect((await set(fault)).status).toBe(200);
    expect(await (await fetch(url)).json()).toEqual(fault);
    let failed = 0;
    for (let i = 0; i < 40; i += 1) {
      if ((await fetch(`${site.baseUrl}/health`)).status === 500) failed += 1;
    }
    expect(failed).toBeGreaterThan(8);
    expect(failed).toBeLessThan(32);
    expect((await set({ kind: 'explode' })).status).toBe(400);
    expect((await set({ kind: 'none' })).status).toBe(200);
    expect(site.stats().fault).toEqual({ kind: 'none' });
  });
});
