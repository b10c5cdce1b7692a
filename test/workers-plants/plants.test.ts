import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { hasPlant } from '../../src/core/model/fleet.ts';
import { assembleDispatch } from '../../src/core/planning/assemble.ts';
import { Ledger } from '../../src/core/planning/ledger.ts';
import type { Plan, PlanSite } from '../../src/core/planning/plan.ts';
import { runPlants } from '../../src/core/planning/plant-operation.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { refreshInputs } from '../../src/workers/inputs.ts';
import { ADELAIDE_WATER_L, plantedFleet } from '../core/support/planted.ts';
import { setFault } from '../workers/support/faults.ts';
import { runToEnd } from '../workers/support/runs.ts';

/** Batteries, solar power, a demand charge and a cap of water, planned through real solver Workers. */

/** With the sites' own cost data, which the Workers under test do not have. */
const whole = plantedFleet();
const planted = whole.sites.filter((s) => hasPlant(s.cost)).map((s) => s.id);

async function currentPlan(): Promise<Plan> {
  return (await readPlan(env.DB, (await currentVersion(env.DB)) as number)) as Plan;
}

/** The plan's flows by its shares, and what they cost under the true model. */
async function charged(plan: Plan) {
  const { header } = plan;
  const inputs = await refreshInputs(env.DB, fleet, header.startUtcMs, header.slotCount);
  const problem = assembleDispatch(fleet, inputs, inputs.demandReqPerS);
  const rows = problem.rowStart.length - 1;
  const flow = plan.slots.map((slot, t) => {
    const of = new Float64Array(problem.edgeSite.length);
    for (let r = 0; r < rows; r++) {
      const zone = fleet.zones[Math.floor(r / problem.classCount)]?.id as string;
      const cls = fleet.classes[r % problem.classCount]?.id as string;
      const shares = new Map(slot[cls]?.[zone]);
      for (let e = problem.rowStart[r] as number; e < (problem.rowStart[r + 1] as number); e++) {
        const site = fleet.sites[problem.edgeSite[e] as number]?.id as string;
        of[e] = (shares.get(site) ?? 0) * (problem.demandReqPerS[t * rows + r] as number);
      }
    }
    return of;
  });
  const ledger = new Ledger(whole);
  ledger.add(
    problem,
    inputs,
    flow,
    flow.map(() => new Float64Array(rows)),
  );
  return { totals: ledger.totals(), runs: runPlants(whole, problem, inputs, flow) };
}

function operationOf(runs: ReturnType<typeof runPlants>, id: string) {
  const run = runs[whole.sites.findIndex((s) => s.id === id)];
  if (!run) throw new Error(`${id} has no plant`);
  return run;
}

const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);

