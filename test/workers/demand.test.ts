import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rowSums, type UsageRow } from '../../src/core/accounting/totals.ts';
import { seriesStateSchema } from '../../src/core/forecast/series.ts';
import { floorToHour } from '../../src/core/model/time.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import { expectedDemand, type PlanningInputs } from '../../src/core/planning/inputs.ts';
import { planView } from '../../src/core/planning/view.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import { readPlan } from '../../src/store/plans.ts';
import { bookBatch } from '../../src/store/usage.ts';
import { expectCounted } from '../../src/workers/demand.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { runToEnd } from './support/runs.ts';

/** From what the router books to the demand that a plan is made for. */

const nowMs = floorToHour(Date.now()) + MS_PER_HOUR / 2;
const startUtcMs = floorToHour(nowMs);
const code = fleet.classes.find((c) => c.id === 'code')!;

const inputsNow = () => embeddedInputs(fleet, startUtcMs, 24);
const ofSlot = (
  inputs: Pick<PlanningInputs, 'demandReqPerS'>,
  t: number,
  zone: string,
  cls: string,
) =>
  inputs.demandReqPerS[
    (t * fleet.zones.length + fleet.zones.findIndex((z) => z.id === zone)) * fleet.classes.length +
      fleet.classes.findIndex((c) => c.id === cls)
  ] as number;

/** How the daily shape moves a class of Sydney from an hour so long ago to the present one. */
function shapeSince(hoursAgo: number, cls: string): number {
  const at = (utcMs: number) => {
    const inputs = { demandReqPerS: expectedDemand(fleet, utcMs, 1, 1) };
    return ofSlot(inputs, 0, 'sydney', cls);
  };
  return at(startUtcMs) / at(startUtcMs - hoursAgo * MS_PER_HOUR);
}

/** The daily shape of a zone's class in the present hour, over its mean of a day. */
function shapeOfNow(zone: string, cls: string): number {
  const day = { demandReqPerS: expectedDemand(fleet, startUtcMs, 24, 1) };
  const rates = Array.from({ length: 24 }, (_, t) => ofSlot(day, t, zone, cls));
  return (24 * rates[0]!) / rates.reduce((a, b) => a + b, 0);
}

/** Books requests of an hour so long ago, by two keys at two sites. */
async function book(hoursAgo: number, requests: [zone: string, model: string, n: number][]) {
  const sums = Object.fromEntries(rowSums.map((name) => [name, 0]));
  const rows = requests.flatMap(([zone, model, n]) =>
    [0.25, 0.75].map((share, s) => ({
      ...sums,
      keyId: `k${s}`,
      model,
      zone,
      site: fleet.sites[s]!.id,
      hourUtcMs: startUtcMs - hoursAgo * MS_PER_HOUR,
      requests: n * share,
    })),
  );
  await bookBatch(
    env.DB,
    { id: crypto.randomUUID(), rows: rows as UsageRow[], counters: [] },
    nowMs,
  );
}

const everyZone = (n: number): [string, string, number][] =>
  fleet.zones.flatMap((z) => [
    [z.id, 'isotherm-chat', n],
    [z.id, code.model, 2 * n],
  ]);

beforeEach(async () => {
  await env.DB.exec('DELETE FROM usage_hours');
  await env.DB.exec('DELETE FROM demand_series');
});
afterEach(() => vi.restoreAllMocks());

test('without counts demand is the population’s, and said to be a stand-in', async () => {
  const inputs = inputsNow();
  await expectCounted(env.DB, fleet, inputs, nowMs, 1);
  expect(inputs.demandReqPerS).toEqual(expectedDemand(fleet, startUtcMs, 24, 1));
  expect(inputs.demandSource).toEqual({ source: 'population and daily shape', placeholder: true });
});

