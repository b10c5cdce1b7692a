import { describe, expect, it } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { policies } from '../../src/core/planning/policies/index.ts';
import { backtest, type PolicyResult } from '../../src/sim/backtest.ts';
import { readDataset } from '../../src/sim/dataset.ts';
import { withCooling, withTariff } from '../../src/sim/overrides.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { chargeByHand, recorded } from './support/charges.ts';
import { folderOf, START_MS } from './support/folder.ts';

const HOURS = 30;
const GAP = 1e-7;

/** Weather, price and carbon of Sydney and Melbourne: one value for every hour. */
interface Pair {
  tempC: [number, number];
  priceAudPerMwh: [number, number];
  gramsPerKwh?: [number, number];
  /** Share of the cities' people who ask. */
  demand?: number;
  servers?: [number, number];
}

/** A backtest of all policies over two cities alike in all but what is given, on spot tariffs. */
function simulate(pair: Pair, change: (fleet: Fleet) => Fleet = (fleet) => fleet) {
  const fleet = withTariff(embeddedFleet(), 'spot');
  for (const zone of fleet.zones) zone.population *= pair.demand ?? 0.1;
  fleet.sites.slice(0, 2).forEach((site, j) => {
    site.hardware.servers = pair.servers?.[j] ?? 12;
    site.cost.fixedOverheadKw = 2;
    site.cost.idle = 'sleep';
  });
  const [sydney, melbourne] = [0, 1].map((j) => ({
    tempC: pair.tempC[j]!,
    price: pair.priceAudPerMwh[j]!,
    grams: pair.gramsPerKwh?.[j] ?? 500,
  }));
  const dir = folderOf({
    hours: HOURS,
    weather: { sydney: () => [sydney!.tempC, 50], melbourne: () => [melbourne!.tempC, 50] },
    price: { NSW: () => sydney!.price, VIC: () => melbourne!.price },
    carbon: { NSW: () => sydney!.grams, VIC: () => melbourne!.grams },
  });
  const data = readDataset(dir, change(fleet), { startUtcMs: START_MS, hours: HOURS });
  const spies = policies.map(recorded);
  const results = backtest(
    data.fleet,
    data.inputs,
    spies.map((s) => s.policy),
    { gapTarget: GAP },
  );
  const of = (id: string): PolicyResult => results.find((r) => r.policy === id)!;
  const byHand = (id: string) =>
    chargeByHand(data.fleet, spies[policies.findIndex((p) => p.id === id)]!.blocks);
  const asked = data.inputs.demandReqPerS.reduce((sum, x) => sum + 3600 * x, 0);
  return { results, of, byHand, asked };
}

const share = (r: PolicyResult, site: 'sydney' | 'melbourne') =>
  r.sites.find((s) => s.site === site)!.share;

function expectIsothermBest(results: PolicyResult[]) {
  const [isotherm, ...others] = results;
  for (const other of others) {
    const slack = 2 * GAP * Math.abs(other.objectiveAud);
    expect(isotherm!.objectiveAud, other.policy).toBeLessThanOrEqual(other.objectiveAud + slack);
  }
}

describe('what temperature awareness is worth', () => {
  const pair: Pair = { tempC: [33, 12], priceAudPerMwh: [400, 400] };

  it('isotherm moves to the cool city what fixed-ppue leaves in the hot one', () => {
    const { results, of } = simulate(pair);
    const [isotherm, blind] = [of('isotherm'), of('fixed-ppue')];
    expect(share(isotherm, 'melbourne')).toBeGreaterThan(share(blind, 'melbourne') + 0.1);
    expect(isotherm.coolingKwh).toBeLessThan(blind.coolingKwh);
    expect(isotherm.objectiveAud).toBeLessThan(blind.objectiveAud * (1 - 1e-4));
    expectIsothermBest(results);
  });

  it('nothing, where cooling is the same constant everywhere', () => {
    const fixed = '{"kind":"fixed","ppue":1.25,"onSiteWaterLPerKwh":0.5}';
    const { of } = simulate(pair, (fleet) => withCooling(fleet, fixed));
    const [isotherm, blind] = [of('isotherm'), of('fixed-ppue')];
    expect(blind.objectiveAud / isotherm.objectiveAud).toBeCloseTo(1, 6);
    expect(blind.coolingKwh / isotherm.coolingKwh).toBeCloseTo(1, 4);
  });
});

