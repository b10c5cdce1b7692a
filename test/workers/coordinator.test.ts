import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { coordinatorOf, optimize } from '../../src/workers/optimize.ts';
import { roundsPerAlarm } from '../../src/workers/rounds.ts';
import { requestsSeen, setFault } from './support/faults.ts';
import { computed, finish, runToEnd } from './support/runs.ts';

async function currentPlan() {
  const version = await currentVersion(env.DB);
  return version === undefined ? undefined : readPlan(env.DB, version);
}

describe('an optimization in workerd', () => {
  test('reaches a certified 0.1 % in at most 8 real rounds from cold, and is in D1 whole', async () => {
    await setFault('hobart', { kind: 'none' });
    const run = await runToEnd();
    expect(run).toMatchObject({ status: 'published', trigger: 'test', planVersion: 1 });
    expect(run.rounds.length).toBeLessThanOrEqual(8);
    // Every round went over the wire to the site's own Worker.
    expect(await requestsSeen('hobart')).toBe(run.rounds.length);
    const plan = await currentPlan();
    expect(plan?.header).toMatchObject({ version: 1, stopReason: 'gap', mode: 'learned' });
    expect(plan?.header.certificate.gap).toBeLessThanOrEqual(1e-3);
    expect(plan?.slots).toHaveLength(24);
    for (const slot of plan?.slots ?? []) {
      expect(Object.keys(slot)).toEqual(fleet.classes.map((c) => c.id));
      expect(Object.keys(slot.chat ?? {})).toEqual(fleet.zones.map((z) => z.id));
    }
    expect(plan?.header.unservedShare).toBeLessThan(1e-9);
  });

  test('starts warm from the last one: at most 2 rounds for the same hours', async () => {
    const run = await runToEnd();
    expect(run.status).toBe('published');
    expect(run.rounds.length).toBeLessThanOrEqual(2);
  });

  test('in supply rounds one real round finds and proves a plan', async () => {
    const run = await runToEnd({ mode: 'supply' });
    expect(run.status).toBe('published');
    const header = (await currentPlan())?.header;
    expect(header).toMatchObject({ version: run.planVersion, mode: 'supply', rounds: 1 });
    expect(header?.certificate.gap).toBeLessThanOrEqual(1e-3);
    expect(header?.unservedShare).toBeLessThan(1e-9);
  });

  test('the plan remembers its rounds: bounds, residuals, who answered and how fast', async () => {
    const run = await runToEnd({ mode: 'classic', gapTarget: 1e-12, maxRounds: 4 });
    const trace = (await currentPlan())?.header.trace ?? [];
    expect(trace.map((r) => r.round)).toEqual([1, 2, 3, 4]);
    for (const [n, round] of trace.entries()) {
      expect(round).toMatchObject({ mode: 'classic', answered: fleet.sites.length, missing: [] });
      expect(round.lowerBoundAud).toBeLessThanOrEqual(round.objectiveAud as number);
      expect(round.slowestMs).toBeLessThanOrEqual(round.wallMs as number);
      expect(fleet.sites.map((s) => s.id)).toContain(round.slowestSite);
      expect(run.rounds[n]?.certificate?.gap).toBe(round.gap);
      // The first round has no proximal step yet.
      if (n > 0) expect(round.penalty).toBeGreaterThan(0);
      expect(round.primalResidual).toBeGreaterThan(0);
      expect(round.dualResidual).toBeGreaterThan(0);
    }
  });

  test('says where solvers ran, as Cloudflare told them', async () => {
    await setFault('perth', { kind: 'placed' });
    const run = await runToEnd();
    expect(run.placements).toEqual({ perth: 'remote-SYD' });
    const sites = (await currentPlan())?.header.sites;
    expect(sites?.find((s) => s.site === 'perth')?.placement).toBe('remote-SYD');
  });

  test('keeps a budget over several optimizations, evicted between rounds', {
    timeout: 60_000,
  }, async () => {
    const free = await runToEnd();
    const { impacts } = (await currentPlan())!.header;
    const budgets = { carbonKg: 0.93 * impacts!.carbonKg };
    const run = await runToEnd({ budgets, gapTarget: 5e-3 }, { evictBetweenRounds: true });
    expect(run).toMatchObject({ status: 'published' });
    expect(run.evictions).toBeGreaterThan(3);
    expect(run.rounds.map((r) => r.round)).toEqual(run.rounds.map((_, n) => n + 1));
    expect(run.rounds.length).toBeGreaterThan(free.rounds.length);
    const { header, slots } = (await currentPlan())!;
    expect(header).toMatchObject({ stopReason: 'gap', rounds: run.rounds.length });
    expect(header.certificate.gap).toBeLessThanOrEqual(5e-3);
    const [budget] = header.budgets!;
    expect(budget).toMatchObject({ of: 'carbonKg', limit: budgets.carbonKg, missedBy: 0 });
    expect(budget!.shadowPrice).toBeGreaterThan(0);
    expect(budget!.amount).toBeLessThanOrEqual(budgets.carbonKg * (1 + 1e-8));
    // The sites' own answers say the same of the shares that were published.
    expect(Math.abs(header.impacts!.carbonKg / budget!.amount - 1)).toBeLessThan(1e-6);
    expect(header.impactPrices!.carbonAudPerT).toBeCloseTo(
      fleet.prices.carbonAudPerT + budget!.shadowPrice,
      6,
    );
    expect(slots).toHaveLength(24);
  });

  test('a budget that nothing keeps is missed, and the plan says by how much', {
    timeout: 30_000,
  }, async () => {
    const run = await runToEnd({ budgets: { carbonKg: 100, waterL: 1e9 } });
    expect(run.status).toBe('published');
    const [carbon, water] = (await currentPlan())!.header.budgets!;
    expect(carbon!.missedBy).toBeCloseTo(carbon!.amount - 100, 6);
    expect(carbon!.missedBy).toBeGreaterThan(100);
    expect(water).toMatchObject({ missedBy: 0, shadowPrice: 0 });
    // The next run without budgets begins afresh.
    await runToEnd();
    expect((await currentPlan())!.header.budgets).toBeUndefined();
  });

  test('budgets and sites that may not say what they emit contradict one another', async () => {
    const settings = { budgets: { carbonKg: 1 }, discloseImpacts: false };
    await expect(optimize(env, 'test', settings)).rejects.toThrow(/discloseImpacts/);
  });

  test('started twice is one run', async () => {
    const [a, b] = await Promise.all([optimize(env, 'one'), optimize(env, 'two')]);
    expect(b.runId).toBe(a.runId);
    await runToEnd();
  });
});

