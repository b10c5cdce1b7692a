import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';
import { floorToHour } from '../../src/core/model/time.ts';
import { publishPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { boardOf, coordinatorOf } from '../../src/workers/optimize.ts';
import { status } from '../../src/workers/status.ts';
import { adminCall } from './support/client.ts';
import { draft, slots } from './support/plans.ts';
import { finish, runToEnd } from './support/runs.ts';

const board = boardOf(env);

/** Sites' servers that list their models, but for these. */
function play(silent: string[]) {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const { hostname, pathname } = new URL(input as string);
    expect(pathname).toBe('/v1/models');
    const site = fleet.sites.find((s) => new URL(s.upstream.baseUrl).hostname === hostname);
    if (silent.includes(site?.id ?? '')) throw new TypeError('connect failed');
    return Response.json({ object: 'list', data: [] });
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a site that does not answer probes is down, and planned without; back, it is planned with', async () => {
  play(['melbourne']);
  await board.probeAll();
  expect(await board.down()).toEqual([]);
  await board.probeAll();
  await board.probeAll();
  expect(await board.down()).toEqual(['melbourne']);
  expect(await board.exchange({}, 'a')).toEqual(['melbourne']);

  // The debounce passes; the alarm asks for a plan.
  vi.useFakeTimers({ now: Date.now() + 20_000, toFake: ['Date'] });
  await runDurableObjectAlarm(board);
  const { latest } = await coordinatorOf(env).runs();
  expect(latest).toMatchObject({ trigger: 'site-down', status: 'running' });
  vi.useRealTimers();
  const ended = await runToEnd();
  expect(ended.status).toBe('published');
  const header = await env.DB.prepare('select header from plans order by version desc').first(
    'header',
  );
  const plan = JSON.parse(header as string);
  expect(plan.excluded).toEqual([{ site: 'melbourne', reason: 'its server is down' }]);
  const share = (id: string) => plan.sites.find((s: { site: string }) => s.site === id).share;
  expect(share('melbourne')).toBe(0);
  expect(share('sydney')).toBeGreaterThan(0);

  // While it is down there is a plan every five minutes.
  vi.useFakeTimers({ now: Date.now() + 120_000, toFake: ['Date'] });
  await runDurableObjectAlarm(board);
  expect((await coordinatorOf(env).runs()).latest?.runId).toBe(ended.runId);
  vi.setSystemTime(Date.now() + 300_000);
  await runDurableObjectAlarm(board);
  const again = (await coordinatorOf(env).runs()).latest;
  expect(again).toMatchObject({ trigger: 'site-down', status: 'running' });
  expect(again?.runId).not.toBe(ended.runId);
  vi.useRealTimers();
  const second = await runToEnd();
  expect(second.status).toBe('published');

  // Drained, it may be down for as long as the work on it takes.
  const site = '/sites/melbourne';
  await adminCall('PATCH', site, { drained: true, reason: 'new racks' });
  vi.useFakeTimers({ now: Date.now() + 20_000, toFake: ['Date'] });
  await runDurableObjectAlarm(board);
  vi.useRealTimers();
  const drained = await finish();
  expect(drained.trigger).toBe('override');
  vi.useFakeTimers({ now: Date.now() + 500_000, toFake: ['Date'] });
  await runDurableObjectAlarm(board);
  expect((await coordinatorOf(env).runs()).latest?.runId).toBe(drained.runId);
  vi.useRealTimers();
  await adminCall('PATCH', site, { drained: false });

  play([]);
  vi.useFakeTimers({ now: Date.now() + 540_000, toFake: ['Date'] });
  await board.probeAll();
  await board.probeAll();
  expect(await board.down()).toEqual([]);
  vi.setSystemTime(Date.now() + 20_000);
  await runDurableObjectAlarm(board);
  expect((await coordinatorOf(env).runs()).latest).toMatchObject({ trigger: 'site-up' });
});

test('reports of isolates add up', async () => {
  const failing = { adelaide: { good: 1, bad: 14 }, perth: { good: 14, bad: 1 } };
  expect(await board.exchange(failing, 'a')).not.toContain('adelaide');
  await board.exchange(failing, 'a');
  const down = await board.exchange({ nowhere: { good: 0, bad: 99 } }, 'a');
  expect(down).toContain('adelaide');
  expect(down).not.toContain('perth');
  expect(down).not.toContain('nowhere');
});

