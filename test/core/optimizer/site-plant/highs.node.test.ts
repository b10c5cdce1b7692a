import loadHighs from 'highs';
import { describe, expect, test, vi } from 'vitest';
import { waitingRequests, waitingSlope } from '../../../../src/core/model/queueing.ts';
import { operatePlant } from '../../../../src/core/optimizer/site-plant/operate.ts';
import { facilityKwAt, type SitePlant } from '../../../../src/core/optimizer/site-plant/plant.ts';
import { answerQuery } from '../../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../../src/core/optimizer/solve.ts';
import { type LpRequests, lpText, plantParts } from '../../support/plant-lp.ts';
import {
  type PlantSite,
  plantFleet,
  randomPlantQuery,
  randomPlantSite,
} from '../../support/plants.ts';
import { reference as wholeFleet } from '../../support/reference.ts';

// Two solvers on hundreds of programs take longer where cores are shared.
vi.setConfig({ testTimeout: 60_000 });

const highs = await loadHighs();

function reference(site: PlantSite, requests: LpRequests) {
  return optimum(lpText(plantParts(site, site.plant, requests)));
}

function optimum(text: string) {
  const result = highs.solve(text, {
    primal_feasibility_tolerance: 1e-9,
    dual_feasibility_tolerance: 1e-9,
  });
  expect(result.Status).toBe('Optimal');
  return result;
}

/** What the rounding of both solvers is measured against: the sum of what is paid and earned. */
function sizeOf(site: PlantSite, totals: Float64Array): number {
  const { plant } = site;
  const K = site.classCount;
  let size = 0;
  for (let t = 0; t < site.slotCount; t++) {
    let itKw = plant.baseItKw[t]!;
    for (let k = 0; k < K; k++) itKw += plant.kwPerReqPerS[t * K + k]! * totals[t * K + k]!;
    size +=
      plant.slotHours * Math.abs(plant.importAud[t]!) * (plant.ppue[t]! * itKw + plant.overheadKw);
  }
  return size;
}

const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

test('cost of given totals: as HiGHS finds it', () => {
  let shed = 0;
  for (const seed of seeds) {
    const site = randomPlantSite(seed);
    const { totals } = randomPlantQuery(site, seed);
    const optimum = reference(site, { totals }).ObjectiveValue;
    const { costAud, plane, shedReqPerS } = operatePlant(site, site.plant, totals);
    const size = Math.abs(optimum) + sizeOf(site, totals);
    let low = 0;
    for (const v of plane.interceptAud) low += v;
    plane.rateAud.forEach((rate, i) => {
      low += rate * totals[i]!;
    });
    expect(Math.abs(costAud - optimum)).toBeLessThan(2e-8 * size);
    expect(Math.abs(low - optimum)).toBeLessThan(2e-8 * size);
    if (shedReqPerS.some((s) => s > 0)) shed++;
  }
  // The instances are worth something only if limits bind in a good part of them.
  expect(shed).toBeGreaterThan(10);
});

test('marginal costs: HiGHS’s cost differs by them', () => {
  for (const seed of seeds.slice(0, 30)) {
    const site = randomPlantSite(seed);
    const { totals } = randomPlantQuery(site, seed);
    const { plane } = operatePlant(site, site.plant, totals);
    const at = seed % totals.length;
    const step = 0.02 * (1 + totals[at]!);
    const cost = (by: number) => {
      const moved = totals.slice();
      moved[at] = Math.max(0, moved[at]! + by);
      return reference(site, { totals: moved }).ObjectiveValue;
    };
    const rounding = 1e-7 * (sizeOf(site, totals) + Math.abs(cost(0)));
    // A subgradient lies between the two one-sided slopes, of which these are the outer bounds.
    expect(plane.rateAud[at]! * step).toBeLessThanOrEqual(cost(step) - cost(0) + rounding);
    if (totals[at]! < step) continue;
    expect(plane.rateAud[at]! * step).toBeGreaterThanOrEqual(cost(0) - cost(-step) - rounding);
  }
});