describe('a coordinator evicted between rounds', () => {
  test('goes on where it was, and comes to the same plan', { timeout: 60_000 }, async () => {
    const settings = { mode: 'classic', gapTarget: 1e-12, maxRounds: 5 } as const;
    const forget = () =>
      runInDurableObject(coordinatorOf(env), (_, state) => state.storage.deleteAll());
    await forget();
    const undisturbed = await runToEnd(settings);
    await forget();
    const disturbed = await runToEnd(settings, { evictBetweenRounds: true });
    expect(disturbed.status).toBe('published');
    expect(disturbed.evictions).toBeGreaterThanOrEqual(5);
    expect(disturbed.rounds.map((r) => r.round)).toEqual([1, 2, 3, 4, 5]);
    expect(computed(disturbed)).toEqual(computed(undisturbed));
    expect((await currentPlan())?.header).toMatchObject({ stopReason: 'rounds', rounds: 5 });
  });
});

test('a solver reads no more than a packet can hold, whatever length is claimed', async () => {
  const mebibyte = new Uint8Array(1024 * 1024);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent++ < 9) controller.enqueue(mebibyte);
      else controller.close();
    },
  });
  const response = await (env.SOLVER_SYDNEY as Fetcher).fetch('http://solver/v1/round', {
    method: 'POST',
    body,
  });
  expect(response.status).toBe(413);
});

describe('a registry that changes under a run', () => {
  test('ends it: its arrays are in another order', async () => {
    await optimize(env, 'test');
    await runInDurableObject(coordinatorOf(env), (_, { storage }) =>
      storage.put('fleet', 'of another registry with as many sites'),
    );
    const run = await runToEnd();
    expect(run).toMatchObject({
      status: 'failed',
      error: 'the fleet changed while the run was under way',
    });
  });
});