describe('a fleet with plants in workerd', () => {
  test('is planned with a certificate that the true costs bear out', async () => {
    expect(planted).toEqual(['sydney', 'melbourne', 'brisbane', 'adelaide']);
    const run = await runToEnd();
    expect(run).toMatchObject({ status: 'published' });
    expect(run.rounds.flatMap((r) => r.missing)).toEqual([]);
    const plan = await currentPlan();
    const { certificate, stopReason, impacts, unservedShare } = plan.header;
    expect(stopReason).toBe('gap');
    expect(certificate.gap).toBeLessThanOrEqual(1e-3);
    expect(unservedShare).toBeLessThan(1e-6);
    const { totals, runs } = await charged(plan);
    const rounding = 1e-4 * certificate.objectiveAud;
    expect(totals.objectiveAud).toBeLessThanOrEqual(certificate.objectiveAud + rounding);
    expect(totals.objectiveAud).toBeGreaterThanOrEqual(certificate.lowerBoundAud - rounding);
    // Sites told what that takes; shares are rounded.
    expect((impacts?.carbonKg as number) / totals.carbonKg).toBeCloseTo(1, 3);
    expect((impacts?.waterL as number) / totals.waterL).toBeCloseTo(1, 3);
    expect((impacts?.energyKwh as number) / totals.gridKwh).toBeCloseTo(1, 3);
    expect((impacts?.energyAud as number) / totals.energyCostAud).toBeCloseTo(1, 3);
    // Every plant does what it is there for.
    expect(sum(operationOf(runs, 'sydney').operation.dischargeKw)).toBeGreaterThan(10);
    expect(sum(operationOf(runs, 'melbourne').operation.solarKw)).toBeGreaterThan(10);
    const { peakKw, plant } = operationOf(runs, 'brisbane');
    expect(peakKw).toBeLessThan(1.5 * (plant.peak?.paidKw as number));
    const { plant: adelaide, operation } = operationOf(runs, 'adelaide');
    const waterL = sum(
      operation.importKw.map((kw, t) => kw * (adelaide.importWaterL[t] as number)),
    );
    expect(waterL).toBeGreaterThan(0.95 * ADELAIDE_WATER_L);
    expect(waterL).toBeLessThan(ADELAIDE_WATER_L * 1.001);
  });

  test('tells routers what a request takes at each of them', async () => {
    const { siteHours } = await currentPlan();
    for (const id of planted) {
      for (const hour of siteHours ?? []) {
        for (const { id: cls } of fleet.classes) {
          const own = hour[id]?.disclosed?.[cls];
          expect(own?.energyAud).toBeTypeOf('number');
          expect(own?.energyKwh).toBeLessThan(10);
        }
      }
    }
  });

  test('keeps a budget of carbon beside a site’s own cap, evicted between alarms', async () => {
    const { impacts } = (await currentPlan()).header;
    const limit = 0.96 * (impacts?.carbonKg as number);
    const settings = { budgets: { carbonKg: limit }, gapTarget: 1e-2 };
    const run = await runToEnd(settings, { evictBetweenRounds: true });
    expect(run).toMatchObject({ status: 'published' });
    const { header } = await currentPlan();
    expect(header.version).toBe(run.planVersion);
    expect(header.certificate.gap).toBeLessThanOrEqual(1e-2);
    expect(header.budgets).toMatchObject([{ of: 'carbonKg', limit, missedBy: 0 }]);
    const [budget] = header.budgets ?? [];
    expect(budget?.amount).toBeLessThanOrEqual(limit * (1 + 1e-8));
    expect(budget?.shadowPrice).toBeGreaterThan(0);
    expect(header.impacts?.carbonKg).toBe(budget?.amount);
  }, 120_000);
});

describe('a plant’s solver that misbehaves', () => {
  const used = (plan: Plan, id: string) => {
    const { share } = plan.header.sites.find((s) => s.site === id) as PlanSite;
    const named = plan.slots.some((slot) =>
      Object.values(slot).some((zones) =>
        Object.values(zones).some((sites) => sites.some(([site]) => site === id)),
      ),
    );
    return share > 0 || named;
  };

  test.each([
    ['sydney', 'status-500', /status 500/],
    ['melbourne', 'timeout', /no answer within 2000 ms/],
    ['brisbane', 'nan', /NaN/],
    ['adelaide', 'nan-plane', /^cuts\[0\]\.marginalAud\[3\] is NaN/],
  ] as const)('%s: %s is named, and the site never used', async (site, kind, reason) => {
    await setFault(site, { kind });
    const run = await runToEnd();
    expect(run.status).toBe('published');
    const [first, second] = run.rounds;
    for (const round of [first, second]) {
      expect(round?.missing).toEqual([{ site, reason: expect.stringMatching(reason) }]);
      expect(round?.certificate).toBeUndefined();
    }
    const plan = await currentPlan();
    expect(plan.header.version).toBe(run.planVersion);
    expect(plan.header.excluded).toEqual([{ site, reason: expect.stringMatching(reason) }]);
    expect(used(plan, site)).toBe(false);
    expect(plan.header.certificate.gap).toBeLessThanOrEqual(1e-3);
    for (const hour of plan.siteHours ?? []) expect(hour[site]?.disclosed).toBeUndefined();
  });

  test('once only: that round proves nothing, and the site is planned with again', async () => {
    await setFault('brisbane', { kind: 'nan-plane', times: 1 });
    const run = await runToEnd();
    expect(run.status).toBe('published');
    expect(run.rounds[0]?.missing.map((m) => m.site)).toEqual(['brisbane']);
    expect(run.rounds[0]?.certificate).toBeUndefined();
    expect(run.rounds.slice(1).flatMap((r) => r.missing)).toEqual([]);
    const plan = await currentPlan();
    expect(plan.header.excluded).toEqual([]);
    const { totals } = await charged(plan);
    const { objectiveAud, lowerBoundAud } = plan.header.certificate;
    expect(totals.objectiveAud).toBeLessThanOrEqual(objectiveAud * (1 + 1e-4));
    expect(totals.objectiveAud).toBeGreaterThanOrEqual(lowerBoundAud * (1 - 1e-4));
  });
});
