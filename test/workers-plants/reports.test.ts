import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { floorToHour, localDate } from '../../src/core/model/time.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { ADELAIDE_WATER_L } from '../core/support/planted.ts';
import { adminCall } from '../workers/support/client.ts';
import { runToEnd } from '../workers/support/runs.ts';
import type { Answer } from './support/energy-system.ts';

/** What energy management systems say of sites' plants, asked by their solvers alone. */

const system = (env as unknown as { ENERGY_SYSTEM: Fetcher }).ENERGY_SYSTEM;
const CAPACITY_KWH = 90;

async function answers(answer: Answer, site = 'sydney'): Promise<void> {
  await system.fetch(`https://x/__next?site=${site}`, {
    method: 'POST',
    body: JSON.stringify(answer),
  });
}

async function asked(): Promise<URL[]> {
  const urls = await (await system.fetch('https://x/__asked?site=sydney')).json<string[]>();
  return urls.map((url) => new URL(url));
}

const now = () => new Date().toISOString();

async function planned() {
  const run = await runToEnd({ gapTarget: 1e-4 });
  expect(run.status).toBe('published');
  const sites = await (await adminCall('GET', '/sites')).text();
  const plan = await readPlan(env.DB, (await currentVersion(env.DB)) as number);
  return { run, sites, plan, objectiveAud: plan?.header.certificate.objectiveAud as number };
}

// Before any report has come: the latest would stand in for one that fails.
describe('without a report a plan begins as the registry has it, and says so', () => {
  test.each<[string, Answer]>([
    ['an error', { status: 503, body: 'down for 41 minutes' }],
    ['a redirect', { status: 302 }],
    ['no JSON', { body: '<html>' }],
    ['too long an answer', { body: ' '.repeat(20_000) }],
    ['more than it holds', { body: { utc: now(), storedKwh: 1.2 * CAPACITY_KWH } }],
    ['yesterday’s', { body: { utc: new Date(Date.now() - 86_400_000), storedKwh: 3 } }],
    // That round may miss the site; the next one goes on with what was settled.
    ['none in time', { body: { utc: now(), storedKwh: 3 }, delayMs: 4000 }],
  ])('%s', async (_, answer) => {
    await answers(answer);
    const { run, sites } = await planned();
    expect(run.plantStates).toEqual({ sydney: 'configured', adelaide: 'configured' });
    expect(await asked()).toHaveLength(1);
    const { sites: listed } = JSON.parse(sites);
    expect(listed[0]).toMatchObject({
      id: 'sydney',
      solver: { plantState: 'configured', fault: null },
    });
    expect(listed[1].solver.plantState).toBeNull();
  });
});

describe('with a report', () => {
  test('it is asked once a run, and the plan begins with it', async () => {
    const costs: number[] = [];
    for (const storedKwh of [3.25, 45, 88.75]) {
      await answers({ body: { utc: now(), storedKwh } });
      const { run, sites, objectiveAud } = await planned();
      expect(run.rounds.length).toBeGreaterThan(1);
      expect(run.rounds.flatMap((r) => r.missing)).toEqual([]);
      expect(run.plantStates?.sydney).toBe('reported');
      const urls = await asked();
      expect(urls).toHaveLength(1);
      expect(urls[0]?.origin).toBe('https://energy.sydney.example');
      expect(Object.fromEntries(urls[0]?.searchParams ?? [])).toEqual({
        site: 'sydney',
        at: new Date(run.startUtcMs).toISOString(),
      });
      // Nothing of it comes to the coordinator.
      for (const told of [JSON.stringify(run), sites]) {
        expect(told).not.toMatch(/3\.25|88\.75|storedKwh/);
      }
      costs.push(objectiveAud);
    }
    // What it holds above half may be used: 43.75 kWh, each worth the lowest rate there at least.
    const [empty, half, full] = costs as [number, number, number];
    expect(half - full).toBeGreaterThan(43.75 * 0.922 * 0.162);
    // An empty one need not end fuller than it began, so it may cost less than one half full.
    expect(empty).toBeGreaterThan(full);
  });

  test('solar power that a site expects takes from its imports', async () => {
    const costs: number[] = [];
    for (const kw of [0, 5]) {
      const fromUtc = new Date(floorToHour(Date.now())).toISOString();
      const solar = { fromUtc, kw: Array(48).fill(kw) };
      await answers({ body: { utc: now(), storedKwh: 45, solar } });
      const { run, objectiveAud } = await planned();
      expect(run.plantStates?.sydney).toBe('reported');
      costs.push(objectiveAud);
    }
    const [dark, sunny] = costs as [number, number];
    // 5 kW in each hour of a day, worth the lowest rate there at least; used servers alone draw more.
    expect(dark - sunny).toBeGreaterThan(5 * 24 * 0.162 * 0.99);
  });

  test('what its meters read of its cooling is planned with, and told to nobody', async () => {
    const costs: number[] = [];
    const begunMs = Date.now() - 1_200_000;
    for (let n = 0; n < 4; n++) {
      // The first without meters; then as much again in cooling as the servers take.
      const power = n > 0 && { itKw: 40.125, facilityKw: 80.625, tempC: 30, rhPct: 40 };
      const utc = new Date(begunMs + n * 60_000).toISOString();
      await answers({ body: { utc, storedKwh: 45, ...(power && { power }) } });
      const { run, sites, objectiveAud } = await planned();
      expect(run.plantStates?.sydney).toBe('reported');
      for (const told of [JSON.stringify(run), sites]) expect(told).not.toMatch(/40\.125|80\.625/);
      costs.push(objectiveAud);
    }
    expect(costs[3]).toBeGreaterThan((costs[0] as number) * 1.0005);
    expect(costs[3]).toBeGreaterThan(costs[1] as number);
  }, 60_000);

  test('a day’s water that is used up leaves no requests to that day, and the next its own', async () => {
    const utc = now();
    await answers({ body: { utc, usedTodayWaterL: ADELAIDE_WATER_L } }, 'adelaide');
    const { run, plan } = await planned();
    expect(run.plantStates?.adelaide).toBe('reported');
    const today = localDate(Date.parse(utc), 'Australia/Adelaide');
    let mostToday = 0;
    let mostTomorrow = 0;
    let hoursTomorrow = 0;
    plan?.slots.forEach((slot, t) => {
      const shares = Object.values(slot).flatMap((zones) =>
        Object.values(zones).flatMap((sites) =>
          sites.flatMap(([site, share]) => (site === 'adelaide' ? [share] : [])),
        ),
      );
      const most = Math.max(0, ...shares);
      const date = localDate(run.startUtcMs + t * 3_600_000, 'Australia/Adelaide');
      if (date === today) mostToday = Math.max(mostToday, most);
      else {
        mostTomorrow = Math.max(mostTomorrow, most);
        hoursTomorrow += 1;
      }
    });
    expect(mostToday).toBeLessThan(0.02);
    // Just after midnight in Adelaide the plan has next to nothing of the next day.
    if (hoursTomorrow > 3) expect(mostTomorrow).toBeGreaterThan(0.2);
  });

  test('the latest stands in for one that fails, while it is current', async () => {
    await answers({ body: { utc: new Date(floorToHour(Date.now())), storedKwh: 60 } });
    const first = await planned();
    await answers({ status: 500 });
    const second = await planned();
    expect(second.run.plantStates?.sydney).toBe('reported');
    expect(second.objectiveAud / first.objectiveAud).toBeCloseTo(1, 3);
  });
});
