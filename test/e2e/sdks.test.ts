import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { APICallError, tool as aiTool, embedMany, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Gateway, key, startGateway, until } from './support/gateway.ts';

/** The client libraries that applications use, unchanged, against the router in workerd. */

const model = 'isotherm-chat';
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);

afterAll(() => gateway?.close());

const nearest = () => gateway.site('sydney');

/** Runs a call that streams for long, and expects the site to stop once it is given up. */
async function expectStopped(begin: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { aborted } = nearest().stats();
  const controller = new AbortController();
  const running = begin(controller.signal).catch(() => {});
  await until(() => nearest().stats().completionTokens > 0 && nearest().stats().running > 0);
  controller.abort();
  await running;
  await until(() => nearest().stats().aborted > aborted);
  expect(nearest().stats().running).toBe(0);
}

describe('openai', () => {
  const client = (apiKey = key) =>
    new OpenAI({ baseURL: gateway.url, apiKey, maxRetries: 0, timeout: 10_000 });

  test('completions, plain and streamed', async () => {
    const asked = { model, prompt: 'Rain?', max_tokens: 5 };
    const plain = await client().completions.create(asked);
    let text = '';
    for await (const chunk of await client().completions.create({ ...asked, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe(plain.choices[0]?.text);
  });

  test('responses, plain and streamed', async () => {
    const asked = { model, input: 'Rain?', max_output_tokens: 5 };
    const plain = await client().responses.create(asked);
    const stream = client().responses.stream(asked);
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types.at(-1)).toBe('response.incomplete');
    expect((await stream.finalResponse()).output_text).toBe(plain.output_text);
  });

  test('embeddings, as it asks for them and as floats', async () => {
    const asked = { model, input: ['a', 'b'] };
    const base64 = await client().embeddings.create(asked);
    const floats = await client().embeddings.create({ ...asked, encoding_format: 'float' });
    expect(base64.data).toEqual(floats.data);
  });

  test('one model, and one that is not', async () => {
    expect(await client().models.retrieve(model)).toMatchObject({ id: model, object: 'model' });
    await expect(client().models.retrieve('gpt/9')).rejects.toThrow(OpenAI.NotFoundError);
  });

  test('a site’s own error is passed on, the router’s is marked', async () => {
    const messages = [{ role: 'user' as const, content: 'x' }];
    const theirs = await client()
      .chat.completions.create({ model, messages, n: 3 })
      .catch((e) => e);
    expect(theirs).toBeInstanceOf(OpenAI.BadRequestError);
    expect(theirs.headers.get('x-isotherm-error')).toBeNull();
    const ours = await client()
      .chat.completions.create({ model, messages, max_tokens: -1 })
      .catch((e) => e);
    expect(ours).toBeInstanceOf(OpenAI.BadRequestError);
    expect(ours).toMatchObject({ param: 'max_tokens', code: 'integer_out_of_range' });
    expect(ours.headers.get('x-isotherm-error')).toBe('integer_out_of_range');
  });

  test('a stream whose site dies raises an APIError', async () => {
    nearest().setFault({ kind: 'die-mid-stream' });
    const messages = [{ role: 'user' as const, content: 'x' }];
    const read = async () => {
      const stream = await client().chat.completions.create({ model, messages, stream: true });
      for await (const _ of stream);
    };
    const error = await read().catch((e) => e);
    nearest().setFault(null);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_broken', type: 'server_error' });
  });

  test.each([
    ['9 MB', 9, client],
    ['30 MB', 30, client],
    ['9 MB with a wrong key', 9, () => client('sk-no')],
  ])(
    'a body that is too large, %s: the router’s answer, not a broken connection',
    async (_, megabytes, of) => {
      const messages = [{ role: 'user' as const, content: 'x'.repeat(megabytes * 1_000_000) }];
      for (let n = 0; n < 4; n++) {
        const error = await of()
          .chat.completions.create({ model, messages })
          .catch((e) => e);
        expect(error).toBeInstanceOf(OpenAI.APIError);
        const isStranger = of !== client;
        expect(error.status).toBe(isStranger ? 401 : 413);
        expect(error.code).toBe(isStranger ? 'invalid_api_key' : 'request_too_large');
      }
    },
  );

  test('a body of 6 MB, as a photo in base64 makes it, is served', async () => {
    const messages = [{ role: 'user' as const, content: 'A'.repeat(6_000_000) }];
    const answer = await client().chat.completions.create({ model, max_tokens: 2, messages });
    expect(answer.usage?.completion_tokens).toBe(2);
  });

  test('its own timeout: an error of its own', async () => {
    nearest().setFault({ kind: 'slow', factor: 100 });
    const error = await new OpenAI({
      baseURL: gateway.url,
      apiKey: key,
      maxRetries: 0,
      timeout: 300,
    }).chat.completions
      .create({ model, max_tokens: 5, messages: [{ role: 'user', content: 'x' }] })
      .catch((e) => e);
    nearest().setFault(null);
    expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    // It closes its connection without a reset: see clients.test.ts.
    await until(() => nearest().stats().running === 0);
  });

  test('a deadline of the client’s own', async () => {
    nearest().setFault({ kind: 'slow', factor: 1000 });
    const error = await client()
      .chat.completions.create(
        { model, messages: [{ role: 'user', content: 'x' }] },
        { headers: { 'x-isotherm-deadline-ms': '150' } },
      )
      .catch((e) => e);
    nearest().setFault(null);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status: 504, code: 'deadline_exceeded' });
  });
});

