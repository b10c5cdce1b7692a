import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { emptyTiming, siteTimingSchema } from '../../src/core/learning/site-speeds.ts';
import { type TimingRow, timingSums } from '../../src/core/learning/timing.ts';
import { estimateRttMs } from '../../src/core/model/geo.ts';
import { decodeStepMs, hardwareProfiles, prefillMs } from '../../src/core/model/hardware.ts';
import { floorToHour } from '../../src/core/model/time.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import type { PlanHeader } from '../../src/core/planning/plan.ts';
import type { PlannedTtft } from '../../src/core/planning/ttft-drift.ts';
import { planView } from '../../src/core/planning/view.ts';
import type { Tally } from '../../src/core/routing/board.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import { readPlan } from '../../src/store/plans.ts';
import { writeSiteTimings } from '../../src/store/timings.ts';
import { bookBatch } from '../../src/store/usage.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { optimize } from '../../src/workers/optimize.ts';
import { health } from '../../src/workers/site-health.ts';
import { expectMeasured, type SpeedsMode } from '../../src/workers/speeds.ts';
import { settled } from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';
import { finish } from './support/runs.ts';

/** From the times of requests to the speeds that a plan is made for. */

/** Half an hour of this hour has passed. */
const startUtcMs = floorToHour(Date.now());
const startMs = startUtcMs + MS_PER_HOUR / 2;
const CLOCK_OFFSET_MS = String(startMs - Date.now());

beforeEach(async () => {
  vi.spyOn(console, 'log').mockReturnValue();
  for (const table of ['timing_hours', 'site_timings', 'usage_hours', 'demand_series']) {
    await env.DB.exec(`DELETE FROM ${table}`);
  }
});
afterEach(() => vi.restoreAllMocks());

/** Times pass by a clock of the test's own: a busy machine's would be part of each. */
function playClock() {
  let nowMs = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => Math.round(nowMs));
  const due: { atMs: number; go: () => void }[] = [];
  return {
    after: (ms: number) =>
      new Promise<void>((go) => {
        due.push({ atMs: nowMs + ms, go });
      }),
    /** Goes on to what comes next until all that was begun has ended. */
    async run(begun: Promise<unknown>[]): Promise<void> {
      let open = begun.length;
      for (const one of begun) void one.finally(() => open--);
      while (open > 0) {
        await scheduler.wait(1);
        const next = due.reduce<(typeof due)[number] | undefined>(
          (a, b) => (a && a.atMs <= b.atMs ? a : b),
          undefined,
        );
        if (!next) continue;
        due.splice(due.indexOf(next), 1);
        nowMs = Math.max(nowMs, next.atMs);
        next.go();
      }
    },
  };
}