describe('negative prices', () => {
  it('of one city: cheapest goes there, and energy there is income', () => {
    const { results, of, byHand } = simulate({ tempC: [20, 20], priceAudPerMwh: [90, -150] });
    expect(share(of('cheapest'), 'melbourne')).toBeCloseTo(1, 9);
    expect(of('cheapest').energyCostAud).toBeLessThan(0);
    expect(share(of('nearest'), 'melbourne')).toBeLessThan(0.6);
    for (const r of results) {
      expect(r.energyCostAud / byHand(r.policy).energyCostAud).toBeCloseTo(1, 9);
      expect(r.sites.map((s) => s.energyAudPerKwh)).toEqual([
        expect.closeTo(0.09, 9),
        expect.closeTo(-0.15, 9),
      ]);
    }
    expectIsothermBest(results);
  });

  it('of both: the city that wastes more is the cheaper one, and objectives may be negative', () => {
    const { results, of } = simulate({ tempC: [36, 10], priceAudPerMwh: [-900, -900] });
    expect(share(of('cheapest'), 'sydney')).toBeCloseTo(1, 9);
    for (const r of results) {
      expect(r.objectiveAud).toBeLessThan(0);
      expect(r.energyCostAud).toBeCloseTo(-0.9 * r.facilityKwh, 6);
    }
    expect(of('isotherm').maxGap).toBeGreaterThanOrEqual(0);
    expectIsothermBest(results);
  });
});

it('cheapest pays least for energy, cleanest emits least, nearest is nearest', () => {
  const { results, of } = simulate({
    tempC: [25, 15],
    priceAudPerMwh: [60, 110],
    gramsPerKwh: [800, 300],
  });
  for (const r of results) {
    const more = 1 + 1e-9;
    expect(of('cheapest').energyCostAud, r.policy).toBeLessThanOrEqual(r.energyCostAud * more);
    expect(of('cleanest').carbonKg, r.policy).toBeLessThanOrEqual(r.carbonKg * more);
    // Waiting apart, which is nothing at this load.
    expect(of('nearest').ttftMeanMs, r.policy).toBeLessThanOrEqual(r.ttftMeanMs + 0.01);
  }
  expect(share(of('cheapest'), 'sydney')).toBeCloseTo(1, 9);
  expect(share(of('cleanest'), 'sydney')).toBeCloseTo(0, 9);
});

describe('more demand than a site can carry', () => {
  const pair: Pair = { tempC: [20, 20], priceAudPerMwh: [50, 150], gramsPerKwh: [200, 700] };

  it('spills to the next: the favourite is full, nothing is lost', () => {
    // One server carries two chats a second; Sydney asks for more even at night.
    const { results, of } = simulate({ ...pair, demand: 1.5, servers: [1, 60] });
    for (const id of ['nearest', 'cheapest', 'cleanest']) {
      expect(of(id).sites[0]!.utilisation, id).toBeCloseTo(0.85, 9);
      expect(share(of(id), 'melbourne'), id).toBeGreaterThan(0.5);
    }
    for (const r of results) expect(r.unservedRequests, r.policy).toBeLessThan(1e-6);
    expectIsothermBest(results);
  });

  it('is lost where every site is full, counted and charged at its price', () => {
    const { results, of, asked, byHand } = simulate({ ...pair, demand: 1, servers: [1, 1] });
    for (const r of results) {
      expect(r.requests / asked, r.policy).toBeCloseTo(1, 9);
      expect(r.unservedRequests / asked, r.policy).toBeGreaterThan(0.3);
      expect(r.unservedRequests).toBeCloseTo(byHand(r.policy).unservedRequests, 3);
      expect(r.sloViolationShare).toBeGreaterThanOrEqual(r.unservedRequests / asked - 1e-9);
      // 0.05 AUD a request, besides the rest.
      expect(r.objectiveAud).toBeGreaterThan(0.05 * r.unservedRequests);
    }
    for (const id of ['nearest', 'cheapest', 'cleanest', 'spread']) {
      for (const site of of(id).sites) expect(site.utilisation, id).toBeCloseTo(0.85, 6);
    }
    expectIsothermBest(results);
  });
});
