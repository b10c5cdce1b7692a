import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { tool as aiTool, generateText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AdminClient } from '../../src/local/admin-client.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';
import { chatBody, key, sha256, until } from './support/gateway.ts';
import { rawRequest, rawSocket } from './support/raw-socket.ts';

/**
 * What arrives at a site, byte by byte, from the router in workerd: one server plays all of them, each
 * with a name of its own for the model, which clients know by an alias, too.
 */

interface Got {
  site: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

const model = 'isotherm-chat';
const alias = 'gpt-4o-mini';
const nameAt = (site: string) => `chat-of-${site}`;

let got: Got[] = [];
let behaviour: 'answers' | 'redirects' | 'hangs' | 'falls silent' = 'answers';
/** Requests given up by the router while the server was silent. */
let givenUp = 0;
let server: Server;
let stack: LocalStack;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, site = '', ...path] = (request.url ?? '').split('/');
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (request.method !== 'POST') return response.end('{}');
      const text = Buffer.concat(pieces).toString('utf8');
      got.push({ site, path: path.join('/'), headers: request.headers, text });
      if (behaviour === 'hangs') return;
      if (behaviour === 'falls silent') {
        response.on('close', () => givenUp++);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        return response.write('data: {"choices":[{"index":0,"delta":{"content":"hm"}}]}\n\n');
      }
      if (behaviour === 'redirects') {
        return response.writeHead(307, { location: `/elsewhere/${path.join('/')}` }).end();
      }
      const message = { role: 'assistant', content: 'cool' };
      const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          created: 0,
          model: JSON.parse(text).model,
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  for (const cls of fleet.classes) if (cls.model === model) cls.aliases = [alias];
  for (const site of fleet.sites) {
    if (model in site.upstream.models) site.upstream.models[model] = nameAt(site.id);
  }
  stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: Object.fromEntries(
      fleet.sites.map(({ id }) => [id, `http://127.0.0.1:${port}/${id}`]),
    ),
    onLog: () => {},
    vars: { CLIENT_KEYS_SHA256: sha256(key), ADMIN_TOKEN_SHA256: sha256('admin') },
  });
  url = `${stack.url}/v1`;
}, 60_000);

afterAll(async () => {
  await stack?.dispose();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  got = [];
  givenUp = 0;
  behaviour = 'answers';
});

const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const ask = (body: object, more: Record<string, string> = {}) =>
  fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
  });

describe('what an SDK sends, byte by byte but for the model’s name, with its tools', () => {
  let sent: string[] = [];
  const keeping: typeof fetch = (input, init) => {
    sent.push(String(init?.body));
    return fetch(input, init);
  };
  const city = z.object({ city: z.string().describe('a "city", e.g. 東京\\') });

  test.each<[string, () => Promise<unknown>]>([
    [
      'openai',
      () => {
        const parameters = { type: 'object', properties: { city: { type: 'string' } } };
        return new OpenAI({
          baseURL: url,
          apiKey: key,
          maxRetries: 0,
          fetch: keeping,
        }).chat.completions.create({
          model,
          messages: [{ role: 'user', content: 'Where is it cool?' }],
          tools: [{ type: 'function', function: { name: 'weather', parameters, strict: true } }],
          tool_choice: 'auto',
        });
      },
    ],
    [
      'ai',
      () =>
        generateText({
          model: createOpenAICompatible({
            name: 'isotherm',
            baseURL: url,
            apiKey: key,
            fetch: keeping,
          }).chatModel(model),
          prompt: 'Where is it cool?',
          maxRetries: 0,
          tools: { weather: aiTool({ description: 'Weather', inputSchema: city }) },
        }),
    ],
    [
      '@langchain/openai',
      () =>
        new ChatOpenAI({
          model,
          apiKey: key,
          maxRetries: 0,
          configuration: { baseURL: url, fetch: keeping },
        })
          .bindTools([tool(() => 'cool', { name: 'weather', schema: city })])
          .invoke([new HumanMessage('Where is it cool?')]),
    ],
  ])('%s', async (_, call) => {
    sent = [];
    await call();
    expect(got).toHaveLength(1);
    const { site, text } = got[0] as Got;
    expect(sent).toHaveLength(1);
    expect(JSON.parse(text).tools[0].function.name).toBe('weather');
    expect(text).toBe(sent[0]?.replace(`"${model}"`, `"${nameAt(site)}"`));
  });
});