/** Every site serves in the registry's time, `slow` in twice that; who asks says from where and for what. */
function playSites(clock: ReturnType<typeof playClock>, slow: string) {
  const hosts = new Map(fleet.sites.map((s) => [new URL(s.upstream.baseUrl).host, s]));
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const site = hosts.get(new URL(String(input)).host)!;
    const { user } = JSON.parse(String((init as RequestInit).body)) as { user: string };
    const [zoneId, prompt, answer] = user.split('/');
    const zone = fleet.zones.find((z) => z.id === zoneId)!;
    const times = site.id === slow ? 2 : 1;
    const hw = hardwareProfiles[site.hardware.profile];
    const stepMs = times * decodeStepMs(hw, 1);
    const usage = { prompt_tokens: Number(prompt), completion_tokens: Number(answer) };
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const write = (text: string) => writer.write(new TextEncoder().encode(text));
    await clock.after(
      estimateRttMs(zone, site) + stepMs / 2 + times * prefillMs(hw, Number(prompt)),
    );
    void (async () => {
      await write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'hi' } }] })}\n\n`);
      await clock.after((Number(answer) - 1) * stepMs);
      await write(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
      await writer.close();
    })();
    return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
  });
}

async function send(n: number, zones: readonly string[]) {
  const zone = { id: zones[n % zones.length] as string };
  const user = `${zone.id}/${[200, 700, 1500, 4000][n % 4]}/${20 + (n % 7) * 10}/${n}`;
  const response = await chat(hello({ user, stream: true }), {
    headers: { 'x-isotherm-zone': zone.id },
    vars: { CLOCK_OFFSET_MS },
  });
  await response.text();
  return response.status;
}

async function planned(mode: SpeedsMode) {
  await optimize({ ...env, SPEEDS: mode, DEMAND: 'population', CLOCK_OFFSET_MS }, 'test');
  const run = await finish();
  expect(run.error).toBeUndefined();
  return (await readPlan(env.DB, run.planVersion as number))!;
}
const siteOf = (header: PlanHeader, id: string) => header.sites.find((s) => s.site === id)!;

describe('a site of half the registry’s speed', () => {
  test('is found out by its requests, shown, and planned with: load moves away from it', async () => {
    const { header: first, slots } = await planned('learned');
    // The site that serves most of its zones in this hour, whichever hour it is.
    const shares = Object.entries(slots[0]?.chat ?? {});
    const shareOf = (id: string, sites: [string, number][]) =>
      sites.find(([site]) => site === id)?.[1] ?? 0;
    const bestZones = (id: string) =>
      shares.toSorted(([, a], [, b]) => shareOf(id, b) - shareOf(id, a)).slice(0, 4);
    const served = (id: string) =>
      bestZones(id).reduce((sum, [, sites]) => sum + shareOf(id, sites), 0);
    const ids = first.sites.filter((s) => s.share > 0.02).map((s) => s.site);
    const slow = ids.reduce((best, id) => (served(id) > served(best) ? id : best));
    expect(siteOf(first, slow).speed).toBeUndefined();
    const zones = bestZones(slow).map(([zone]) => zone);
    const clock = playClock();
    const told: Tally[] = [];
    health.clear();
    health.takeTallies(Date.now());
    const take = health.takeTallies.bind(health);
    vi.spyOn(health, 'takeTallies').mockImplementation((nowMs) => {
      const tallies = take(nowMs);
      told.push(...Object.values(tallies));
      return tallies;
    });
    playSites(clock, slow);
    for (let n = 0; n < 150; n += 15) {
      const wave = Array.from({ length: 15 }, (_, m) => send(n + m, zones));
      await clock.run(wave);
      expect(new Set(await Promise.all(wave))).toEqual(new Set([200]));
    }
    vi.mocked(globalThis.fetch).mockRestore();
    await settled();

    const registry = (await planned('registry')).header;
    expect(registry.sites.some((s) => s.speed)).toBe(false);
    const plan = await planned('learned');
    const { header } = plan;
    const speed = siteOf(header, slow).speed!;
    expect(speed.streams).toBeGreaterThan(30);
    expect(speed.prefill).toBeGreaterThan(1.4);
    expect(speed.prefill).toBeLessThan(2.3);
    expect(speed.decode).toBeGreaterThan(1.4);
    expect(speed.decode).toBeLessThan(2.3);
    expect(speed.prefillSe).toBeLessThan(0.4);
    for (const other of header.sites) {
      if (other.site === slow || !other.speed) continue;
      expect(Math.abs(other.speed.prefill - 1)).toBeLessThan(0.2);
      expect(Math.abs(other.speed.decode - 1)).toBeLessThan(0.2);
    }
    // All else is the same, but for the seconds between.
    expect(siteOf(header, slow).share).toBeLessThan(0.8 * siteOf(registry, slow).share);
    expect(header.certificate.gap).toBeLessThanOrEqual(0.001);
    expect(header.excluded).toEqual([]);
    // The page charges requests there as the plan does: slower.
    const nearest = { ...plan, slots: plan.slots.map(() => slots[0]!) };
    const ttft = (sites: PlanHeader['sites']) =>
      planView(fleet, { ...nearest, header: { ...header, sites } })?.[0]?.sites[
        fleet.sites.findIndex((s) => s.id === slow)
      ]?.ttftMs ?? 0;
    expect(ttft(header.sites)).toBeGreaterThan(ttft(registry.sites) + 30);
    // Isolates tell the board what the plan has for each stream beside what it took.
    health.takeTallies(Date.now());
    const sum = (of: (p: PlannedTtft) => number) =>
      told.reduce((a, t) => a + (t.planned ? of(t.planned) : 0), 0);
    expect(sum((p) => p.count)).toBe(150);
    // By the words of its prompt, which are few here.
    expect(sum((p) => p.plannedMs)).toBeGreaterThan(150 * 16);
    expect(sum((p) => p.ttftMs)).toBeGreaterThan(150 * 50);

    const answer = await adminCall('GET', '/sites');
    const { sites } = await answer.json<{ sites: { id: string; plan: unknown }[] }>();
    expect(sites.find((s) => s.id === slow)?.plan).toMatchObject({ speed });
  }, 60_000);
});

function rowOf(site: string, hourUtcMs: number, times: number, n = 400): TimingRow {
  const none = Object.fromEntries(timingSums.map((name) => [name, 0])) as unknown as TimingRow;
  const { hardware } = fleet.sites.find((s) => s.id === site)!;
  const hw = hardwareProfiles[hardware.profile];
  const row: TimingRow = { ...none, site, zone: 'sydney', hourUtcMs };
  for (let i = 0; i < n; i++) {
    const x = prefillMs(hw, 200 + 40 * (i % 50));
    const y = 60 + times * x;
    const m = 100 * times * decodeStepMs(hw, 1);
    row.requests += 1;
    row.workMs += x;
    row.tokens += 101;
    row.timed += 1;
    row.promptMs += x;
    row.ttftMs += y;
    row.promptSqMs2 += x * x;
    row.productMs2 += x * y;
    row.ttftSqMs2 += y * y;
    row.steps += 100;
    row.decodeMs += m;
    row.decodeSqMs2 += (m * m) / 100;
  }
  return row;
}

async function book(...timings: TimingRow[]) {
  const id = crypto.randomUUID();
  await bookBatch(env.DB, { id, rows: [], counters: [], timings }, startMs);
}

async function measured(mode: SpeedsMode, nowMs = startMs, db = env.DB) {
  const inputs = embeddedInputs(fleet, startUtcMs, 24);
  await expectMeasured(db, fleet, inputs, nowMs, mode);
  return inputs;
}

describe('hours of times', () => {
  test('are taken in once they are over, each once, whoever asks; the one under way for the plan alone', async () => {
    await book(rowOf('perth', startUtcMs - 2 * MS_PER_HOUR, 2));
    await book(rowOf('perth', startUtcMs - MS_PER_HOUR, 2), rowOf('perth', startUtcMs, 2));
    await Promise.all([measured('learned'), measured('learned')]);
    const { speeds } = await measured('learned');
    expect(speeds?.perth?.streams).toBeGreaterThan(1100);
    expect(speeds?.perth?.streams).toBeLessThan(1200);
    expect(speeds?.perth?.ageH).toBe(0);
    expect(Object.keys(speeds ?? {})).toEqual(['perth']);
    const row = await env.DB.prepare("SELECT state FROM site_timings WHERE site = 'perth'").first<{
      state: string;
    }>();
    const state = siteTimingSchema.parse(JSON.parse(row!.state));
    expect(state.lastUtcMs).toBe(startUtcMs - MS_PER_HOUR);
    expect(state.timed).toBeGreaterThan(780);
    expect(state.timed).toBeLessThan(800);
  });

  test('count for less as they age, and not at all by the registry’s speeds', async () => {
    await book(rowOf('perth', startUtcMs - MS_PER_HOUR, 2));
    const young = (await measured('learned')).speeds?.perth;
    const old = (await measured('learned', startMs + 7 * 24 * MS_PER_HOUR)).speeds?.perth;
    expect(young?.prefill).toBeGreaterThan(old?.prefill as number);
    expect(old?.ageH).toBeGreaterThan(167);
    expect((await measured('registry')).speeds).toBeUndefined();
  });

  test('frozen, nothing is taken in and nothing ages', async () => {
    await book(rowOf('perth', startUtcMs - MS_PER_HOUR, 2));
    const before = (await measured('learned', startUtcMs + MS_PER_HOUR / 5)).speeds?.perth;
    await book(rowOf('perth', startUtcMs, 0.5), rowOf('hobart', startUtcMs, 3));
    const later = startMs + 24 * MS_PER_HOUR;
    const { speeds } = await measured('frozen', later);
    expect(Object.keys(speeds ?? {})).toEqual(['perth']);
    expect(Math.abs((speeds?.perth?.prefill as number) - (before?.prefill as number))).toBeLessThan(
      0.01,
    );
    // What came meanwhile is not lost.
    expect((await measured('learned', later)).speeds?.hobart?.prefill).toBeGreaterThan(1.5);
  });

  test('that D1 refuses cost no plan: what is known serves on, and the fault is named', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    await book(rowOf('perth', startUtcMs - MS_PER_HOUR, 2));
    await measured('learned');
    const refusing = {
      prepare(sql: string) {
        if (sql.includes('timing_hours')) throw new Error('D1_ERROR: overloaded');
        return env.DB.prepare(sql);
      },
    } as unknown as D1Database;
    const inputs = await measured('learned', startMs, refusing);
    expect(inputs.speedsFault).toBe('times could not be taken in: D1_ERROR: overloaded');
    expect(inputs.speeds?.perth?.prefill).toBeGreaterThan(1.5);
  });

  test('a state that cannot be read is begun anew; sites that are gone are left out', async () => {
    vi.spyOn(console, 'error').mockReturnValue();
    await book(rowOf('perth', startUtcMs - MS_PER_HOUR, 2));
    await measured('learned');
    await env.DB.exec(`UPDATE site_timings SET state = '{"version":9}'`);
    const gone = { ...rowOf('perth', startUtcMs, 3), site: 'gone' };
    await book(rowOf('perth', startUtcMs, 2), gone);
    const { speeds } = await measured('learned', startMs + MS_PER_HOUR);
    expect(Object.keys(speeds ?? {})).toEqual(['perth']);
    // The hour before is still there, and taken in again.
    expect(speeds?.perth?.streams).toBeGreaterThan(700);
  });
});

describe('a stream says nothing of its site’s speed', () => {
  const line = (value: object) => new TextEncoder().encode(`data: ${JSON.stringify(value)}\n\n`);
  const USAGE = { choices: [], usage: { prompt_tokens: 1024, completion_tokens: 20 } };

  /** A stream of 20 tokens, after a prompt that takes so long; `early` comes before it is worked on. */
  function playStream(prefillMs: number, early?: object) {
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      void (async () => {
        const writer = writable.getWriter();
        if (early) await writer.write(line(early));
        await scheduler.wait(prefillMs / 2);
        if (early) await writer.write(line(early));
        await scheduler.wait(prefillMs / 2);
        for (let n = 0; n < 20; n++) {
          await writer.write(line({ choices: [{ delta: { content: 'hi ' } }] }));
          await scheduler.wait(1);
        }
        await writer.write(line(USAGE));
        await writer.write(new TextEncoder().encode('data: [DONE]\n\n'));
        await writer.close();
      })();
      return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
    });
  }

  async function booked(pauseMs: number) {
    await env.DB.exec('DELETE FROM timing_hours');
    const response = await chat(hello({ stream: true }));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    if (pauseMs > 0) await scheduler.wait(pauseMs);
    while (!(await reader.read()).done);
    await settled();
    const { results } = await env.DB.prepare(
      'SELECT timed, ttft_ms AS ttftMs FROM timing_hours',
    ).all<{ timed: number; ttftMs: number }>();
    return results[0];
  }

  test('where its client keeps it waiting', async () => {
    // Long enough for a busy machine's own pauses to be less than a tenth of it.
    playStream(1200);
    expect((await booked(0))?.timed).toBe(1);
    expect((await booked(1000))?.timed ?? 0).toBe(0);
  });

  test('before the answer itself: what comes earlier is no first token', async () => {
    playStream(400, { choices: [{ delta: { role: 'assistant', content: '' } }] });
    const judge = vi.spyOn(health, 'judge');
    const spoken = () =>
      judge.mock.calls.flatMap(([, v]) => (v.kind === 'spoke' ? [v.ttftMs] : []));
    expect((await booked(0))?.ttftMs).toBeGreaterThan(300);
    // Nor by what is held against the plan.
    expect(spoken()).toHaveLength(1);
    expect(spoken()[0]).toBeGreaterThan(300);
    // Nor is it the site's time that a client takes to read what came before.
    judge.mockClear();
    const response = await chat(hello({ stream: true }), { vars: {} });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await scheduler.wait(1000);
    while (!(await reader.read()).done);
    await vi.waitFor(() => expect(judge.mock.calls).not.toHaveLength(1));
    expect(judge.mock.calls.map(([, v]) => v.kind)).toEqual(['began', 'answered']);
  });
});

test('other hardware in the registry begins anew: what was learned is in times of the old', async () => {
  const site = fleet.sites[0]!;
  const sums = {
    promptVarMs2: 1e7,
    covarMs2: 2e7,
    ttftVarMs2: 5e7,
    decodeMs: 2e5,
    expectedMs: 1e5,
  };
  const learned = { ...emptyTiming(site, startUtcMs), ...sums, decodeSqMs: 4e5, timed: 400 };
  await writeSiteTimings(env.DB, new Map([[site.id, learned]]));
  const sites = fleet.sites.map((s) =>
    s === site ? { ...s, hardware: { ...s.hardware, batch: s.hardware.batch / 2 } } : s,
  );
  for (const [present, isKnown] of [
    [fleet, true],
    [{ ...fleet, sites }, false],
  ] as const) {
    for (const mode of ['learned', 'frozen'] as const) {
      const inputs = embeddedInputs(present, startUtcMs, 2);
      await expectMeasured(env.DB, present, inputs, startMs, mode);
      expect(inputs.speedsFault).toBeUndefined();
      expect(inputs.speeds?.[site.id] !== undefined, mode).toBe(isKnown);
    }
  }
});
