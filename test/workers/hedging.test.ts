import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { health, retryBudget } from '../../src/workers/site-health.ts';
import { chat, hello } from './support/client.ts';
import { events, playUpstreams, spoken } from './support/upstreams.ts';

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
  for (let n = 0; n < 100; n++) retryBudget.deposit();
});
afterEach(() => {
  vi.restoreAllMocks();
  health.clear();
});

const headers = { 'x-isotherm-hedge-ms': '1' };
const on = { HEDGING: '{"minMs":1}' };

/** The first site answers only after a while, the others at once. */
function playSlowFirst() {
  let first: string | undefined;
  return playUpstreams(async (_r, site) => {
    first ??= site;
    if (site === first) await scheduler.wait(150);
    return events('data: [DONE]\n\n');
  });
}

async function sitesAsked(vars: Record<string, string>): Promise<number> {
  const seen = playSlowFirst();
  const response = await chat(hello({ stream: true }), { headers, vars });
  expect(await response.text()).toBe('data: [DONE]\n\n');
  return seen.length;
}

test('the header asks a second site only where the operator allows it', async () => {
  expect(await sitesAsked(on)).toBe(2);
  vi.restoreAllMocks();
  expect(await sitesAsked({ HEDGING: '' })).toBe(1);
});

test('a variable nobody can read is off, and the log says why', async () => {
  const error = vi.spyOn(console, 'error').mockReturnValue();
  expect(await sitesAsked({ HEDGING: '{"minMs":0,"classes":{"nobody":5}}' })).toBe(1);
  expect(error.mock.calls.join()).toContain('minMs');
  expect(error.mock.calls.join()).toContain('nobody');
});

test('a second site is within the retry budget', async () => {
  while (retryBudget.spend());
  expect(await sitesAsked(on)).toBe(1);
});

test('a second site that is out of use is not asked', async () => {
  const seen = playSlowFirst();
  await (await chat(hello({ stream: true }), { headers, vars: on })).text();
  const second = seen[1]?.site as string;
  for (let n = 0; n < 3; n++) health.judge(second, { kind: 'failed' }, Date.now());
  const order = health.order([seen[0]?.site as string, second], Date.now());
  expect(order[0]).toBe(seen[0]?.site);
  vi.restoreAllMocks();
  const again = playSlowFirst();
  await (await chat(hello({ stream: true }), { headers, vars: on })).text();
  expect(again.map((s) => s.site)).not.toContain(second);
});

test.each(['-1', 'x', '1.5', ''])('x-isotherm-hedge-ms: %j is refused', async (value) => {
  const response = await chat(hello(), { headers: { 'x-isotherm-hedge-ms': value } });
  expect(response.status).toBe(400);
  const { error } = await response.json<{ error: { code: string; message: string } }>();
  expect(error.code).toBe('invalid_hedge');
  expect(error.message).toContain('x-isotherm-hedge-ms');
});

test('a site that is overtaken again and again is found to be slow', async () => {
  let clock = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => clock);
  let slow: string | undefined;
  const seen = playUpstreams(async (_r, site) => {
    if (site === slow) {
      await scheduler.wait(100);
      return spoken();
    }
    clock += 120;
    return spoken();
  });
  for (const zone of ['hobart', 'perth', 'darwin', 'sydney']) {
    for (let n = 0; n < 12; n++) {
      const response = await chat(hello({ stream: true }), {
        headers: { 'x-isotherm-zone': zone },
      });
      await response.text();
    }
  }
  slow = seen.at(-1)?.site;
  for (let n = 0; n < 60 && !health.isOut(slow as string, clock); n++) {
    const asked = chat(hello({ stream: true }), { headers, vars: on });
    // Time passes while both are at work.
    await scheduler.wait(3);
    clock += 4000;
    await (await asked).text();
  }
  expect(health.isOut(slow as string, clock)).toBe(true);
});
