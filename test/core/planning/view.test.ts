import { expect, test } from 'vitest';
import { unloadedTtftMs } from '../../../src/core/model/eligibility.ts';
import { type Fleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { siteFactors } from '../../../src/core/model/site-power.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { conditionsAt, type PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import { demandOf, type Plan, sharesOf, unservedOf } from '../../../src/core/planning/plan.ts';
import { nearestFlows } from '../../../src/core/planning/policies/nearest.ts';
import { siteHoursOf } from '../../../src/core/planning/site-hours.ts';
import { planView } from '../../../src/core/planning/view.ts';
import { assemble, constantInputs, embeddedFleet } from '../support/fleets.ts';

const fleet = embeddedFleet();
const inputs = constantInputs(fleet, { slotCount: 1 });
for (const [j, series] of inputs.sites.entries()) series.tempC.fill(12 + j);

/** One slot of a plan as it is stored. */
function planned(of: Fleet, given: PlanningInputs) {
  const { problem, sites } = assemble(of, given);
  const { flow, unserved, certificate } = solve(problem, sites);
  const open = publicFleet(of);
  const impacts = assembleSites(of, given).map((s) => s.impacts);
  const header = {
    startUtcMs: given.startUtcMs,
    slotCount: 1,
    slotHours: 1,
    certificate,
    excluded: [] as { site: string; reason: string }[],
    impactPrices: of.prices,
  } as unknown as Plan['header'];
  const plan: Plan = {
    header,
    slots: flow.map((f) => sharesOf(open, problem, f)),
    siteHours: [siteHoursOf(open, given, 0, impacts)],
  };
  return { open, plan, problem, flow, unserved };
}

/** What the ledger charges for flows above what sites take at no request. */
function charged(
  { problem }: ReturnType<typeof planned>,
  flow: Float64Array[],
  unserved: Float64Array[],
  given = inputs,
) {
  const of = (flows: Float64Array[], lost: Float64Array[]) => {
    const ledger = new Ledger(fleet);
    ledger.add(problem, given, flows, lost);
    return ledger.totals();
  };
  const none = (arrays: Float64Array[]) => arrays.map((a) => new Float64Array(a.length));
  const [at, idle] = [of(flow, unserved), of(none(flow), none(unserved))];
  return {
    energyKwhPerH: at.gridKwh - idle.gridKwh,
    carbonKgPerH: at.carbonKg - idle.carbonKg,
    waterLPerH: at.waterL - idle.waterL,
    costAudPerH: at.energyCostAud - idle.energyCostAud,
    ttftMs: at.ttftMeanMs,
  };
}

const near = (figures: Record<string, number>) =>
  Object.fromEntries(Object.entries(figures).map(([k, v]) => [k, expect.closeTo(v, 2)]));

test('plan and nearest sites take in an hour what the ledger charges above idling', () => {
  const p = planned(fleet, inputs);
  const [slot] = planView(p.open, p.plan) ?? [];
  expect(slot?.plan).toMatchObject(near(charged(p, p.flow, p.unserved)));
  const greedy = nearestFlows(p.open, p.problem);
  expect(slot?.nearest).toMatchObject(near(charged(p, greedy.flow, greedy.unserved)));
  expect(slot?.plan.reqPerS).toBeCloseTo(
    inputs.demandReqPerS.reduce((a, b) => a + b, 0),
    2,
  );
  const carried = slot?.flows.reduce((sum, [, , x]) => sum + x, 0);
  expect(carried).toBeCloseTo(slot?.plan.reqPerS as number, 2);
  // Times by site are those of all requests, told apart.
  const serving = (slot?.sites ?? []).filter((s) => s.reqPerS > 0);
  const userMs = serving.reduce((sum, s) => sum + s.reqPerS * (s.ttftMs as number), 0);
  expect(userMs / (slot?.plan.reqPerS as number)).toBeCloseTo(slot?.plan.ttftMs as number, 1);
  expect(new Set(serving.map((s) => s.ttftMs)).size).toBeGreaterThan(5);
  // Without waiting a site's mean lies among those of the zones it serves, class by class.
  for (const [j, s] of (slot?.sites ?? []).entries()) {
    if (s.ttftMs === null) {
      expect(s.waitMs).toBe(0);
      continue;
    }
    const unloaded = (slot?.flows ?? []).flatMap(([i, site]) => {
      const [zone, at] = [p.open.zones[i]!, p.open.sites[j]!];
      return site === j
        ? p.open.classes.map((_, k) => unloadedTtftMs(zone, at, p.open.classes, k))
        : [];
    });
    expect(s.waitMs).toBeGreaterThan(0);
    expect(s.ttftMs - s.waitMs).toBeGreaterThan(Math.min(...unloaded) - 1e-3);
    expect(s.ttftMs - s.waitMs).toBeLessThan(Math.max(...unloaded) + 1e-3);
  }
});

test('what no site has room for is in no site’s figures', () => {
  const crowd = { ...inputs, demandReqPerS: inputs.demandReqPerS.map((x) => 6 * x) };
  const p = planned(fleet, crowd);
  const lost = p.unserved[0]!.reduce((a, b) => a + b, 0);
  expect(lost).toBeGreaterThan(1);
  p.plan.demand = [demandOf(p.open, crowd, 0)];
  p.plan.unserved = p.unserved.map((u, t) => unservedOf(p.open, crowd, u, t));
  const [slot] = planView(p.open, p.plan) ?? [];
  const { ttftMs, ...sums } = charged(p, p.flow, p.unserved, crowd);
  expect(slot?.plan).toMatchObject(near(sums));
  // So near to what sites can carry, six digits of shares are a hundredth of a millisecond.
  expect(slot?.plan.ttftMs).toBeCloseTo(ttftMs as number, 0);
  expect(slot?.plan.unservedReqPerS).toBeCloseTo(lost, 2);
  for (const [j, site] of p.open.sites.entries()) {
    expect(slot?.sites[j]?.utilisation).toBeLessThan(site.maxUtilisation + 1e-4);
  }
});

test('sites tell their weather and what a request more takes; those that keep it are estimated', () => {
  const reticent = embeddedFleet();
  for (const site of reticent.sites.slice(0, 3)) site.cost.discloses = 'costs';
  const p = planned(reticent, inputs);
  const [slot] = planView(p.open, p.plan) ?? [];
  expect(slot?.sites.map((s) => s.isDisclosed)).toEqual(reticent.sites.map((_, j) => j >= 3));
  expect(slot?.sites[0]).toMatchObject({ tempC: 12, audPerKwh: null, audPerRequest: null });
  expect(slot?.sites[3]).toMatchObject({ tempC: 15, audPerKwh: expect.closeTo(0.16, 4) });
  expect(slot?.plan.costAudPerH).toBeNull();
  expect(slot?.sites.map((s) => s.isPpueTold)).toEqual(reticent.sites.map((_, j) => j >= 3));
  // Told is servers and cooling over servers, by the site's own curve; 12 °C is economizer's weather.
  reticent.sites.slice(3).forEach((site, n) => {
    const { ppue } = siteFactors(site, conditionsAt(inputs, n + 3, 0));
    expect(slot?.sites[n + 3]?.ppue).toBeCloseTo(ppue, 5);
  });
  expect(slot?.sites[0]?.ppue).toBeCloseTo(1.08, 5);
  const [priced] = planView(p.open, p.plan, 0.2) ?? [];
  expect(priced?.sites[0]?.audPerKwh).toBeCloseTo(0.2, 4);
  expect(priced?.plan.costAudPerH).toBeGreaterThan(0);
});

test('a site that is out serves nobody in the baseline either', () => {
  const p = planned(fleet, inputs);
  p.plan.header.excluded = [{ site: 'sydney', reason: 'its server is down' }];
  const [without] = planView(p.open, p.plan) ?? [];
  p.plan.header.excluded = [];
  const [withIt] = planView(p.open, p.plan) ?? [];
  expect(without?.nearest.ttftMs).toBeGreaterThan(withIt?.nearest.ttftMs as number);
});

test('a drained site stays in the baseline: draining it saves nothing', () => {
  const p = planned(fleet, inputs);
  const [before] = planView(p.open, p.plan) ?? [];
  p.plan.header.overrides = { revision: 1, sites: { sydney: { drained: true } }, prices: {} };
  const [after] = planView(p.open, p.plan) ?? [];
  expect(after?.nearest).toEqual(before?.nearest);
});

test('work that may wait is in neither', () => {
  const patient = embeddedFleet();
  const p = planned(patient, inputs);
  const cls = p.open.classes[1] as (typeof p.open.classes)[number];
  const waiting = { ...p.open, classes: [p.open.classes[0], { ...cls, maxDelayHours: 4 }] };
  const [all] = planView(p.open, p.plan) ?? [];
  const [some] = planView(waiting as typeof p.open, p.plan) ?? [];
  expect(some?.plan.reqPerS).toBeCloseTo(some?.nearest.reqPerS as number, 2);
  expect(some?.plan.reqPerS).toBeLessThan(all?.plan.reqPerS as number);
});

test('a plan that keeps no hours has no view', () => {
  const { open, plan } = planned(fleet, inputs);
  expect(planView(open, { header: plan.header, slots: plan.slots })).toBeUndefined();
});