describe('ai with @ai-sdk/openai-compatible', () => {
  const provider = (apiKey = key) =>
    createOpenAICompatible({ name: 'isotherm', baseURL: gateway.url, apiKey, includeUsage: true });
  const asked = () => ({
    model: provider().chatModel(model),
    prompt: 'Where is it cool?',
    maxOutputTokens: 8,
    maxRetries: 0,
  });

  test('text, streamed text with usage, tools in the payload', async () => {
    const tools = {
      weather: aiTool({
        description: 'Weather of a city',
        inputSchema: z.object({ city: z.string() }),
      }),
    };
    const whole = await generateText({ ...asked(), tools });
    expect(whole.usage.outputTokens).toBe(8);
    const stream = streamText(asked());
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    expect(text).toHaveLength(32);
    expect((await stream.usage).outputTokens).toBe(8);
  });

  test('embeddings', async () => {
    const { embeddings } = await embedMany({
      model: provider().embeddingModel(model),
      values: ['a', 'b'],
    });
    expect(embeddings).toHaveLength(2);
  });

  test('a wrong key is an error that is not retried', async () => {
    const error = await generateText({
      ...asked(),
      model: provider('sk-no').chatModel(model),
    }).catch((e) => e);
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 401, isRetryable: false });
  });

  test('its own timeout', async () => {
    nearest().setFault({ kind: 'hang' });
    const error = await generateText({ ...asked(), abortSignal: AbortSignal.timeout(150) }).catch(
      (e) => e,
    );
    nearest().setFault(null);
    expect(error.name).toBe('TimeoutError');
  });

  test('aborted, it stops the site', async () => {
    await expectStopped(async (abortSignal) => {
      const stream = streamText({ ...asked(), maxOutputTokens: 4000, abortSignal });
      for await (const _ of stream.textStream);
    });
  });
});

describe('@langchain/openai', () => {
  const chat = (more: object = {}) =>
    new ChatOpenAI({
      model,
      apiKey: key,
      maxTokens: 8,
      maxRetries: 0,
      configuration: { baseURL: gateway.url },
      ...more,
    });

  test('a message, a stream, tools in the payload', async () => {
    const weather = tool(() => 'cool', { name: 'weather', schema: z.object({ city: z.string() }) });
    const answer = await chat()
      .bindTools([weather])
      .invoke([new HumanMessage('Where?')]);
    expect(answer.usage_metadata?.output_tokens).toBe(8);
    let text = '';
    for await (const chunk of await chat().stream('Where?')) text += chunk.content;
    expect(text).toBe(answer.content);
  });

  test('through /v1/responses', async () => {
    const answer = await chat({ useResponsesApi: true }).invoke('Where?');
    expect(answer.usage_metadata?.output_tokens).toBe(8);
  });

  test('embeddings', async () => {
    const embeddings = new OpenAIEmbeddings({
      model,
      apiKey: key,
      configuration: { baseURL: gateway.url },
    });
    expect(await embeddings.embedDocuments(['a', 'b'])).toHaveLength(2);
  });

  test('an unknown model, and its own timeout', async () => {
    await expect(chat({ model: 'gpt-9' }).invoke('x')).rejects.toThrow(/does not exist/);
    nearest().setFault({ kind: 'hang' });
    await expect(chat({ timeout: 150 }).invoke('x')).rejects.toThrow(/time|abort/i);
    nearest().setFault(null);
  });

  test('aborted, it stops the site', async () => {
    await expectStopped(async (signal) => {
      for await (const _ of await chat({ maxTokens: 4000 }).stream('x', { signal }));
    });
  });
});
