import { createExecutionContext, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Plan, PlanHeader } from '../../src/core/planning/plan.ts';
import { publishPlan, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { boardOf, coordinatorOf, optimize } from '../../src/workers/optimize.ts';
import { Overlay } from '../../src/workers/overlay.ts';
import { health } from '../../src/workers/site-health.ts';
import { view } from '../../src/workers/view.ts';
import { contentEvent, doneEvent, settled } from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';
import { draft, slots } from './support/plans.ts';
import { finish, runToEnd } from './support/runs.ts';
import { slowD1 } from './support/slow-d1.ts';
import { completion, events, playUpstreams } from './support/upstreams.ts';

beforeEach(async () => {
  vi.spyOn(console, 'log').mockReturnValue();
  // The requests of these tests are not the demand that their plans are for.
  await env.DB.exec('DELETE FROM usage_hours');
  await env.DB.exec('DELETE FROM demand_series');
});
afterEach(async () => {
  await settled();
  vi.useRealTimers();
  vi.restoreAllMocks();
  health.clear();
});

async function change(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await adminCall('PATCH', path, body);
  const answer = await response.json<Record<string, unknown>>();
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
}

const setSite = (id: string, body: object) => change(`/sites/${id}`, body);
const undo = () =>
  Promise.all(fleet.sites.map((s) => setSite(s.id, { drained: false, capacityShare: null })));

async function headerOf(version: number | undefined): Promise<PlanHeader> {
  return (await readPlan(env.DB, version as number))!.header;
}

const shareOf = (header: PlanHeader, site: string) =>
  header.sites.find((s) => s.site === site)?.share;

describe('a drained site', () => {
  test('gets no new request, though the plan names it; its streams go on to their end', async () => {
    await publishPlan(env.DB, draft('all at sydney'), slots([['sydney', 1]]));
    let isOver = false;
    const encoder = new TextEncoder();
    const seen = playUpstreams((_, site) => {
      if (site !== 'sydney' || isOver) return completion(site);
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(encoder.encode(contentEvent)),
        async pull(controller) {
          while (!isOver) await scheduler.wait(2);
          controller.enqueue(encoder.encode(doneEvent));
          controller.close();
        },
      });
      return events(body as unknown as BodyInit);
    });
    const under = await chat(hello({ stream: true }));
    expect(under.headers.get('x-isotherm-site')).toBe('sydney');
    const reader = under.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(contentEvent);

    const drained = await setSite('sydney', {
      drained: true,
      author: 'ops',
      reason: 'new cooling',
    });
    expect(drained).toMatchObject({ state: 'drained', override: { drained: true }, warnings: [] });
    for (let n = 0; n < 8; n++) {
      const response = await chat(hello({ user: `u${n}` }));
      expect(response.status).toBe(200);
      expect(response.headers.get('x-isotherm-site')).not.toBe('sydney');
      // The baseline is what the registry's nearest site would have taken: draining saves nothing.
      const receipt = JSON.parse(response.headers.get('x-isotherm-receipt') as string);
      expect(receipt.counterfactual.site).toBe('sydney');
      await response.text();
    }
    expect(seen.filter((s) => s.site === 'sydney')).toHaveLength(1);

    isOver = true;
    let rest = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      rest += new TextDecoder().decode(read.value);
    }
    expect(rest).toBe(doneEvent);

    await setSite('sydney', { drained: false });
    const back = await chat(hello());
    expect(back.headers.get('x-isotherm-site')).toBe('sydney');
    await back.text();
  });

  test('is planned without, soon and by itself; taken back, it is planned with', async () => {
    await setSite('melbourne', { drained: true });
    vi.useFakeTimers({ now: Date.now() + 20_000, toFake: ['Date'] });
    playUpstreams((_, site) => completion(site));
    await runDurableObjectAlarm(boardOf(env));
    expect((await coordinatorOf(env).runs()).latest).toMatchObject({ trigger: 'override' });
    vi.useRealTimers();
    vi.restoreAllMocks();
    const run = await finish();
    expect(run.status).toBe('published');
    const header = await headerOf(run.planVersion);
    expect(shareOf(header, 'melbourne')).toBe(0);
    expect(header.unservedShare).toBeLessThan(1e-9);
    expect(header.excluded).toEqual([]);
    expect(header.certificate.gap).toBeLessThanOrEqual(1e-3);
    expect(header.overrides?.sites).toEqual({ melbourne: { drained: true } });

    await setSite('melbourne', { drained: false });
    const again = await headerOf((await runToEnd()).planVersion);
    expect(shareOf(again, 'melbourne')).toBeGreaterThan(0);
    expect(again.overrides?.sites).toEqual({});
    expect((await view(env)).moves?.orders).toEqual({ melbourne: 'undrained' });
  });

  test('most of the fleet drained is still planned: nothing is at fault', async () => {
    const kept = ['sydney', 'melbourne', 'perth', 'brisbane'];
    const out = fleet.sites.map((s) => s.id).filter((id) => !kept.includes(id));
    for (const id of out) await setSite(id, { drained: true });
    const run = await runToEnd();
    expect(run.status).toBe('published');
    const header = await headerOf(run.planVersion);
    for (const id of out) expect(shareOf(header, id)).toBe(0);
    await undo();
  });

  test('a run under way goes on with what was set when it began', async () => {
    const begun = await optimize(env, 'test', { gapTarget: 1e-3 });
    await setSite('melbourne', { drained: true });
    const run = await finish();
    expect(run.runId).toBe(begun.runId);
    const header = await headerOf(run.planVersion);
    expect(shareOf(header, 'melbourne')).toBeGreaterThan(0);
    expect(header.overrides?.sites.melbourne).toBeUndefined();
    await undo();
  });

  test('all of them: 503 in OpenAI’s shape, a plan that says so, and back again', async () => {
    const seen = playUpstreams((_, site) => completion(site));
    let warnings: unknown;
    for (const { id } of fleet.sites) ({ warnings } = await setSite(id, { drained: true }));
    expect(warnings).toContain('no site is left that may serve class chat of zone sydney');
    const response = await chat(hello());
    expect(response.status).toBe(503);
    expect(response.headers.get('x-isotherm-error')).toBe('sites_drained');
    expect(await response.json()).toEqual({
      error: {
        message: 'All sites that may serve this zone and model are drained.',
        type: 'server_error',
        param: null,
        code: 'sites_drained',
      },
    });
    expect(seen).toEqual([]);
    const run = await runToEnd();
    expect(run.status).toBe('published');
    expect((await headerOf(run.planVersion)).unservedShare).toBe(1);
    const { demand, unserved } = (await readPlan(env.DB, run.planVersion as number)) as Plan;
    expect(unserved).toEqual(demand);
    const shown = (await view(env)).slots?.[0]?.plan;
    expect(shown).toMatchObject({ reqPerS: 0, ttftMs: null });
    expect(shown?.unservedReqPerS).toBeGreaterThan(1);
    await undo();
    expect((await chat(hello())).status).toBe(200);
    const { planVersion } = await runToEnd();
    expect((await headerOf(planVersion)).unservedShare).toBeLessThan(1e-9);
    expect((await readPlan(env.DB, planVersion as number))?.unserved).toBeUndefined();
  });
});