test('a plan is made for what was counted, and keeps it with source, age and band', async () => {
  for (let h = 31; h >= 2; h--) await book(h, everyZone(4000));
  const run = await runToEnd();
  expect(run.status).toBe('published');
  const plan = (await readPlan(env.DB, run.planVersion as number))!;
  expect(plan.header.demand).toMatchObject({
    source: 'requests counted in 30 h, times 1.2',
    placeholder: false,
  });
  expect(plan.header.demand?.ageH).toBeLessThan(2.1);
  const planned = (plan.demand ?? []).map((classes) =>
    Object.values(classes)
      .flatMap((zones) => Object.values(zones))
      .reduce((a, b) => a + b, 0),
  );
  expect(plan.header.demand?.band).toHaveLength(24);
  plan.header.demand?.band?.forEach(([low, high], t) => {
    const expected = (planned[t] as number) / 1.2;
    expect(low).toBeLessThan(expected);
    expect(high).toBeGreaterThan(expected);
  });
  // 8,000 an hour, and 1.2 times that: somewhere between alike at all hours, as they were, and the daily shape.
  const alike = (1.2 * 8000) / 3600;
  const shaped = alike * shapeOfNow('darwin', 'code');
  expect(plan.demand?.[0]?.code?.darwin).toBeGreaterThan(0.75 * Math.min(alike, shaped));
  expect(plan.demand?.[0]?.code?.darwin).toBeLessThan(1.2 * Math.max(alike, shaped));
  // The page shows the requests the plan was made for, but for those nobody has room for.
  const view = planView(fleet, plan)!;
  const unserved = Object.values(plan.unserved?.[5] ?? {})
    .flatMap((zones) => Object.values(zones))
    .reduce((a, b) => a + b, 0);
  expect(view[5]?.plan.reqPerS).toBeCloseTo((planned[5] as number) - unserved, 1);
});

test('where wholesale prices part the margin falls, and the source says between what', async () => {
  for (let h = 31; h >= 2; h--) await book(h, everyZone(4000));
  const spot = {
    ...fleet,
    prices: { ...fleet.prices, lateAudPerRequest: 0.006 },
    sites: fleet.sites.map((s, j) => (j < 2 ? { ...s, paysSpot: true } : s)),
  };
  const [alike, apart] = [inputsNow(), inputsNow()];
  for (const { sites } of [alike, apart]) for (const s of sites) s.spotAudPerMwh.fill(80);
  apart.sites[0]?.spotAudPerMwh.fill(15_000, 3, 4);
  for (const inputs of [alike, apart]) {
    await expectCounted(env.DB, spot, inputs, nowMs, 1.2);
  }
  expect(alike.demandSource?.source).toBe('requests counted in 30 h, times 1.2');
  expect(apart.demandSource?.source).toBe('requests counted in 30 h, times 1 to 1.2');
  const rows = fleet.zones.length * fleet.classes.length;
  apart.demandReqPerS.forEach((reqPerS, n) => {
    const whole = alike.demandReqPerS[n] as number;
    expect(reqPerS / whole).toBeCloseTo(Math.floor(n / rows) === 3 ? 1 / 1.2 : 1, 6);
  });
});

test('hours are taken in once they are over, each once, whoever asks', async () => {
  await book(3, everyZone(1000));
  await book(1, everyZone(1000));
  // The hour under way says little.
  await book(0, everyZone(3));
  await Promise.all([1, 2].map(() => expectCounted(env.DB, fleet, inputsNow(), nowMs, 1)));
  await expectCounted(env.DB, fleet, inputsNow(), nowMs, 1);
  const { results } = await env.DB.prepare('SELECT state FROM demand_series').all<{
    state: string;
  }>();
  expect(results).toHaveLength(2 * fleet.zones.length);
  for (const { state } of results) {
    expect(seriesStateSchema.parse(JSON.parse(state))).toMatchObject({
      hoursSeen: 2,
      lastUtcMs: startUtcMs - MS_PER_HOUR,
    });
  }
  // It is planned by all the same, as is an hour whose last receipts may still come.
  const early = floorToHour(nowMs) + MS_PER_HOUR + 60_000;
  const inputs = inputsNow();
  await expectCounted(env.DB, fleet, inputs, early, 1);
  expect(inputs.demandSource?.source).toBe('requests counted in 3 h');
});

