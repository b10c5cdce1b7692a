import { createExecutionContext, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Job } from '../../src/core/planning/jobs.ts';
import type { Plan } from '../../src/core/planning/plan.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import worker from '../../src/workers/main.ts';
import { coordinatorOf, optimize, RunUnderWayError } from '../../src/workers/optimize.ts';
import { health } from '../../src/workers/site-health.ts';
import { view } from '../../src/workers/view.ts';
import { settled } from '../workers/support/accounts.ts';
import { adminCall, chat, hello } from '../workers/support/client.ts';
import { finish } from '../workers/support/runs.ts';
import { completion, playUpstreams } from '../workers/support/upstreams.ts';

/** From the registry's class that may wait to the answers of the router, see vitest.config.ts. */

const HOUR_MS = 3_600_000;
/** An afternoon in Sydney, when the plan would rather serve at night. */
const NOW_MS = Date.parse('2026-01-15T06:05Z');

const clock = (ms: number) => ({ CLOCK_OFFSET_MS: String(ms - Date.now()) });

/** Plans as of an instant, solvers and all. */
async function planAt(ms: number, jobs?: Job[]): Promise<Plan> {
  const run = await optimize({ ...env, ...clock(ms) }, 'test', {}, undefined, jobs);
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
}, 60_000);

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

describe('jobs', () => {
  const iso = (hours: number) =>
    new Date(Date.parse('2026-01-15T06:00Z') + hours * HOUR_MS).toISOString();
  const job = (change: Partial<Job> = {}): Job => ({
    class: 'digest',
    zone: 'perth',
    requests: 60_000,
    from: iso(2),
    to: iso(14),
    ...change,
  });
  const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const jobOf = (of: Plan) => of.header.jobs?.[0] as NonNullable<Plan['header']['jobs']>[number];

  test('are planned within their windows, on top of what comes, and kept by the next plans', async () => {
    const before = total((await planAt(NOW_MS)).header.batch![0]!.servedReqPerS);
    const first = await planAt(NOW_MS, [job()]);
    const { requestsBySlot } = jobOf(first);
    expect(jobOf(first)).toMatchObject(job());
    expect(total(requestsBySlot)).toBeCloseTo(60_000, 0);
    requestsBySlot.forEach((n, t) => {
      if (t < 2 || t >= 14) expect(n).toBe(0);
    });
    const after = total(first.header.batch![0]!.servedReqPerS);
    expect((after - before) * 3600).toBeCloseTo(60_000, -1);
    // What comes is put off as it would be without: a job's sender keeps to the plan by itself.
    for (const slot of first.putOff ?? []) {
      for (const { cameReqPerS, later } of Object.values(slot.digest ?? {})) {
        expect(total(later.map(([, reqPerS]) => reqPerS))).toBeLessThanOrEqual(cameReqPerS + 1e-6);
      }
    }
    // As cron has it, eight hours later: what was to be sent by then is sent.
    const next = await planAt(NOW_MS + 8 * HOUR_MS);
    const sent = total(requestsBySlot.slice(0, 8));
    expect(jobOf(next).from).toBe(iso(8));
    expect(jobOf(next).requests).toBeCloseTo(60_000 - sent, 6);
    expect(total(jobOf(next).requestsBySlot)).toBeCloseTo(60_000 - sent, 0);
    jobOf(next).requestsBySlot.forEach((n, t) => {
      if (t >= 6) expect(n).toBe(0);
    });
    // With its time over it is gone; and an empty list takes back what there is.
    expect((await planAt(NOW_MS + 14 * HOUR_MS)).header.jobs).toBeUndefined();
    await planAt(NOW_MS, [job()]);
    expect((await planAt(NOW_MS, [])).header.jobs).toBeUndefined();
  });

  test('come by the admin API, which waits for no run that is under way', async () => {
    // Deployed, the clock is the present.
    const hour = (n: number) =>
      new Date((Math.floor(Date.now() / HOUR_MS) + n) * HOUR_MS).toISOString();
    const own = job({ from: hour(1), to: hour(4) });
    const started = await adminCall('POST', '/optimize', { gapTarget: 0.01, jobs: [own] });
    expect(started.status).toBe(202);
    const { runId } = await started.json<{ runId: string }>();
    const busy = await adminCall('POST', '/optimize', { jobs: [own] });
    expect(busy.status).toBe(409);
    expect(await busy.json()).toMatchObject({ error: new RunUnderWayError().message });
    expect((await adminCall('POST', '/optimize')).status).toBe(202);
    await finish();
    const answer = await adminCall('GET', '/plan');
    const { header } = await answer.json<Plan>();
    expect(header.runId).toBe(runId);
    expect(header.jobs).toMatchObject([own]);
  });

  test.each<[Partial<Job>, RegExp]>([
    [{ class: 'chat' }, /\[0\]\.class: "chat", expected one that may wait \(digest\)/],
    [{ zone: 'atlantis' }, /\[0\]\.zone: "atlantis", expected one of sydney/],
    [{ from: '2020-01-01T00:00Z' }, /\[0\]\.from: before the first hour of the plan/],
    [{ to: '2100-01-01T00:00Z' }, /\[0\]\.to: after the last hour of the plan/],
    [{ from: 'soon' }, /jobs\[0\]\.from: must be an instant such as/],
    [{ requests: 0 }, /jobs\[0\]\.requests: must be above 0/],
  ])('%j is refused', async (change, words) => {
    const response = await adminCall('POST', '/optimize', { jobs: [job(change)] });
    expect(response.status).toBe(400);
    expect((await response.json<{ error: string }>()).error).toMatch(words);
  });
});