describe('limits and prices', () => {
  test('a site is planned within the share it is left, and its solver is told', async () => {
    const before = await headerOf((await runToEnd()).planVersion);
    const utilisation = (h: PlanHeader) => h.sites.find((s) => s.site === 'melbourne')!.utilisation;
    const { maxUtilisation } = fleet.sites.find((s) => s.id === 'melbourne')!;
    const capacityShare = (0.5 * utilisation(before)) / maxUtilisation;
    await setSite('melbourne', { capacityShare });
    const after = await headerOf((await runToEnd()).planVersion);
    expect(utilisation(after)).toBeLessThanOrEqual(capacityShare * maxUtilisation * (1 + 1e-9));
    expect(utilisation(after)).toBeGreaterThan(0.8 * capacityShare * maxUtilisation);
    expect(after.certificate.gap).toBeLessThanOrEqual(1e-3);
    await undo();
  });

  test('a dearer tonne makes a cleaner plan; taken back, the registry’s price holds', async () => {
    const before = await headerOf((await runToEnd()).planVersion);
    expect(await change('/objective', { carbonAudPerT: 900, author: 'ops' })).toMatchObject({
      prices: { ...fleet.prices, carbonAudPerT: 900 },
      registry: fleet.prices,
      overrides: { carbonAudPerT: 900 },
    });
    const after = await headerOf((await runToEnd()).planVersion);
    expect(after.impactPrices?.carbonAudPerT).toBe(900);
    expect(after.impacts!.carbonKg).toBeLessThan(0.95 * before.impacts!.carbonKg);
    expect((await view(env)).moves?.pricesBefore).toEqual(before.impactPrices);
    const tried = await (await adminCall('GET', '/what-if')).json<{ header: PlanHeader }>();
    expect(tried.header.overrides?.prices).toEqual({ carbonAudPerT: 900 });
    await change('/objective', { carbonAudPerT: null });
    expect(await (await adminCall('GET', '/objective')).json()).toMatchObject({
      prices: fleet.prices,
      overrides: {},
    });
  });
});

