import { env } from 'cloudflare:workers';
import { expect, test, vi } from 'vitest';
import { slotAt } from '../../src/core/planning/plan.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { playCounting, settled } from './support/accounts.ts';
import { chat, hello } from './support/client.ts';
import { runToEnd } from './support/runs.ts';

interface Side {
  site: string;
  basis: string;
  energyWh: number;
  carbonG: number;
  waterMl: number;
  costAud: number | null;
}

test('after a run receipts tell what the sites disclosed for this hour', async () => {
  vi.spyOn(console, 'log').mockReturnValue();
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
    // The meter's kWh is the gateway's estimate; carbon and water over it are the site's word.
    expect(own?.carbonKg).toBeGreaterThan(0);
    const waterPerCarbon = (own?.waterL as number) / (own?.carbonKg as number);
    expect(side.waterMl / side.carbonG).toBeCloseTo(waterPerCarbon, 1);
    expect(side.carbonG).toBeGreaterThan(0);
    // No site says what it pays.
    expect(side.costAud).toBeNull();
  }
  await settled();
  vi.restoreAllMocks();
});