test('a plan that cannot be read stops neither the next one nor the page', async () => {
  const from = new Date(NOW_MS).toISOString();
  const to = new Date(NOW_MS + 20 * HOUR_MS).toISOString();
  const jobs: Job[] = [{ class: 'digest', zone: 'perth', requests: 60_000, from, to }];
  const { version } = (await planAt(NOW_MS, jobs)).header;
  const spoil = (of: number, path: string) =>
    env.DB.prepare(
      `UPDATE plans SET header = json_set(header, '${path}', 'later') WHERE version = ?`,
    )
      .bind(of)
      .run();
  await spoil(version, '$.mode');
  const said = vi.spyOn(console, 'warn').mockReturnValue();
  const next = await planAt(NOW_MS);
  expect(next.header.jobs).toMatchObject([{ zone: 'perth', requests: 60_000, to }]);
  expect(next.header.jobsFault).toBeUndefined();
  expect(next.header.version).toBe(version + 1);
  const { moves, slots } = await view(env);
  expect(slots).toHaveLength(24);
  expect(moves).toBeNull();
  for (const what of ['planning without the work', 'no moves are shown'])
    expect(said).toHaveBeenCalledWith(expect.stringMatching(`${what}.* plan ${version}.*mode`));
  // Where not even the jobs can be read, the plan says who is to send them again.
  await spoil(next.header.version, '$.mode');
  await spoil(next.header.version, '$.jobs');
  const lost = vi.spyOn(console, 'error').mockReturnValue();
  const { header } = await planAt(NOW_MS);
  expect(header.jobs).toBeUndefined();
  expect(header.jobsFault).toMatch(/^jobs of plan \d+ cannot be read, send them again/);
  expect(lost).toHaveBeenCalledWith(header.jobsFault);
  const status = await (await adminCall('GET', '/plan')).json<Plan>();
  expect(status.header.jobsFault).toBe(header.jobsFault);
  // So do all after it, one that cannot be read among them, until its jobs come, or are taken back.
  const after = (await planAt(NOW_MS)).header;
  expect(after.jobsFault).toBe(header.jobsFault);
  await spoil(after.version, '$.mode');
  expect((await planAt(NOW_MS)).header.jobsFault).toBe(header.jobsFault);
  const back = (await planAt(NOW_MS, [])).header;
  expect(back.jobsFault).toBeUndefined();
  expect((await planAt(NOW_MS)).header.jobsFault).toBeUndefined();
});