describe('the admin API', () => {
  test('keeps who set what, when and why, and writes nothing down that changes nothing', async () => {
    const changes = async () =>
      (await (await adminCall('GET', '/changes')).json<{ changes: object[] }>()).changes;
    const before = (await changes()).length;
    await setSite('hobart', { drained: true, capacityShare: 0.5, author: 'ops', reason: 'why' });
    await setSite('hobart', { drained: true, author: 'again' });
    await setSite('hobart', { drained: false, capacityShare: null });
    const [last, , second, first, ...older] = await changes();
    expect(older).toHaveLength(before);
    const by = { subject: 'hobart', author: 'ops', reason: 'why' };
    expect(first).toMatchObject({ ...by, field: 'drained', value: true });
    expect(second).toMatchObject({ ...by, field: 'capacityShare', value: 0.5 });
    expect(last).toMatchObject({ subject: 'hobart', field: 'capacityShare', value: null });
    expect(last).toMatchObject({ author: null, utc: expect.stringMatching(/^20.*Z$/) });
  });

  test('shows of every site what is set, and whether the plan has it', async () => {
    interface Sites {
      revision: number;
      plannedRevision: number;
      sites: {
        id: string;
        state: string;
        override: object | null;
        isDown: boolean;
        measured: object | null;
      }[];
    }
    const read = async () => (await adminCall('GET', '/sites')).json<Sites>();
    await setSite('cairns', { drained: true });
    const set = await read();
    expect(set.revision).toBeGreaterThan(set.plannedRevision);
    const cairns = set.sites.find((s) => s.id === 'cairns');
    expect(cairns).toMatchObject({ state: 'drained', override: { drained: true }, isDown: false });
    expect(set.sites.find((s) => s.id === 'perth')).toMatchObject({
      state: 'active',
      override: null,
    });
    await boardOf(env).exchange(
      { perth: { good: 2, bad: 0, timed: { count: 2, ttftMs: 500, expectedMs: 300 } } },
      'an isolate',
    );
    await runToEnd();
    const planned = await read();
    const perth = planned.sites.find((s) => s.id === 'perth');
    expect(perth?.measured).toEqual({
      streams: expect.closeTo(2, 1),
      ttftMs: expect.closeTo(250, 6),
      unloadedTtftMs: expect.closeTo(150, 6),
      planned: null,
    });
    expect(planned.sites.find((s) => s.id === 'cairns')?.measured).toBeNull();
    expect(planned.plannedRevision).toBe(set.revision);
    await undo();
  });

  test.each([
    ['a site that is not there', '/sites/atlantis', { drained: true }, 404, /no site has the id/],
    ['no change at all', '/sites/perth', {}, 400, /has none of drained, capacityShare/],
    ['a share of nothing', '/sites/perth', { capacityShare: 0 }, 400, /capacityShare/],
    ['what a site keeps to itself', '/sites/perth', { facilityKw: 9 }, 400, /facilityKw/],
    ['a price below zero', '/objective', { carbonAudPerT: -1 }, 400, /carbonAudPerT/],
    ['a price that is none', '/objective', { peaceAudPerDay: 1 }, 400, /peaceAudPerDay/],
  ])('refuses %s', async (_, path, body, status, words) => {
    const response = await adminCall('PATCH', path, body);
    expect(response.status).toBe(status);
    expect((await response.json<{ error: string }>()).error).toMatch(words);
  });

  test.each(['/sites/perth', '/objective'])('%s needs the admin token', async (path) => {
    const response = await adminCall('PATCH', path, { drained: true }, 'test-client-key');
    expect(response.status).toBe(401);
    await response.text();
  });
});

describe('while D1 hangs', () => {
  test('what is known holds; an isolate that knows nothing routes by the registry', async () => {
    await setSite('sydney', { drained: true });
    vi.spyOn(console, 'error').mockReturnValue();
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    const d1 = slowD1(env.DB);
    const stateIn = async (overlay: Overlay) =>
      (await overlay.current(d1.DB, createExecutionContext())).sites.find((s) => s.id === 'sydney')
        ?.state;
    const known = new Overlay();
    expect(await stateIn(known)).toBe('drained');
    d1.hang();
    for (let s = 0; s < 60; s += 4) {
      await vi.advanceTimersByTimeAsync(4000);
      expect(await stateIn(known)).toBe('drained');
    }
    await vi.advanceTimersByTimeAsync(60_000);
    const late = stateIn(known);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await late).toBe('drained');

    const fresh = new Overlay();
    const first = stateIn(fresh);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await first).toBe('active');
    // The next ones do not wait, and hear of it once D1 answers.
    expect(await stateIn(fresh)).toBe('active');
    await d1.release();
    await vi.advanceTimersByTimeAsync(2000);
    await stateIn(fresh);
    await vi.waitFor(async () => {
      vi.advanceTimersByTime(0);
      expect(await stateIn(fresh)).toBe('drained');
    });
    vi.useRealTimers();
    await undo();
  });

  test('what is set elsewhere holds within seconds under traffic, at once after a pause', async () => {
    const overlay = new Overlay();
    const stateOf = async () =>
      (await overlay.current(env.DB, createExecutionContext())).sites.find((s) => s.id === 'perth')
        ?.state;
    vi.useFakeTimers({ toFake: ['Date'] });
    expect(await stateOf()).toBe('active');
    await setSite('perth', { drained: true });
    expect(await stateOf()).toBe('active');
    vi.setSystemTime(Date.now() + 3001);
    await stateOf();
    await vi.waitFor(async () => expect(await stateOf()).toBe('drained'));
    await setSite('perth', { drained: false });
    vi.setSystemTime(Date.now() + 10_001);
    expect(await stateOf()).toBe('active');
  });
});
