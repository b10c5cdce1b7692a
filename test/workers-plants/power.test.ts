import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { type TimingRow, timingSums } from '../../src/core/learning/timing.ts';
import { publicFleet, type Site } from '../../src/core/model/fleet.ts';
import { itPower, siteWork } from '../../src/core/model/site-power.ts';
import { floorToHour } from '../../src/core/model/time.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import type { PlanningInputs } from '../../src/core/planning/inputs.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { bookBatch } from '../../src/store/usage.ts';
import { countServed } from '../../src/workers/served.ts';
import { plantedFleet } from '../core/support/planted.ts';
import { adminCall } from '../workers/support/client.ts';
import { runToEnd } from '../workers/support/runs.ts';

/** A site whose servers take other power than the registry has: its meters say so, plans and receipts follow. */

const system = (env as unknown as { ENERGY_SYSTEM: Fetcher }).ENERGY_SYSTEM;
const fleet = plantedFleet();
const site = fleet.sites.find((s) => s.id === 'sydney') as Site;
const [chat] = fleet.classes;
/** All plans are of one instant: the hour may turn while the test runs. */
const hour = Date.parse('2026-01-15T06:00Z');
const NOW_MS = hour + MS_PER_HOUR / 60;

const nothing = Object.fromEntries(timingSums.map((name) => [name, 0])) as Record<
  (typeof timingSums)[number],
  number
>;

/** What the router counts for an hour at a load of so many busy servers, all chat; nothing else is served. */
async function served(hourUtcMs: number, load: number): Promise<number> {
  const [work] = siteWork(site, [chat!]);
  const reqPerS = load / work!.serverS;
  const requests = reqPerS * 3600;
  const row = { ...nothing, requests, workMs: requests * work!.prefillMs };
  const tokens = requests * chat!.meanOutputTokens;
  const timings = [{ ...row, tokens, site: 'sydney', zone: 'sydney', hourUtcMs }];
  const batch = { id: crypto.randomUUID(), rows: [], counters: [], timings };
  expect(await bookBatch(env.DB, batch as never, Date.now())).toBe(true);
  return reqPerS;
}

async function planned(power: object) {
  await system.fetch('https://x/__next?site=sydney', {
    method: 'POST',
    body: JSON.stringify({ body: { storedKwh: 45, ...power } }),
  });
  const run = await runToEnd({ gapTarget: 1e-4 }, { nowMs: NOW_MS });
  expect(run.status).toBe('published');
  expect(run.plantStates?.sydney).toBe('reported');
  const sites = await (await adminCall('GET', '/sites')).text();
  for (const told of [JSON.stringify(run), sites]) expect(told).not.toMatch(/powerTimes|itKw/);
  const plan = (await readPlan(env.DB, (await currentVersion(env.DB)) as number))!;
  // By which receipts are written.
  const perKwh = plan.siteHours?.map((hour) => hour.sydney?.disclosed?.chat?.energyKwh as number);
  return { perKwh: perKwh!, objectiveAud: plan.header.certificate.objectiveAud };
}

/** The part of a site's tokens that counts let expect of the hour before an instant, of streams of such lengths. */
async function toldShare(nowMs: number, lengthsMs: number[]): Promise<number | undefined> {
  await env.DB.exec('DELETE FROM timing_hours');
  const rows = new Map<number, TimingRow>();
  // One begins every second, of each length in turn, and has a token every 20 ms.
  let all = 0;
  for (let n = 0; n < 4 * 3600; n++) {
    const lengthMs = lengthsMs[n % lengthsMs.length]!;
    const beganMs = nowMs - n * 1000;
    if (n < 3600) all += lengthMs / 20;
    if (beganMs + lengthMs > nowMs) continue;
    const hourUtcMs = floorToHour(beganMs);
    const row = rows.get(hourUtcMs) ?? { ...nothing, site: 'sydney', zone: 'sydney', hourUtcMs };
    row.tokens += lengthMs / 20;
    row.timed += 1;
    row.ttftMs += 100;
    row.decodeMs += lengthMs - 100;
    rows.set(hourUtcMs, row);
  }
  const batch = { id: crypto.randomUUID(), rows: [], counters: [], timings: [...rows.values()] };
  expect(await bookBatch(env.DB, batch as never, Date.now())).toBe(true);
  const inputs = {} as PlanningInputs;
  await countServed(env.DB, publicFleet(fleet), inputs, nowMs);
  let [countedMs, tokens] = [0, 0];
  for (const { fromUtcMs, forMs, tokens: of } of inputs.served!.sydney!) {
    const endMs = Math.min(nowMs, fromUtcMs + forMs);
    const ms = endMs - Math.max(nowMs - MS_PER_HOUR, fromUtcMs);
    if (!(ms > 0)) continue;
    countedMs += ms;
    tokens += (of * ms) / forMs;
  }
  return countedMs < 0.9 * MS_PER_HOUR ? undefined : ((tokens / countedMs) * MS_PER_HOUR) / all;
}

test('streams under way take nothing from what their site is known to have done', async () => {
  const short: number[] = [];
  for (const minutes of [0, 3, 15, 30, 59]) {
    const nowMs = hour + minutes * 60_000;
    for (const seconds of [10, 120, 300]) {
      expect(Math.abs((await toldShare(nowMs, [seconds * 1000]))! - 1)).toBeLessThan(0.005);
    }
    // A tenth of them longer than the others: those are short by less than they were.
    short.push((await toldShare(nowMs, [...Array(9).fill(30_000), 300_000]))!);
    // Longer ones leave too little counted to say anything.
    expect(await toldShare(nowMs, [500_000])).toBeUndefined();
  }
  expect(Math.min(...short)).toBeGreaterThan(0.95);
  expect(Math.max(...short)).toBeLessThan(1.005);
});

test('power of a site’s servers is learned from its meters, planned with, and in what receipts go by', async () => {
  await env.DB.exec('DELETE FROM timing_hours');
  let reqPerS = 0;
  for (let n = 0; n <= 2; n++) reqPerS = await served(hour - n * MS_PER_HOUR, 4);
  const before = await planned({ utc: new Date(hour).toISOString() });
  const { baseKw, kwPerReqPerS } = itPower(site, siteWork(site, [chat!]));
  const itKw = 1.5 * (baseKw + kwPerReqPerS[0]! * reqPerS);
  const air = { tempC: 30, rhPct: 40 };
  let after = before;
  for (let n = 1; n <= 8; n++) {
    // Means of hours that ended some minutes apart; cooling as its model has it for such air.
    const utc = new Date(hour - 600_000 + n * 60_000).toISOString();
    const facilityKw = itKw * 1.356 + site.cost.fixedOverheadKw;
    after = await planned({ utc, power: { itKw, facilityKw, ...air } });
  }
  // 8 reports of 1.5 times weigh as 8 of some 30 to 60: all of the site's energy rises so.
  const ratio = after.perKwh.map((v, t) => v / before.perKwh[t]!);
  const mean = ratio.reduce((a, b) => a + b, 0) / ratio.length;
  expect(mean).toBeGreaterThan(1.05);
  expect(mean).toBeLessThan(1.2);
  expect(after.objectiveAud).toBeGreaterThan(before.objectiveAud * 1.002);
}, 60_000);
