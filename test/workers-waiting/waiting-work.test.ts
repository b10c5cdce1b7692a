import { createExecutionContext, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Plan } from '../../src/core/planning/plan.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import worker from '../../src/workers/main.ts';
import { coordinatorOf, optimize } from '../../src/workers/optimize.ts';
import { health } from '../../src/workers/site-health.ts';
import { settled } from '../workers/support/accounts.ts';
import { chat, hello } from '../workers/support/client.ts';
import { completion, playUpstreams } from '../workers/support/upstreams.ts';

/** From the registry's class that may wait to the answers of the router, see vitest.config.ts. */

const HOUR_MS = 3_600_000;
/** An afternoon in Sydney, when the plan would rather serve at night. */
const NOW_MS = Date.parse('2026-01-15T06:05Z');

const clock = (ms: number) => ({ CLOCK_OFFSET_MS: String(ms - Date.now()) });

/** Plans as of an instant, solvers and all. */
async function planAt(ms: number): Promise<Plan> {
  const run = await optimize({ ...env, ...clock(ms) }, 'test');
  for (let i = 0; i < 50; i++) {
    const { latest } = await coordinatorOf(env).runs();
    if (latest?.runId === run.runId && latest.status !== 'running') {
      expect(latest).toMatchObject({ status: 'published' });
      return (await readPlan(env.DB, (await currentVersion(env.DB)) as number)) as Plan;
    }
    await runDurableObjectAlarm(coordinatorOf(env));
  }
  throw new Error('the run does not end');
}

interface Ask {
  text: string;
  nowMs?: number;
  until?: string | null;
  model?: string;
}

function ask({ text, nowMs = NOW_MS, until, model = 'isotherm-digest' }: Ask): Promise<Response> {
  const wait = until === undefined ? new Date(NOW_MS + 8 * HOUR_MS).toISOString() : until;
  return chat(hello({ model, messages: [{ role: 'user', content: text }] }), {
    headers: wait === null ? {} : { 'x-isotherm-wait-until': wait },
    vars: clock(nowMs),
  });
}

let plan: Plan;

beforeAll(async () => {
  playUpstreams((_r, site) => completion(site));
  // Without a plan nothing is put off.
  const early = await ask({ text: 'early' });
  expect(early.status).toBe(200);
  plan = await planAt(NOW_MS);
  // An isolate without a plan asks for one every second.
  await vi.waitUntil(
    async () => (await ask({ text: 'x', until: null })).headers.get('x-isotherm-plan') === '1',
    { timeout: 20_000, interval: 300 },
  );
});

afterEach(() => {
  vi.restoreAllMocks();
  health.clear();
});

test('the plan moves the class’s work, within its certificate, and says so', () => {
  const { certificate, batch, unservedShare } = plan.header;
  expect(certificate.gap).toBeLessThanOrEqual(1e-3);
  expect(unservedShare).toBeLessThan(1e-9);
  const [digest] = batch!;
  expect(digest).toMatchObject({ class: 'digest', unservedRequests: 0 });
  expect(digest!.movedShare).toBeGreaterThan(0.3);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  expect(sum(digest!.servedReqPerS)).toBeCloseTo(sum(digest!.cameReqPerS), 4);
  expect(plan.putOff).toHaveLength(24);
});

describe('a request that may wait', () => {
  test('is put off by its client’s leave, told when, and served then as the plan has it', async () => {
    const seen = playUpstreams((_r, site) => completion(site));
    let put = 0;
    for (let n = 0; n < 20; n++) {
      const first = await ask({ text: `digest ${n}` });
      if (first.status === 200) continue;
      put++;
      expect(first.status).toBe(429);
      expect(await first.json()).toMatchObject({ error: { code: 'put_off' } });
      expect(first.headers.get('x-should-retry')).toBe('false');
      const backMs = Date.parse(first.headers.get('x-isotherm-come-back') as string);
      expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(60);
      expect(backMs).toBeLessThan(NOW_MS + 8 * HOUR_MS + 1000);
      const before = seen.length;
      const again = await ask({ text: `digest ${n}`, nowMs: backMs });
      expect(again.status).toBe(200);
      expect(seen).toHaveLength(before + 1);
      const slot = Math.floor((backMs - plan.header.startUtcMs) / HOUR_MS);
      const shares = plan.slots[slot]!.digest!.sydney!;
      expect(shares.map(([site]) => site)).toContain(again.headers.get('x-isotherm-site'));
    }
    // At this hour next to nothing of the class is served.
    expect(put).toBeGreaterThan(15);
  });

  test('is served at once without leave, and so is every other class', async () => {
    const seen = playUpstreams((_r, site) => completion(site));
    for (let n = 0; n < 10; n++) {
      expect((await ask({ text: `digest ${n}`, until: null })).status).toBe(200);
      expect((await ask({ text: `chat ${n}`, model: 'isotherm-chat' })).status).toBe(200);
    }
    expect(seen).toHaveLength(20);
  });

  test.each(['soon', '2026-01-15T18:00', ''])('with a wait of “%s”: 400', async (until) => {
    const response = await ask({ text: 'x', until });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_wait' } });
  });

  test('is counted as put off, and the plan’s part is among the gauges', async () => {
    playUpstreams((_r, site) => completion(site));
    await ask({ text: 'digest 0' });
    await settled();
    const request = new Request('https://router.test/metrics', {
      headers: { authorization: 'Bearer test-admin-token' },
    });
    const text = await (await worker.fetch(request, env, createExecutionContext())).text();
    expect(text).toMatch(
      /^isotherm_requests_total\{site="none",class="digest",status="429",outcome="put_off"\} \d+$/m,
    );
    expect(text).toMatch(/^isotherm_plan_batch_unserved_requests\{class="digest"\} 0$/m);
    expect(text).toMatch(/^isotherm_plan_unserved_share \d/m);
  });
});

test('the next hour’s plan counts on what was put off, in the hour it was told', async () => {
  const next = await planAt(NOW_MS + HOUR_MS);
  expect(next.header.startUtcMs).toBe(plan.header.startUtcMs + HOUR_MS);
  for (const zone of fleet.zones) {
    const put = plan.putOff![0]!.digest![zone.id]!.later;
    const back = next.putOff!.map((slot) => slot.digest![zone.id]!.backReqPerS);
    for (const [slots, reqPerS] of put) expect(back[slots - 1]).toBeCloseTo(reqPerS, 9);
    const all = put.reduce((sum, [, reqPerS]) => sum + reqPerS, 0);
    expect(back.reduce((a, b) => a + b, 0)).toBeCloseTo(all, 9);
  }
  expect(next.header.unservedShare).toBeLessThan(1e-9);
});