test('the hour under way tells of the next ones, in proportion to what has passed of it', async () => {
  for (let h = 48; h >= 1; h--) await book(h, everyZone(1000));
  const before = inputsNow();
  await expectCounted(env.DB, fleet, before, nowMs, 1);
  await book(0, everyZone(1000));
  const after = inputsNow();
  await expectCounted(env.DB, fleet, after, nowMs, 1);
  // Half an hour has brought as much as whole hours did: expected is some of what that makes of them.
  const most = 2000 / 3600 / ofSlot(before, 0, 'perth', 'chat');
  for (const t of [0, 1]) {
    const ratio = ofSlot(after, t, 'perth', 'chat') / ofSlot(before, t, 'perth', 'chat');
    expect(ratio).toBeGreaterThan(Math.min(1.1, most ** (1 / 3)));
    expect(ratio).toBeLessThan(1.25 * most);
  }
  // A minute says nothing.
  const early = inputsNow();
  await expectCounted(env.DB, fleet, early, startUtcMs + 60_000, 1);
  expect(ofSlot(early, 1, 'perth', 'chat')).toBeCloseTo(ofSlot(before, 1, 'perth', 'chat'), 6);
});

test('an hour without any request is a gap, a zone without one in an hour with some is not', async () => {
  await book(40, [['sydney', 'isotherm-chat', 3600]]);
  await book(2, [['sydney', 'isotherm-chat', 3600]]);
  const inputs = inputsNow();
  await expectCounted(env.DB, fleet, inputs, nowMs, 1);
  expect(inputs.demandSource?.source).toBe('requests counted in 2 h');
  expect(ofSlot(inputs, 0, 'sydney', 'chat')).toBeGreaterThan(0.9 * shapeSince(2, 'chat'));
  expect(ofSlot(inputs, 0, 'perth', 'chat')).toBeLessThan(0.1);
});

test('models of no class count for none, aliases for theirs', async () => {
  const chat = fleet.classes.find((c) => c.id === 'chat')!;
  chat.aliases = ['gpt-4o'];
  await book(1, [
    ['sydney', 'gpt-4o', 7200],
    ['sydney', 'retired', 9999],
  ]);
  const inputs = inputsNow();
  await expectCounted(env.DB, fleet, inputs, nowMs, 1);
  chat.aliases = undefined;
  const expected = 2 * shapeSince(1, 'chat');
  expect(Math.abs(ofSlot(inputs, 0, 'sydney', 'chat') / expected - 1)).toBeLessThan(0.01);
  expect(ofSlot(inputs, 0, 'sydney', 'code')).toBeLessThan(0.01);
});

test('a state that cannot be read is begun anew', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  await book(1, everyZone(1000));
  await expectCounted(env.DB, fleet, inputsNow(), nowMs, 1);
  await env.DB.exec(`UPDATE demand_series SET state = '{"version":9}' WHERE zone = 'perth'`);
  await book(0, everyZone(1000));
  const later = nowMs + MS_PER_HOUR;
  const inputs = inputsNow();
  await expectCounted(env.DB, fleet, inputs, later, 1);
  expect(inputs.demandSource).toMatchObject({ source: 'requests counted in 2 h' });
  const row = await env.DB.prepare("SELECT state FROM demand_series WHERE zone = 'perth'").first<{
    state: string;
  }>();
  expect(seriesStateSchema.parse(JSON.parse(row!.state)).hoursSeen).toBe(1);
});

test('counts that D1 refuses cost no plan: what is known serves on, and the fault is named', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  await book(2, everyZone(1000));
  await expectCounted(env.DB, fleet, inputsNow(), nowMs, 1);
  const refusing = {
    prepare(sql: string) {
      if (sql.includes('usage_hours')) throw new Error('D1_ERROR: overloaded');
      return env.DB.prepare(sql);
    },
  } as unknown as D1Database;
  const inputs = inputsNow();
  await expectCounted(refusing, fleet, inputs, nowMs, 1);
  expect(inputs.demandSource).toMatchObject({
    source: 'requests counted in 1 h',
    fault: 'counts could not be taken in: D1_ERROR: overloaded',
  });
  expect(ofSlot(inputs, 0, 'sydney', 'chat')).toBeLessThan(1);
});
