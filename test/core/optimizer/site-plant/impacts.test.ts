import { expect, test } from 'vitest';
import { answerFault } from '../../../../src/core/optimizer/answer-check.ts';
import { plantImpacts } from '../../../../src/core/optimizer/site-plant/impacts.ts';
import { operatePlant } from '../../../../src/core/optimizer/site-plant/operate.ts';
import { answerQuery } from '../../../../src/core/optimizer/site-subproblem.ts';
import { decodeAnswer, encodeAnswer } from '../../../../src/core/planning/round-wire.ts';
import { randomInstance } from '../../support/instances.ts';
import { type PlantSite, randomPlantQuery, randomPlantSite } from '../../support/plants.ts';
import { dice } from '../../support/random.ts';

const SEEDS = 120;
/** Prices of carbon and water in randomPlantSite's costs, AUD. */
const PER_KG = 0.05;
const PER_L = 0.003;

const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);

function told(site: PlantSite, totals: Float64Array) {
  const operation = operatePlant(site, site.plant, totals);
  return { operation, ...plantImpacts(site, site.plant, totals, operation) };
}

test('amounts at their prices, and what is shed at its, are the cost of the operation', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const site = randomPlantSite(seed);
    const { totals } = randomPlantQuery(site, seed);
    const { operation, energy, carbonKg, waterL } = told(site, totals);
    const parts = [
      sum(energy.energyAud),
      PER_KG * sum(carbonKg),
      PER_L * sum(waterL),
      site.plant.unservedAud * sum(operation.shedReqPerS),
    ];
    const stake = parts.reduce((a, part) => a + Math.abs(part), 1);
    const whole = parts.reduce((a, b) => a + b, 0);
    expect(Math.abs(whole - operation.costAud), `seed ${seed}`).toBeLessThan(1e-6 * stake);
  }
});

test('marginal amounts at their prices are the marginal cost, also of plants that degenerate', () => {
  let compared = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const site = randomPlantSite(seed);
    const { totals } = randomPlantQuery(site, seed);
    const { operation, energy, marginalCarbonKg, marginalWaterL } = told(site, totals);
    // Where a limit sheds requests, theirs is part of every other's cost.
    if (sum(operation.shedReqPerS) > 0) continue;
    energy.marginalEnergyAud.forEach((aud, i) => {
      const rate = operation.plane.rateAud[i]!;
      if (rate >= site.plant.unservedAud) return;
      const parts = aud + PER_KG * marginalCarbonKg[i]! + PER_L * marginalWaterL[i]!;
      const stake = Math.abs(rate) + Math.abs(aud) + 0.1;
      expect(Math.abs(parts - rate), `seed ${seed}, total ${i}`).toBeLessThan(1e-4 * stake);
      compared++;
    });
  }
  expect(compared).toBeGreaterThan(500);
});

test('marginal amounts lie between the differences on either side', () => {
  const step = 1e-4;
  const d = dice(8);
  let strict = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const site = withoutTies(randomPlantSite(seed));
    const { totals } = randomPlantQuery(site, seed);
    const i = d.integer(0, totals.length - 1);
    if (totals[i]! < step) continue;
    const moved = (by: number) => {
      const other = totals.slice();
      other[i] = other[i]! + by;
      const { carbonKg, waterL, energy } = told(site, other);
      return [carbonKg, waterL, energy.energyKwh, energy.energyAud].map(sum);
    };
    const here = told(site, totals);
    const marginals = [
      here.marginalCarbonKg,
      here.marginalWaterL,
      here.energy.marginalEnergyKwh,
      here.energy.marginalEnergyAud,
    ].map((of) => of[i]!);
    const [less, at, more] = [moved(-step), moved(0), moved(step)];
    marginals.forEach((marginal, n) => {
      const sides = [(at[n]! - less[n]!) / step, (more[n]! - at[n]!) / step];
      const rounding = 1e-3 * (Math.abs(marginal) + 1);
      const where = `seed ${seed}, total ${i}, quantity ${n}`;
      expect(marginal, where).toBeGreaterThan(Math.min(...sides) - rounding);
      expect(marginal, where).toBeLessThan(Math.max(...sides) + rounding);
      if (Math.abs(sides[0]! - sides[1]!) < rounding && marginal !== 0) strict++;
    });
  }
  expect(strict).toBeGreaterThan(200);
});

test('a site tells as much as it agrees to, and what it tells passes wire and checks', () => {
  const site = randomPlantSite(3);
  const query = { ...randomPlantQuery(site, 3), impacts: true as const };
  const { problem } = randomInstance(1, { sites: 1, slots: 8, classes: 2 });
  const { energy, ...carbonAndWater } = site.impacts!;
  const all = answerQuery(site, query);
  expect(all.impacts?.energy).toBeDefined();
  expect(answerFault(problem, query, all)).toBeUndefined();
  expect(decodeAnswer(encodeAnswer('r', 's', all), 'r', 's').impacts).toEqual(all.impacts);
  const some = answerQuery({ ...site, impacts: carbonAndWater }, query).impacts;
  expect(some).toEqual({ ...all.impacts, energy: undefined });
  expect(answerQuery({ ...site, impacts: undefined }, query).impacts).toBeUndefined();
  expect(answerQuery(site, { ...query, impacts: undefined }).impacts).toBeUndefined();
  const spoilt = structuredClone(all);
  spoilt.impacts!.energy!.marginalEnergyAud[1] = Number.NaN;
  expect(answerFault(problem, query, spoilt)).toMatch(/marginalEnergyAud\[1\] is NaN/);
});

/** Feeding in earns less than drawing costs, and no two hours cost the same: one operation is best. */
function withoutTies(site: PlantSite): PlantSite {
  const rising = (values: Float64Array) => values.map((aud, t) => aud + 0.0011 * t);
  const { importAud, tariffAud, exportAud } = site.plant;
  const plant = {
    ...site.plant,
    importAud: rising(importAud),
    tariffAud: rising(tariffAud),
    exportAud: exportAud.map((aud, t) => aud - 0.003 - 0.0007 * t),
  };
  return { ...site, plant };
}
