import { describe, expect, test } from 'vitest';
import { InvalidInputError, parseInput } from '../../../src/core/model/errors.ts';
import {
  type Fleet,
  fleetSchema,
  publicFleet,
  type SiteCost,
} from '../../../src/core/model/fleet.ts';
import { answerFault } from '../../../src/core/optimizer/answer-check.ts';
import { begin, propose } from '../../../src/core/optimizer/consensus.ts';
import { planImpacts } from '../../../src/core/optimizer/impacts.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { coupledCostAud } from '../../../src/core/optimizer/site-coupling.ts';
import { answerQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { budgetPrices, type ShadowPrices } from '../../../src/core/planning/budget.ts';
import { solveWithinBudgets } from '../../../src/core/planning/budget-solve.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import { runMixture } from '../../../src/core/planning/plant-operation.ts';
import { assemble, constantInputs, embeddedFleet, tinyFleet } from '../support/fleets.ts';

const HOURS = 24;

function fleetWith(change: Partial<SiteCost>): Fleet {
  return tinyFleet((f) => {
    const site = f.sites[0]!;
    site.cost = { ...site.cost, ...change };
  });
}

/** A day at 6 req/s, no wholesale price, charged; sites and ledger see the fleet alike. */
function day(fleet: Fleet, ratio = 1) {
  const inputs = constantInputs(fleet, { slotCount: HOURS, demandReqPerS: 6 * ratio });
  const { problem, sites } = assemble(fleet, inputs);
  const ledger = new Ledger(fleet);
  const flow = inputs.demandReqPerS.slice(0, HOURS);
  const by = (v: Float64Array) => Array.from(v, (x) => Float64Array.of(x));
  const add = () => ledger.add(problem, inputs, by(flow), by(new Float64Array(HOURS)));
  add();
  return { problem, sites, totals: ledger.totals(), inputs, ledger, add, flow };
}

const battery = {
  capacityKwh: 40,
  chargeKw: 10,
  dischargeKw: 10,
  chargeEfficiency: 0.9,
  dischargeEfficiency: 0.9,
};
const peaky: SiteCost['tariff'] = {
  kind: 'time-of-use',
  bands: [
    { fromHour: 6, toHour: 18, rateAudPerKwh: 0.1 },
    { fromHour: 18, toHour: 6, rateAudPerKwh: 0.4 },
  ],
};

describe('ledger', () => {
  const plain = day(fleetWith({})).totals;

  test('limits that do not bind change nothing', () => {
    const { totals } = day(fleetWith({ limits: { facilityKw: 500, dailyCarbonKg: 1e5 } }));
    expect(totals.objectiveAud).toBeCloseTo(plain.objectiveAud, 6);
    expect(totals.gridKwh).toBeCloseTo(plain.facilityKwh, 6);
    expect(totals.unservedRequests).toBe(0);
  });

  test('it charges what the site answers, with the queue’s price as users’ time', () => {
    const fleet = fleetWith({ tariff: peaky, battery, limits: { gridKw: 25 } });
    const { sites, totals, flow, problem } = day(fleet);
    const site = sites[0]!;
    const query = { round: 1, totals: flow, prices: new Float64Array(HOURS), box: flow };
    const answer = answerQuery(site, query);
    const { costAud, coupling } = answer;
    const cost = costAud.reduce((a, b) => a + b, 0) + coupledCostAud(answer, flow);
    const network = problem.edgeCostAud[0]! * flow.reduce((a, b) => a + b, 0);
    const shed = coupling!.shedReqPerS.reduce((a, b) => a + b, 0);
    expect(shed).toBe(0);
    expect(Math.abs(totals.objectiveAud - cost - network)).toBeLessThan(1e-6 * totals.objectiveAud);
  });

  test('a battery saves the difference of the bands, less its losses', () => {
    const without = day(fleetWith({ tariff: peaky })).totals;
    const totals = day(fleetWith({ tariff: peaky, battery })).totals;
    // 40 kWh in the dear hours of one night, bought in the cheap ones; it begins and ends half full.
    const saved = 0.4 * 40 * 0.9 - (0.1 * 40) / 0.9;
    expect(totals.sites[0]!.dischargedKwh).toBeCloseTo(36, 3);
    expect(without.energyCostAud - totals.energyCostAud).toBeCloseTo(saved, 3);
    expect(totals.gridKwh - without.gridKwh).toBeCloseTo(40 / 0.9 - 36, 3);
  });

  test('solar takes the place of imports, with their carbon and off-site water', () => {
    const kwByUtcHour = new Array(24).fill(3);
    const { totals } = day(fleetWith({ solar: { kind: 'hourly', kwByUtcHour } }));
    expect(totals.sites[0]!.solarKwh).toBeCloseTo(72, 6);
    expect(plain.gridKwh - totals.gridKwh).toBeCloseTo(72, 6);
    expect(plain.carbonKg - totals.carbonKg).toBeCloseTo(36, 6);
    expect(plain.waterL - totals.waterL).toBeCloseTo(72, 6);
    expect(plain.energyCostAud - totals.energyCostAud).toBeCloseTo(0.2 * 72, 6);
  });

  test('what is left over is fed in at its price, at most at that of a kWh drawn', () => {
    const solar: SiteCost['solar'] = { kind: 'hourly', kwByUtcHour: new Array(24).fill(200) };
    expect(day(fleetWith({ solar })).totals.energyCostAud).toBeCloseTo(0, 6);
    const { totals } = day(fleetWith({ solar, feedInAudPerKwh: 0.05 }));
    const left = 24 * 200 - totals.facilityKwh;
    expect(totals.energyCostAud).toBeCloseTo(-0.05 * left, 5);
  });

  test('a cap sheds requests, which count as unserved', () => {
    const cap = 0.8 * plain.carbonKg;
    const { totals } = day(fleetWith({ limits: { dailyCarbonKg: cap } }));
    expect(totals.carbonKg).toBeCloseTo(cap, 4);
    expect(totals.unservedRequests).toBeGreaterThan(0);
    expect(totals.requests).toBeCloseTo(plain.requests, 6);
    expect(totals.sloViolationShare).toBeGreaterThan(plain.sloViolationShare);
  });

  test('a month’s peak is charged once', () => {
    const fleet = fleetWith({ demandCharge: { audPerKwMonth: 10, paidKw: 0 } });
    const { totals, ledger, add } = day(fleet);
    const peakKw = plain.facilityKwh / HOURS;
    expect(totals.energyCostAud - plain.energyCostAud).toBeCloseTo(10 * peakKw, 5);
    add();
    expect(ledger.totals().energyCostAud - 2 * plain.energyCostAud).toBeCloseTo(10 * peakKw, 5);
  });
});

test.each(['learned', 'supply'] as const)(
  '%s: a certified plan costs what the ledger charges',
  (mode) => {
    const fleet = embeddedFleet();
    fleet.sites.slice(0, 2).forEach((site, j) => {
      site.cost.battery = battery;
      site.cost.solar = solarOf(20);
      site.cost.limits = j === 0 ? { gridKw: 20 } : { dailyCarbonKg: 100 };
      site.cost.demandCharge = { audPerKwMonth: 12, paidKw: 5 };
    });
    const inputs = constantInputs(fleet, { slotCount: 6 });
    const { problem, sites } = assemble(fleet, inputs);
    const { certificate, flow, unserved } = solve(problem, sites, { mode, gapTarget: 2e-3 });
    expect(certificate.gap).toBeLessThanOrEqual(2e-3);
    const ledger = new Ledger(fleet);
    ledger.add(problem, inputs, flow, unserved);
    const { objectiveAud } = ledger.totals();
    expect(Math.abs(objectiveAud - certificate.objectiveAud)).toBeLessThan(1e-7 * objectiveAud);
  },
);

describe('a fleet with plants', () => {
  const fleet = embeddedFleet();
  fleet.sites.slice(0, 3).forEach((site, j) => {
    site.cost.battery = battery;
    site.cost.solar = solarOf(j === 0 ? 400 : 30);
    site.cost.limits = j === 0 ? { gridKw: 60 } : j === 1 ? { dailyCarbonKg: 700 } : {};
    if (j === 2) site.cost.demandCharge = { audPerKwMonth: 12, paidKw: 40 };
    site.cost.feedInAudPerKwh = 0.3;
  });
  const inputs = constantInputs(fleet, { slotCount: 6 });
  inputs.sites.forEach((s, j) => {
    s.carbonKgPerKwh.set(s.carbonKgPerKwh.map((_, t) => 0.2 + 0.1 * ((j + t) % 5)));
  });
  const { problem, sites } = assemble(fleet, inputs);

  test('what sites tell of a plan is what the ledger charges', () => {
    const solution = solve(problem, sites, { gapTarget: 1e-3 });
    const impacts = planImpacts(problem, solution.state, solution.flow)!;
    const ledger = new Ledger(fleet);
    ledger.add(problem, inputs, solution.flow, solution.unserved);
    const { carbonKg, waterL, gridKwh, energyCostAud } = ledger.totals();
    const { energyKwh, energyAud } = impacts;
    expect(impacts.carbonKg / carbonKg).toBeCloseTo(1, 5);
    expect(impacts.waterL / waterL).toBeCloseTo(1, 5);
    expect(energyKwh! / gridKwh).toBeCloseTo(1, 5);
    expect(energyAud! / energyCostAud).toBeCloseTo(1, 5);
    // Solar power that is left over serves a request more without any carbon.
    const sunny = solution.state.sites[0]!.bestImpacts!.marginalCarbonKg;
    expect(sunny.some((kg) => Math.abs(kg) < 1e-9)).toBe(true);
    expect(solution.rowImpacts).toHaveLength(6);
  });

  test('within a budget the mixture is operated as stated', () => {
    const sitesAt = (shadow: ShadowPrices) =>
      assembleSites({ ...fleet, prices: budgetPrices(fleet.prices, shadow) }, inputs);
    const free = solve(problem, sites, { gapTarget: 1e-3 });
    const { carbonKg } = planImpacts(problem, free.state, free.flow)!;
    const budgets = { carbonKg: 0.9 * carbonKg };
    const plan = solveWithinBudgets(problem, sitesAt, { gapTarget: 2e-3, budgets });
    expect(plan.budgets[0]).toMatchObject({ missedBy: 0 });
    expect(plan.certificate.gap).toBeLessThanOrEqual(2e-3);
    const ledger = new Ledger(fleet);
    const operated = runMixture(fleet, problem, inputs, plan.parts);
    ledger.add(problem, inputs, plan.flow, plan.unserved, operated);
    const totals = ledger.totals();
    expect(totals.carbonKg / plan.impacts.carbonKg).toBeCloseTo(1, 5);
    expect(totals.waterL / plan.impacts.waterL).toBeCloseTo(1, 5);
    expect(totals.gridKwh / plan.impacts.energyKwh!).toBeCloseTo(1, 5);
    expect(totals.carbonKg).toBeLessThanOrEqual(0.9 * carbonKg * (1 + 1e-5));
    expect(totals.objectiveAud).toBeLessThanOrEqual(plan.certificate.objectiveAud * (1 + 1e-6));
  });

  test('a plant that keeps its figures is named, and the rest is planned all the same', () => {
    const silent = sites.map((s, j) => (j === 2 ? { ...s, impacts: undefined } : s));
    const id = problem.sites[2]!.id;
    expect(() => solveWithinBudgets(problem, () => silent, { budgets: { waterL: 5 } })).toThrow(
      `carbon and water; without: ${id}`,
    );
    const { state, flow, certificate } = solve(problem, silent);
    expect(certificate.gap).toBeLessThanOrEqual(1e-3);
    expect(planImpacts(problem, state, flow)).toBeUndefined();
  });
});

test('answers of assembled plants pass the coordinator’s checks', () => {
  const fleet = embeddedFleet();
  const site = fleet.sites[0]!;
  site.cost.battery = { ...battery, capacityKwh: 100 };
  site.cost.solar = solarOf(80);
  site.cost.limits = { gridKw: 90, dailyWaterL: 900, dailyCarbonKg: 700 };
  site.cost.demandCharge = { audPerKwMonth: 12, paidKw: 30 };
  const inputs = constantInputs(fleet, { slotCount: HOURS });
  const { problem, sites } = assemble(fleet, inputs);
  expect(sites[1]!.plant).toBeUndefined();
  const state = begin(problem, settingsSchema.parse({}));
  const query = propose(problem, state)[0]!;
  const answer = answerQuery(sites[0]!, query);
  expect(answer.coupling?.cuts.length).toBeGreaterThan(0);
  expect(answerFault(problem, query, answer)).toBeUndefined();
});

function solarOf(peakKw: number): SiteCost['solar'] {
  return { kind: 'array', peakKw, systemEfficiency: 0.86, lossPerC: 0.004, cloudCover: 0.5 };
}

describe('registry', () => {
  const parse = (change: object) => {
    const fleet = embeddedFleet();
    Object.assign(fleet.sites[0]!.cost, change);
    return parseInput(fleetSchema, fleet, 'fleet');
  };

  test('defaults', () => {
    const { cost } = parse({
      battery: { capacityKwh: 10, chargeKw: 5, dischargeKw: 5 },
      demandCharge: { audPerKwMonth: 12 },
    }).sites[0]!;
    expect(cost.battery?.chargeEfficiency).toBe(0.922);
    expect(cost.demandCharge?.paidKw).toBe(0);
  });

  test.each<[string, object, RegExp]>([
    [
      'charge above capacity',
      { battery: { capacityKwh: 10, chargeKw: 5, dischargeKw: 5, initialKwh: 11 } },
      /sites\[0\]\.cost\.battery\.initialKwh: must be at most capacityKwh/,
    ],
    [
      'a state over plain HTTP',
      { plantStateUrl: 'http://energy.example/', battery },
      /plantStateUrl: must be an https URL/,
    ],
    ['a limit of nothing', { limits: { gridKw: 0 } }, /cost\.limits\.gridKw: must be above 0/],
    [
      'an unknown limit',
      { limits: { gridKW: 5 } },
      /cost\.limits: has "gridKW", which it must not/,
    ],
    ['a negative charge', { demandCharge: { audPerKwMonth: -1 } }, /must be at least 0/],
  ])('refused with its path: %s', (_, change, words) => {
    expect(() => parse(change)).toThrow(words);
  });

  test('meters need no plant', () => {
    const plantStateUrl = 'https://energy.example/';
    expect(parse({ plantStateUrl }).sites[0]?.cost.plantStateUrl).toBe(plantStateUrl);
  });

  test('the public registry says nothing of plants', () => {
    const fleet = parse({ battery, solar: solarOf(5), limits: { gridKw: 77 } });
    const text = JSON.stringify(publicFleet(fleet));
    for (const word of ['battery', 'solar', 'limits', 'gridKw']) expect(text).not.toContain(word);
  });
});

test('a limit below the base load is told as a fault of the configuration', () => {
  const fleet = fleetWith({ limits: { gridKw: 0.5 } });
  const site = assembleSites(fleet, constantInputs(fleet, { slotCount: 2 }))[0]!;
  const zero = new Float64Array(2);
  expect(() => answerQuery(site, { round: 1, totals: zero, prices: zero, box: zero })).toThrow(
    InvalidInputError,
  );
});
