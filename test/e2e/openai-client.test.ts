import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdminClient } from '../../src/local/admin-client.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../../src/local/simulated-fleet.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';
import type { SimulatedSite } from '../../src/sim/site-server/index.ts';

/** The real `openai` package against the whole system: workerd, D1, solvers, simulated sites. */

const key = 'sk-e2e';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let sites: SimulatedFleet;
let stack: LocalStack;
let admin: AdminClient;
let client: OpenAI;

beforeAll(async () => {
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  sites = await startSimulatedFleet(fleet);
  stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: sites.urls,
    onLog: () => {},
    vars: {
      ADMIN_TOKEN_SHA256: sha256('admin'),
      CLIENT_KEYS_SHA256: `${sha256('other')},${sha256(key)}`,
    },
  });
  admin = new AdminClient(stack.url, 'admin');
  await admin.optimize();
  for (let i = 0; i < 200 && (await admin.latestRun()).status === 'running'; i++) await sleep(50);
  client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: key, maxRetries: 0 });
}, 60_000);

afterAll(async () => {
  await stack?.dispose();
  await sites?.close();
});

function site(id: string | null): SimulatedSite {
  const found = sites.sites.find((s) => s.siteId === id);
  if (!found) throw new Error(`no simulated site "${id}"`);
  return found;
}

const prompt = (content: string) => ({
  model: 'isotherm-chat',
  max_tokens: 12,
  messages: [{ role: 'user' as const, content }],
});

test('the first plan is certified within 0.1 % in at most 8 rounds', async () => {
  const run = await admin.latestRun();
  expect(run).toMatchObject({ status: 'published', planVersion: 1 });
  expect(run.rounds.length).toBeLessThanOrEqual(8);
  expect((await admin.plan()).header.certificate.gap).toBeLessThanOrEqual(1e-3);
});

test('a plain completion, with usage', async () => {
  const { data, response } = await client.chat.completions.create(prompt('hello')).withResponse();
  const id = response.headers.get('x-isotherm-site');
  expect(data.choices[0]?.message.content).toContain(id);
  expect(data.usage?.completion_tokens).toBe(12);
  expect(response.headers.get('x-isotherm-plan')).toBe('1');
});

test('tokens come one by one, not at the end', async () => {
  const stream = await client.chat.completions.create({
    ...prompt('stream to me'),
    stream: true,
    stream_options: { include_usage: true },
  });
  const arrivalsMs: number[] = [];
  let tokens = 0;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) arrivalsMs.push(performance.now());
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  expect(tokens).toBe(12);
  expect(arrivalsMs).toHaveLength(12);
  // Decoding 12 tokens takes a server some 30 ms each; a buffered stream would come at once.
  expect((arrivalsMs.at(-1) as number) - (arrivalsMs[0] as number)).toBeGreaterThan(150);
});

test('a client that leaves stops the site’s work', async () => {
  const stream = await client.chat.completions.create({
    ...prompt('long'),
    max_tokens: 500,
    stream: true,
  });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const busy = sites.sites.find((s) => s.stats().running > 0);
  stream.controller.abort();
  for (let i = 0; i < 100 && busy?.stats().aborted === 0; i++) await sleep(20);
  expect(busy?.stats().aborted).toBe(1);
  expect(busy?.stats().running).toBe(0);
});

test('the site that answered is killed: the next request goes elsewhere', async () => {
  const session = { headers: { 'x-isotherm-session': 'a conversation' } };
  const before = await client.chat.completions.create(prompt('one'), session).withResponse();
  const chosen = before.response.headers.get('x-isotherm-site');
  const again = await client.chat.completions.create(prompt('two'), session).withResponse();
  expect(again.response.headers.get('x-isotherm-site')).toBe(chosen);
  await site(chosen).close();
  const after = await client.chat.completions.create(prompt('three'), session).withResponse();
  const other = after.response.headers.get('x-isotherm-site');
  expect(other).not.toBe(chosen);
  expect(after.data.choices[0]?.message.content).toContain(other);
});

test('a wrong key and an unknown model raise the SDK’s own errors', async () => {
  const stranger = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: 'sk-no', maxRetries: 0 });
  await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError);
  await expect(client.chat.completions.create({ ...prompt('x'), model: 'gpt-9' })).rejects.toThrow(
    OpenAI.NotFoundError,
  );
  expect((await client.models.list()).data.map((m) => m.id)).toContain('isotherm-chat');
});
