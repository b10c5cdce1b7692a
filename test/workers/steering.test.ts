import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { publishPlan } from '../../src/store/plans.ts';
import type { Asked } from '../../src/workers/asked.ts';
import { endpoints } from '../../src/workers/endpoints.ts';
import { journal } from '../../src/workers/journal.ts';
import { health } from '../../src/workers/site-health.ts';
import { forgetSteering, noteFirstToken } from '../../src/workers/steering.ts';
import { chat } from './support/client.ts';
import { draft, slots, split } from './support/plans.ts';
import { playUpstreams, spoken } from './support/upstreams.ts';

const STEERING = '{"maxDriftShare":0.5,"windowS":300}';
const [slow] = split[0] as [string, number];

beforeAll(async () => {
  await publishPlan(env.DB, draft('explicit'), slots());
});
beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
  forgetSteering();
});
afterEach(() => {
  vi.restoreAllMocks();
  health.clear();
});

/** What an isolate learns of first tokens, without the time it takes. */
function learn(slow: string): void {
  const begun = { endpoint: { begins: () => true }, body: {} } as unknown as Asked;
  for (const [site] of split) {
    for (let n = 0; n < 10; n++) noteFirstToken(begun, site, site === slow ? 400 : 100, 100);
  }
}

/** The site that a conversation's request is sent to. */
async function siteOf(question: string, vars: Record<string, string>, more: object[] = []) {
  const messages = [{ role: 'user', content: question }, ...more];
  const body = { model: 'isotherm-chat', stream: true, messages };
  const response = await chat(body, { vars });
  await response.text();
  return response.headers.get('x-isotherm-site') as string;
}

test('conversations that begin leave a slow site, those under way stay', async () => {
  playUpstreams(spoken);
  const vars = { STEERING };
  const begun = new Map<string, string>();
  const begin = async (from: number, to: number) => {
    for (let n = from; n < to; n++) begun.set(`question ${n}`, await siteOf(`question ${n}`, vars));
  };
  // None is known to be slow yet, and a budget is made of requests.
  await begin(0, 60);
  expect([...begun.values()]).toContain(slow);
  learn(slow);
  const count = vi.spyOn(journal, 'count');
  await begin(60, 100);
  const steered = count.mock.calls.filter(([name]) => name === 'steered');
  expect(steered.length).toBeGreaterThan(5);
  for (const [, labels] of steered) {
    expect(labels).toBe(`site="${slow}",class="chat",reason="slow"`);
  }
  for (const [question, site] of begun) {
    const more = [
      { role: 'assistant', content: 'cool' },
      { role: 'user', content: 'And tomorrow?' },
    ];
    expect(await siteOf(question, vars, more)).toBe(site);
  }
});

test('off, nothing is moved; nor by a variable that nobody can read, and the log says why', async () => {
  playUpstreams(spoken);
  const error = vi.spyOn(console, 'error').mockReturnValue();
  const count = vi.spyOn(journal, 'count');
  for (const STEERING of ['', '{"maxDriftShare":2}']) {
    await siteOf('hello', { STEERING });
    learn(slow);
    for (let n = 0; n < 40; n++) await siteOf(`question ${n}`, { STEERING });
  }
  expect(count.mock.calls.filter(([name]) => name === 'steered')).toEqual([]);
  expect(error.mock.calls.join()).toContain('maxDriftShare');
});

test.each([
  ['chat/completions', { messages: [{ role: 'system' }, { role: 'user' }] }, true],
  ['chat/completions', { messages: [{ role: 'user' }, { role: 'assistant' }] }, false],
  ['chat/completions', { messages: [{ role: 'user' }, { role: 'tool' }] }, false],
  ['responses', { input: 'hello' }, true],
  ['responses', { input: 'hello', previous_response_id: 'resp_1' }, false],
  ['responses', { input: [{ role: 'user' }, { type: 'function_call_output' }] }, false],
  ['embeddings', { input: ['a'] }, true],
])('%s %o begins a session: %s', (name, body, begins) => {
  expect(endpoints.find((e) => e.name === name)?.begins(body)).toBe(begins);
});
