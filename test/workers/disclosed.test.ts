import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { slotAt } from '../../src/core/planning/plan.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import worker from '../../src/workers/main.ts';
import { booked, makeKey, playCounting, settled } from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';
import { clearFaults, setFault } from './support/faults.ts';
import { runToEnd } from './support/runs.ts';

interface Side {
  site: string;
  basis: string;
  energyBasis: string;
  costBasis: string | null;
  energyWh: number;
  carbonG: number;
  waterMl: number;
  costAud: number | null;
}

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
});

test('before any plan a budget in AUD would bind nothing: such a key is not made', async () => {
  const budget = { name: 'too early', budgetAudPerMonth: 5 };
  const response = await adminCall('POST', '/keys', budget);
  expect(response.status).toBe(400);
  expect(JSON.stringify(await response.json())).toMatch(
    /budgetAudPerMonth: the cost of requests at any site before the first plan is unknown/,
  );
});

test('nor is it where no site discloses its energy', async () => {
  expect((await runToEnd({ discloseImpacts: false })).status).toBe('published');
  const response = await adminCall('POST', '/keys', { name: 'x', budgetAudPerMonth: 5 });
  expect(response.status).toBe(400);
  expect(JSON.stringify(await response.json())).toContain('at any site is unknown');
});

test('after a run receipts tell what the sites disclosed for this hour', async () => {
  expect((await runToEnd()).status).toBe('published');
  const cls = fleet.classes[0] as (typeof fleet.classes)[number];
  playCounting(() => ({
    prompt_tokens: Math.round(cls.meanInputTokens),
    completion_tokens: Math.round(cls.meanOutputTokens),
  }));
  const response = await chat(hello());
  const receipt = JSON.parse(response.headers.get('x-isotherm-receipt') ?? '') as Side & {
    plan: number;
    counterfactual: Side;
  };
  const plan = await readPlan(env.DB, (await currentVersion(env.DB)) as number);
  const slot = slotAt(plan?.header as NonNullable<typeof plan>['header'], Date.now()).slot;
  expect(receipt.plan).toBe(plan?.header.version);
  for (const side of [receipt, receipt.counterfactual]) {
    const hour = plan?.siteHours?.[slot]?.[side.site];
    const own = hour?.disclosed?.[cls.id];
    expect(side.basis).toBe('disclosed');
    expect(own?.carbonKg).toBeGreaterThan(0);
    const waterPerCarbon = (own?.waterL as number) / (own?.carbonKg as number);
    expect(side.waterMl / side.carbonG).toBeCloseTo(waterPerCarbon, 1);
    expect(side.carbonG).toBeGreaterThan(0);
    expect(side).toMatchObject({ energyBasis: 'disclosed', costBasis: 'disclosed' });
    const audPerWh = (own?.energyAud as number) / (own?.energyKwh as number) / 1000;
    expect((side.costAud as number) / side.energyWh / audPerWh).toBeCloseTo(1, 2);
  }
  const impacts = plan?.header.impacts;
  expect(impacts?.energyKwh).toBeGreaterThan(0);
  expect(impacts?.energyAud).toBeGreaterThan(0);
});

test('a key is made with a warning where some sites’ cost is unknown, unless it has a reference', async () => {
  await setFault('perth', { kind: 'status-500' });
  expect((await runToEnd()).status).toBe('published');
  const body = { name: 'partly known', budgetAudPerMonth: 5 };
  const response = await adminCall('POST', '/keys', body);
  expect(response.status).toBe(201);
  const { warnings } = await response.json<{ warnings?: string[] }>();
  expect(warnings).toEqual([
    expect.stringMatching(/^budgetAudPerMonth: the cost of requests at perth is unknown/),
  ]);
  const made = await makeKey({ budgetKgCo2ePerMonth: 5 });
  expect(made).not.toHaveProperty('warnings');
  const request = new Request('https://router.test/admin/v1/keys', {
    method: 'POST',
    headers: { authorization: 'Bearer test-admin-token' },
    body: JSON.stringify(body),
  });
  const referenced = { ...env, REFERENCE_AUD_PER_KWH: '0.2' };
  const priced = await worker.fetch(request, referenced, createExecutionContext());
  expect(await priced.json()).not.toHaveProperty('warnings');
  await clearFaults();
  expect((await runToEnd()).status).toBe('published');
});

test('so a budget in AUD binds', async () => {
  playCounting(() => ({ prompt_tokens: 4000, completion_tokens: 1000 }));
  const made = await makeKey({ budgetAudPerMonth: 0.001 });
  expect(made).not.toHaveProperty('warnings');
  let response = await chat(hello(), { key: made.key });
  for (let n = 0; n < 50 && response.status === 200; n++) {
    await response.text();
    await settled();
    response = await chat(hello(), { key: made.key });
  }
  expect(response.status).toBe(429);
  expect(await response.json()).toMatchObject({ error: { code: 'insufficient_quota' } });
  const [sums] = await booked(`key=${made.id}&by=`);
  expect(sums?.unpriced).toBe(0);
  expect(sums?.costNanoAud).toBeGreaterThanOrEqual(1e6);
});