describe('headers', () => {
  test('a trace goes on under its id, with a span of the router’s', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    await (await ask(chatBody(), { traceparent, tracestate: 'a=1' })).text();
    const sent = got[0]?.headers;
    expect(sent?.traceparent).toMatch(new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`));
    expect(sent?.traceparent).not.toBe(traceparent);
    expect(sent?.tracestate).toBe('a=1');
  });

  test('none of the client’s for the router, nor its credentials', async () => {
    const own = {
      'x-isotherm-session': 'one',
      'x-isotherm-zone': 'hobart',
      'x-isotherm-deadline-ms': '9000',
      'x-isotherm-hedge-ms': '0',
      'x-isotherm-receipt': 'stream',
      'x-isotherm-anything': 'planted',
      cookie: 'a=planted',
      'x-api-key': 'planted',
      'x-forwarded-for': '192.0.2.1',
    };
    await (await ask(chatBody(), own)).text();
    const sent = got[0]?.headers ?? {};
    expect(Object.keys(sent).filter((name) => name.startsWith('x-isotherm-'))).toEqual([]);
    expect(JSON.stringify(sent)).not.toMatch(/planted|192\.0\.2\.1/);
    expect(sent.authorization).toBeUndefined();
  });
});

test('a redirect is not followed: the next site is asked, and the client gets an error of the router’s', async () => {
  behaviour = 'redirects';
  const response = await ask(chatBody());
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({ error: { code: 'site_fault' } });
  expect(got).toHaveLength(3);
  expect(new Set(got.map((g) => g.site)).size).toBe(3);
  expect(got.map((g) => g.site)).not.toContain('elsewhere');
});

test('clients that leave again and again are not held against the site', async () => {
  await (await ask(chatBody())).text();
  const first = got[0]?.site;
  for (const stream of [true, false]) {
    behaviour = 'hangs';
    for (let n = 0; n < 6; n++) {
      const before = got.length;
      const { socket, collect } = await rawSocket({ url });
      collect();
      socket.write(rawRequest(chatBody({ stream })));
      await until(() => got.length > before);
      socket.resetAndDestroy();
    }
    behaviour = 'answers';
    const response = await ask(chatBody());
    await response.text();
    expect(response.headers.get('x-isotherm-site')).toBe(first);
  }
  expect(new Set(got.map((g) => g.site))).toEqual(new Set([first]));
});

test('a site that is silent in mid-stream is given up at once by clients that leave, and is not blamed', async () => {
  await (await ask(chatBody())).text();
  const first = got[0]?.site;
  behaviour = 'falls silent';
  // Nothing is written to the client any more, by which its leaving would show.
  for (let n = 0; n < 6; n++) {
    const { socket, collect, text } = await rawSocket({ url });
    collect();
    socket.write(rawRequest(chatBody({ stream: true })));
    await until(() => text().includes('data: '));
    socket.resetAndDestroy();
    await until(() => givenUp === n + 1);
  }
  behaviour = 'answers';
  const response = await ask(chatBody());
  await response.text();
  expect(response.headers.get('x-isotherm-site')).toBe(first);
  expect(new Set(got.map((g) => g.site))).toEqual(new Set([first]));
});

test('a key for a model may ask for it by its alias, at each site under the site’s own name', async () => {
  const admin = new AdminClient(stack.url, 'admin');
  const made = await admin.createKey({ name: 'scoped', models: [model] });
  const client = new OpenAI({ baseURL: url, apiKey: made.key, maxRetries: 0 });
  for (const asked of [model, alias]) {
    const { data, response } = await client.chat.completions
      .create({ model: asked, messages: [{ role: 'user', content: 'hello' }] })
      .withResponse();
    const site = response.headers.get('x-isotherm-site') as string;
    expect(data.model).toBe(nameAt(site));
    expect(JSON.parse(got.at(-1)?.text ?? '').model).toBe(nameAt(site));
  }
  expect((await client.models.list()).data.map((m) => m.id)).toEqual([model, alias]);
  const other = client.chat.completions.create({
    model: 'isotherm-code',
    messages: [{ role: 'user', content: 'hello' }],
  });
  await expect(other).rejects.toThrow(OpenAI.PermissionDeniedError);
});
