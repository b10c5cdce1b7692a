import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { PlanHeader } from '../../src/core/planning/plan.ts';
import { publishPlan, readPlan, readPrices, recentPlans } from '../../src/store/plans.ts';
import { draft, slots } from './support/plans.ts';

/** Plans as a later version would have stored them, read by this one: what a rollback leaves. */

const provenance = { source: 'a feed', placeholder: false };

/** A header with something in every part of it. */
const rich: Partial<PlanHeader> = {
  trace: [{ round: 1, mode: 'learned', answered: 14, missing: [] }],
  excluded: [{ site: 'hobart', reason: 'down' }],
  batch: [
    {
      ...{ class: 'digest', requests: 10, unservedRequests: 0, movedShare: 0, meanDelayHours: 0 },
      ...{ cameReqPerS: [1], servedReqPerS: [1], unservedReqPerS: [0] },
    },
  ],
  jobs: [
    {
      ...{ class: 'digest', zone: 'sydney', requests: 5, requestsBySlot: [5] },
      ...{ from: '2026-01-15T00:00Z', to: '2026-01-15T05:00Z' },
    },
  ],
  budgets: [{ of: 'carbonKg', limit: 5, amount: 4, shadowPrice: 0, missedBy: 0 }],
  impacts: { carbonKg: 1, waterL: 2 },
  impactPrices: { carbonAudPerT: 75, waterAudPerKl: 3 },
  overrides: { revision: 1, sites: { perth: { drained: true } }, prices: { carbonAudPerT: 80 } },
  demand: { ...provenance, band: [[1, 2]] },
  sites: [
    {
      ...{ site: 'sydney', share: 1, utilisation: 0.5, tempC: 20, carbonKgPerKwh: 0.5 },
      sources: { weather: provenance, price: provenance, carbon: provenance, water: provenance },
    },
  ],
};
const hour = { tempC: 20, rhPct: 50, carbonKgPerKwh: 0.5, gridWaterLPerKwh: 1, ppue: 1.2 };
const siteHours = { sydney: { ...hour, disclosed: { chat: { carbonKg: 1, waterL: 2 } } } };
const prices = { audPerRequest: { chat: { sydney: 0.001 } } };
const putOff = { chat: { sydney: { cameReqPerS: 1, backReqPerS: 0, later: [] as [] } } };

/**
 * Adds a field to every object that has fields, as a later version may; not to maps from ids to
 * something, which are named by their paths. Returns to how many.
 */
function extend(value: unknown, maps: readonly string[], path = ''): number {
  if (typeof value !== 'object' || value === null) return 0;
  const parts = Object.entries(value);
  const within = (key: string) => (path === '' ? key : `${path}.${key}`);
  const inner = parts.reduce((n, [key, part]) => n + extend(part, maps, within(key)), 0);
  if (Array.isArray(value) || maps.includes(path)) return inner;
  Object.assign(value, { ofALaterVersion: { unit: 'kW' } });
  return inner + 1;
}

/** Does so to a stored column of a version. */
async function extendStored(table: string, column: string, version: number, maps: string[] = []) {
  const stored = await env.DB.prepare(`SELECT ${column} AS text FROM ${table} WHERE version = ?`)
    .bind(version)
    .first<string>('text');
  const value = JSON.parse(stored as string);
  const count = extend(value, maps);
  await env.DB.prepare(`UPDATE ${table} SET ${column} = ? WHERE version = ?`)
    .bind(JSON.stringify(value), version)
    .run();
  return count;
}

async function published(runId: string) {
  const all = slots();
  const parts = [prices, siteHours, putOff].map((part) => all.map(() => part));
  const { header } = await publishPlan(
    env.DB,
    draft(runId, rich),
    all,
    ...(parts as [never, never, never]),
  );
  return header.version;
}

test('a plan with fields of a later version is read as if they were not there', async () => {
  const version = await published('later');
  const before = await readPlan(env.DB, version);
  const pricesBefore = await readPrices(env.DB, version);
  expect(await extendStored('plans', 'header', version, ['overrides.sites'])).toBe(19);
  const ofPrices = ['audPerRequest', 'audPerRequest.chat'];
  expect(await extendStored('plan_slots', 'prices', version, ofPrices)).toBe(1);
  const ofHours = ['', 'sydney.disclosed'];
  expect(await extendStored('plan_slots', 'site_hours', version, ofHours)).toBe(2);
  expect(await extendStored('plan_slots', 'put_off', version, ['', 'chat'])).toBe(1);
  expect(await readPlan(env.DB, version)).toEqual(before);
  expect(await readPrices(env.DB, version)).toEqual(pricesBefore);
  expect((await recentPlans(env.DB, 1))[0]).toEqual(before?.header);
});

test('what is known is checked nevertheless, and one bad plan does not hide the others', async () => {
  const good = await published('good');
  const bad = await published('bad');
  await env.DB.prepare(
    "UPDATE plans SET header = json_set(header, '$.rounds', 0) WHERE version = ?",
  )
    .bind(bad)
    .run();
  await expect(readPlan(env.DB, bad)).rejects.toThrow(`stored plan ${bad}: rounds`);
  expect((await recentPlans(env.DB, 2)).map((h) => h.version)).toEqual([good]);
});