test('bound without a queue: HiGHS’s optimum over the box', () => {
  for (const seed of seeds) {
    const site = randomPlantSite(seed, { waitingAud: 0 });
    const query = randomPlantQuery(site, seed);
    const { ObjectiveValue: optimum } = reference(site, { prices: query.prices, box: query.box });
    const bound = answerQuery(site, query).boundAud.reduce((a, b) => a + b, 0);
    let size = Math.abs(optimum) + sizeOf(site, query.totals);
    query.prices.forEach((p, i) => {
      size += Math.abs(p) * Math.min(query.box[i]!, 100);
    });
    expect(bound).toBeLessThanOrEqual(optimum + 1e-8 * size);
    expect(bound).toBeGreaterThanOrEqual(optimum - 2e-8 * size);
  }
});

test('bound with a queue: between its tangents and its chords', () => {
  const SEGMENTS = 60;
  for (const seed of seeds.slice(0, 20)) {
    const site = randomPlantSite(seed, { slots: 4 });
    const query = randomPlantQuery(site, seed);
    const { servers } = site.queue;
    const at = (t: number, n: number) => site.maxLoad[t]! * (1 - (1 - n / SEGMENTS) ** 2);
    const cost = (t: number, load: number) =>
      site.waitingAud[t]! * waitingRequests(site.queue, load / servers);
    const knots = Array.from({ length: SEGMENTS + 1 }, (_, n) => n);
    const tangents = (t: number) =>
      knots.map((n) => {
        const load = at(t, n);
        const slope = (site.waitingAud[t]! * waitingSlope(site.queue, load / servers)) / servers;
        return { slope, intercept: cost(t, load) - slope * load };
      });
    const chords = (t: number) =>
      knots.slice(1).flatMap((n) => {
        const [from, to] = [at(t, n - 1), at(t, n)];
        if (!(to > from)) return [{ slope: 0, intercept: 0 }];
        const slope = (cost(t, to) - cost(t, from)) / (to - from);
        return [{ slope, intercept: cost(t, from) - slope * from }];
      });
    const { prices, box } = query;
    const low = reference(site, { prices, box, lines: tangents }).ObjectiveValue;
    const high = reference(site, { prices, box, lines: chords }).ObjectiveValue;
    const bound = answerQuery(site, query).boundAud.reduce((a, b) => a + b, 0);
    const rounding = 1e-7 * (Math.abs(high) + sizeOf(site, query.totals));
    expect(bound).toBeGreaterThanOrEqual(low - rounding);
    expect(bound).toBeLessThanOrEqual(high + rounding);
  }
});

describe('a fleet with plants', () => {
  test.each([
    [1, 0.3],
    [2, 0.5],
    [3, 0.7],
    [4, 0.9],
    [5, 1.2],
  ])(
    'instance %i at utilisation %f: the certificate holds HiGHS’s optimum',
    (seed, utilisation) => {
      const instance = plantFleet(seed, { utilisation });
      const best = wholeFleet(instance);
      const { certificate } = solve(instance.problem, instance.sites, { gapTarget: 1e-4 });
      const rounding = 1e-7 * Math.abs(best);
      expect(certificate.lowerBoundAud).toBeLessThanOrEqual(best + rounding);
      expect(certificate.objectiveAud).toBeGreaterThanOrEqual(best - rounding);
      expect(certificate.gap).toBeLessThan(0.01);
    },
  );
});

test('power beyond the limit is no way around a cap: a site whose cap leaves its standing load sheds', () => {
  const { sites } = plantFleet(50090, { utilisation: 0.002, slots: 2, plants: 1 });
  const site = sites[0]!;
  const plant: SitePlant = {
    ...(site.plant as SitePlant),
    battery: undefined,
    solarKw: new Float64Array(2),
    gridKw: 6,
    importCarbonKg: Float64Array.of(0.07, 0.85),
  };
  const standingKw = plant.baseItKw.map((kw, t) => facilityKwAt(plant, t, kw));
  const leastKg = standingKw.reduce((sum, kw, t) => sum + kw * plant.importCarbonKg[t]!, 0);
  plant.carbonCapKg = new Float64Array(2).fill((plant.slotHours * leastKg) / 2);
  expect(Math.max(...standingKw)).toBeLessThan(plant.gridKw);
  const { shedReqPerS, importKw } = operatePlant(site, plant, new Float64Array(4).fill(0.1));
  for (const shed of shedReqPerS) expect(shed).toBeCloseTo(0.1, 6);
  importKw.forEach((kw, t) => {
    expect(kw).toBeCloseTo(standingKw[t]!, 5);
  });
});