test('a site that isolates put out of use is told of at once, and probed until it is known to be down', async () => {
  play(['darwin']);
  await board.exchange({ darwin: { good: 20, bad: 3, ejected: 'failures' } }, 'a');
  expect((await board.known()).darwin?.trouble?.kind).toBe('failing');
  for (let n = 0; n < 3; n++) {
    expect(await board.down()).not.toContain('darwin');
    await runDurableObjectAlarm(board);
  }
  expect(await board.down()).toContain('darwin');
  expect((await board.known()).darwin?.trouble?.kind).toBe('down');
  expect((await status(env)).troubles).toContainEqual(
    expect.objectContaining({ site: 'darwin', kind: 'down' }),
  );
});

test('demand that leaves what was planned for brings a new plan, once', async () => {
  play([]);
  let nowMs = Date.now() + 3_600_000;
  vi.useFakeTimers({ now: nowMs, toFake: ['Date'] });
  // What the tests before have left to be planned.
  await runDurableObjectAlarm(board);
  await finish();
  await publishPlan(
    env.DB,
    draft('small', { startUtcMs: floorToHour(nowMs) }),
    slots(),
    undefined,
    undefined,
    undefined,
    slots().map(() => ({ chat: { sydney: 0.5 } })),
  );
  const seconds = async (total: number, good: number) => {
    for (let s = 0; s < total; s += 20) {
      nowMs += 20_000;
      vi.setSystemTime(nowMs);
      await board.exchange({ sydney: { good, bad: 0 } }, 'a');
    }
  };
  const alarm = async () => {
    nowMs += 15_000;
    vi.setSystemTime(nowMs);
    await runDurableObjectAlarm(board);
    return (await coordinatorOf(env).runs()).latest;
  };
  await seconds(600, 10);
  expect((await alarm())?.trigger).not.toBe('drift');
  // Four times as much, for two windows.
  await seconds(260, 40);
  const run = await alarm();
  expect(run).toMatchObject({ trigger: 'drift', status: 'running' });
  await finish();
  await seconds(300, 40);
  expect((await alarm())?.runId).toBe(run?.runId);
});

test('a site that takes longer to the first token than planned brings a new plan, once', async () => {
  play([]);
  let nowMs = Date.now() + 6 * 3_600_000;
  vi.useFakeTimers({ now: nowMs, toFake: ['Date'] });
  // What the tests before have left to be planned.
  await runDurableObjectAlarm(board);
  await finish();
  await publishPlan(
    env.DB,
    draft('quick', { startUtcMs: floorToHour(nowMs) }),
    slots(),
    undefined,
    undefined,
    undefined,
    slots().map(() => ({ chat: { sydney: 0.5 } })),
  );
  const minutes = async (count: number, ttftMs: number) => {
    for (let s = 0; s < 60 * count; s += 20) {
      nowMs += 20_000;
      vi.setSystemTime(nowMs);
      const planned = { count: 10, ttftMs: 10 * ttftMs, plannedMs: 10 * 120 };
      await board.exchange({ sydney: { good: 10, bad: 0, planned } }, 'a');
    }
  };
  const alarm = async () => {
    nowMs += 15_000;
    vi.setSystemTime(nowMs);
    await runDurableObjectAlarm(board);
    return (await coordinatorOf(env).runs()).latest;
  };
  await minutes(10, 180);
  expect((await alarm())?.trigger).not.toBe('ttft');
  await minutes(5, 400);
  const run = await alarm();
  expect(run).toMatchObject({ trigger: 'ttft', status: 'running' });
  await finish();
  await minutes(5, 400);
  await alarm();
  await finish();
  const { ended } = await coordinatorOf(env).runs();
  expect(ended.filter((r) => r.trigger === 'ttft')).toHaveLength(1);
});

test('a jump of the present hour’s price brings a new plan; another price, or another hour’s, does not', async () => {
  play([]);
  const nowMs = Date.now() + 4 * 3_600_000;
  vi.useFakeTimers({ now: nowMs, toFake: ['Date'] });
  // What the tests before have left to be planned.
  await runDurableObjectAlarm(board);
  await finish();
  const put = async (utcMs: number, spotAudPerMwh: number) => {
    const hour = { site: 'darwin', utc: new Date(utcMs).toISOString(), spotAudPerMwh };
    const response = await adminCall('PUT', '/inputs', { source: 'dispatch', hours: [hour] });
    expect(await response.json()).toEqual({ written: 1 });
    vi.setSystemTime(Date.now() + 15_000);
    await runDurableObjectAlarm(board);
    return (await coordinatorOf(env).runs()).latest?.trigger;
  };
  const hourMs = floorToHour(nowMs);
  // The first that is told, the next hour's, and a small step.
  expect(await put(hourMs, 80)).not.toBe('price');
  expect(await put(hourMs + 3_600_000, 15_000)).not.toBe('price');
  expect(await put(hourMs, 120)).not.toBe('price');
  expect(await put(hourMs, 15_100)).toBe('price');
});