test('the history keeps the last rounds of a run, the latest run all', async () => {
  const run = await runToEnd({ mode: 'classic', gapTarget: 1e-12, maxRounds: 10 });
  expect(run.rounds).toHaveLength(10);
  const { latest, ended } = await coordinatorOf(env).runs();
  expect(latest?.rounds).toHaveLength(10);
  expect(ended[0]?.rounds.map((r) => r.round)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
});

test.each([
  ['2', 14, 2],
  ['50', 14, 2],
  ['1', 14, 1],
  ['4', 3, 4],
  ['50', 3, 10],
  [undefined, 16, 2],
  ['2', 17, 1],
  ['2', 200, 1],
])('rounds an alarm runs: %s wanted, %i sites', (wanted, sites, rounds) => {
  expect(roundsPerAlarm(wanted, sites)).toBe(rounds);
});

describe('a site solver that misbehaves', () => {
  const cases = [
    { kind: 'timeout', reason: /no answer within 400 ms/ },
    { kind: 'nan', reason: /expected a finite number|lacks/ },
    { kind: 'wrong-round', reason: /answers round \d+, expected \d+/ },
    { kind: 'status-500', reason: /status 500/ },
    { kind: 'garbage', reason: /expected at least 12/ },
  ] as const;

  test.each(cases)('$kind once: refused with its reason, asked again', async ({ kind, reason }) => {
    await setFault('melbourne', { kind, times: 1 });
    const run = await runToEnd();
    expect(run.status).toBe('published');
    const [missing] = run.rounds[0]?.missing ?? [];
    expect(missing).toMatchObject({ site: 'melbourne', reason: expect.stringMatching(reason) });
    // Other sites' times are on record, its reason in the plan, too.
    expect(Object.keys(run.rounds[0]?.siteMs ?? {})).toEqual(fleet.sites.map((s) => s.id));
    const [first] = (await currentPlan())?.header.trace ?? [];
    expect(first).toMatchObject({
      missing: ['melbourne'],
      reasons: [expect.stringMatching(reason)],
    });
    if (kind === 'timeout') expect(first?.slowestSite).toBe('melbourne');
    // A round with a hole proves nothing; a later one does.
    expect(run.rounds[0]?.certificate).toBeUndefined();
    expect(run.rounds.at(-1)?.certificate?.gap).toBeLessThanOrEqual(1e-3);
    expect((await currentPlan())?.header.excluded).toEqual([]);
  });

  test.each(cases)('$kind for good: planned without, its demand moved', async ({ kind }) => {
    await setFault('melbourne', { kind });
    const run = await runToEnd();
    expect(run.status).toBe('published');
    expect(run.rounds.flatMap((r) => r.excluded)).toEqual(['melbourne']);
    const plan = await currentPlan();
    expect(plan?.header.excluded.map((e) => e.site)).toEqual(['melbourne']);
    expect(plan?.header.sites.find((s) => s.site === 'melbourne')?.share).toBe(0);
    expect(plan?.header.unservedShare).toBeLessThan(1e-9);
    expect(plan?.header.certificate.gap).toBeLessThanOrEqual(1e-3);
    for (const slot of plan?.slots ?? []) {
      expect(JSON.stringify(slot)).not.toContain('["melbourne",');
      expect(slot.chat?.melbourne?.length).toBeGreaterThan(0);
    }
  });

  test('every site silent: no plan is made up, the last one stays', async () => {
    const before = await currentVersion(env.DB);
    for (const site of fleet.sites) await setFault(site.id, { kind: 'status-500' });
    const run = await runToEnd({ maxRounds: 4 });
    expect(run.status).toBe('failed');
    expect(run.error).toMatch(/no certified plan|most of the fleet/);
    expect(await currentVersion(env.DB)).toBe(before);
  });
});

describe('limits on rises', () => {
  const utilisationOf = async (site: string) =>
    (await currentPlan())!.header.sites.find((s) => s.site === site)!.utilisation;
  const melbourne = fleet.sites.find((s) => s.id === 'melbourne')!;

  test('hold from the first plan on that has them, over whatever plan D1 has in force', async () => {
    await setFault('melbourne', { kind: 'status-500' });
    await runToEnd();
    await setFault('melbourne', { kind: 'none' });
    fleet.ramp = { maxRisePerPlan: 0.01 };
    try {
      await runToEnd();
      expect(await utilisationOf('melbourne')).toBeGreaterThan(0);
      expect(await utilisationOf('melbourne')).toBeLessThanOrEqual(
        0.01 * melbourne.maxUtilisation + 1e-9,
      );
      expect((await currentPlan())!.header.rampFault).toBeUndefined();
    } finally {
      delete fleet.ramp;
    }
  });

  test('are away over a plan that cannot be read, and the next plan says so', async () => {
    const version = await currentVersion(env.DB);
    await env.DB.prepare(
      "UPDATE plans SET header = json_set(header, '$.mode', 'later') WHERE version = ?",
    )
      .bind(version)
      .run();
    const said = vi.spyOn(console, 'error').mockReturnValue();
    fleet.ramp = { maxRisePerPlan: 0.01 };
    try {
      expect((await runToEnd()).status).toBe('published');
      const { rampFault } = (await currentPlan())!.header;
      expect(rampFault).toMatch(`no rise over plan ${version} is limited`);
      expect(rampFault).toMatch('mode');
      expect(said).toHaveBeenCalledWith(rampFault);
      expect(await utilisationOf('melbourne')).toBeGreaterThan(0.01 * melbourne.maxUtilisation);
      await runToEnd();
      expect((await currentPlan())!.header.rampFault).toBeUndefined();
    } finally {
      delete fleet.ramp;
      said.mockRestore();
    }
  });

  test('of another version do not fall away in a run under way: it fails, the next one has its own', async () => {
    fleet.ramp = { maxRisePerPlan: 0.01 };
    try {
      const { runId } = await optimize(env, 'test');
      await runInDurableObject(coordinatorOf(env), (_, { storage }) => storage.delete('standing'));
      const error = 'stored run lacks "standing"';
      expect(await finish()).toMatchObject({ runId, status: 'failed', error });
      expect((await runToEnd()).status).toBe('published');
    } finally {
      delete fleet.ramp;
    }
  });

  test('hold over the plan before, but give way where a site is lost', async () => {
    for (const site of fleet.sites) await setFault(site.id, { kind: 'none' });
    await runToEnd();
    fleet.ramp = { maxRisePerPlan: 0.01 };
    try {
      await runToEnd();
      expect((await currentPlan())?.header.rampRelaxedSlots).toBeUndefined();
      await setFault('melbourne', { kind: 'status-500' });
      const run = await runToEnd();
      expect(run.status).toBe('published');
      const header = (await currentPlan())!.header;
      expect(header.excluded.map((e) => e.site)).toEqual(['melbourne']);
      expect(header.rampRelaxedSlots!.length).toBeGreaterThan(0);
      expect(header.unservedShare).toBeLessThan(1e-9);
      expect(header.certificate.gap).toBeLessThanOrEqual(1e-3);
      // From here on melbourne comes back by a hundredth of its capacity a plan.
      await setFault('melbourne', { kind: 'none' });
      await runToEnd();
      expect(await utilisationOf('melbourne')).toBeGreaterThan(0);
      expect(await utilisationOf('melbourne')).toBeLessThanOrEqual(
        0.01 * melbourne.maxUtilisation + 1e-9,
      );
    } finally {
      delete fleet.ramp;
      await setFault('melbourne', { kind: 'none' });
    }
  });
});

describe('a coordinator that dies after D1 has committed', () => {
  test('finds its plan there: the run is published, once', async () => {
    await optimize(env, 'test');
    const state = await runInDurableObject(coordinatorOf(env), (_, { storage }) => storage.list());
    const run = await runToEnd();
    await runInDurableObject(coordinatorOf(env), async (_, { storage }) => {
      for (const [key, value] of state) await storage.put(key, value);
    });
    const again = await runToEnd();
    expect(again).toMatchObject({ runId: run.runId, status: 'published' });
    expect(again.planVersion).toBe(run.planVersion);
    expect(await currentVersion(env.DB)).toBe(run.planVersion);
  });
});

describe('a publish that D1 refuses', () => {
  test('changes nothing: the old plan holds, the failure is on record, the next run mends it', async () => {
    const before = await currentVersion(env.DB);
    await env.DB.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON plan_slots WHEN NEW.slot = 17 BEGIN SELECT RAISE(ABORT, 'no space left'); END",
    );
    const run = await runToEnd();
    expect(run).toMatchObject({ status: 'failed', error: expect.stringMatching(/no space left/) });
    expect(await currentVersion(env.DB)).toBe(before);
    // Not half a plan either.
    const orphans = await env.DB.prepare('SELECT count(*) AS n FROM plans WHERE version > ?')
      .bind(before)
      .first('n');
    expect(orphans).toBe(0);
    const { ended } = await coordinatorOf(env).runs();
    expect(ended[0]).toMatchObject({ runId: run.runId, status: 'failed' });

    await env.DB.exec('DROP TRIGGER refuse');
    expect((await runToEnd()).status).toBe('published');
    expect(await currentVersion(env.DB)).toBe((before as number) + 1);
  });
});
