import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { InvalidInputError } from '../../../../src/core/model/errors.ts';
import { cutAt, firstPieces } from '../../../../src/core/optimizer/cut.ts';
import { coupledCostAud } from '../../../../src/core/optimizer/site-coupling.ts';
import { operatePlant } from '../../../../src/core/optimizer/site-plant/operate.ts';
import type { SitePlant } from '../../../../src/core/optimizer/site-plant/plant.ts';
import { answerQuery, type SiteQuery } from '../../../../src/core/optimizer/site-subproblem.ts';
import { type PlantSite, randomPlantQuery, randomPlantSite } from '../../support/plants.ts';
import { type Dice, dice } from '../../support/random.ts';

// Hundreds of plants take longer where cores are shared.
vi.setConfig({ testTimeout: 60_000 });

const seeds = fc.integer({ min: 1, max: 1_000_000 });

/** A shape by seed: short and long, one class and several, and prices or powers far from usual. */
function randomSite(seed: number): PlantSite {
  const d = dice(seed + 17);
  return randomPlantSite(seed, {
    slots: d.integer(1, 10),
    classes: d.integer(1, 3),
    waitingAud: d.chance(0.3) ? 0 : 1,
    priceFactor: d.chance(0.3) ? 10 ** d.uniform(-6, 6) : 1,
    powerFactor: d.chance(0.2) ? 10 ** d.uniform(-2, 3) : 1,
  });
}

const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

/** Σ (b + a·N): what the separable part of the cost has for energy. */
function gridAud(site: PlantSite, totals: Float64Array): number {
  return total(site.baseAud) + dot(site.rateAud, totals);
}

/** What rounding is measured against. */
function sizeOf(site: PlantSite, totals: Float64Array): number {
  const energy = dot(site.rateAud.map(Math.abs), totals) + total(site.baseAud.map(Math.abs));
  return energy + site.plant.unservedAud * total(totals);
}

/** Anything from nothing to twice what the site could carry, some classes absent. */
function anyTotals(site: PlantSite, d: Dice): Float64Array {
  const K = site.classCount;
  return Float64Array.from({ length: site.slotCount * K }, (_, i) => {
    const most = site.maxLoad[Math.floor(i / K)]! / site.loadPerReqPerS[i % K]!;
    return d.chance(0.2) ? 0 : most * d.uniform(0, 2);
  });
}

/** Within box and capacity. */
function feasibleTotals(site: PlantSite, query: SiteQuery, d: Dice): Float64Array {
  const K = site.classCount;
  const totals = Float64Array.from(query.box, (most) =>
    d.chance(0.2) ? 0 : most * d.uniform(0, 1),
  );
  for (let t = 0; t < site.slotCount; t++) {
    let load = 0;
    for (let k = 0; k < K; k++) load += site.loadPerReqPerS[k]! * totals[t * K + k]!;
    const fit = load > site.maxLoad[t]! ? site.maxLoad[t]! / load : 1;
    for (let k = 0; k < K; k++) totals[t * K + k] = totals[t * K + k]! * fit;
  }
  return totals;
}

/** g(N), by the answer of the site asked there. */
function wholeCost(site: PlantSite, query: SiteQuery, totals: Float64Array): number {
  const { proximal: _, ...plain } = query;
  const answer = answerQuery(site, { ...plain, totals });
  return total(answer.costAud) + coupledCostAud(answer, totals);
}

describe('cuts', () => {
  test('none lies above the coupled cost anywhere, and the first touches it at the proposal', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const site = randomSite(seed);
        const query = randomPlantQuery(site, seed);
        const answer = answerQuery(site, query);
        const { cuts } = answer.coupling!;
        const here = operatePlant(site, site.plant, query.totals).costAud;
        const c = here - gridAud(site, query.totals);
        const touch = coupledCostAud(answer, query.totals);
        expect(Math.abs(touch - c)).toBeLessThanOrEqual(1e-9 * sizeOf(site, query.totals));
        expect(cutAt(cuts[0]!, query.totals).aud).toBeGreaterThanOrEqual(
          touch - 1e-9 * sizeOf(site, query.totals),
        );
        const d = dice(seed);
        for (let n = 0; n < 4; n++) {
          const totals = anyTotals(site, d);
          const there = operatePlant(site, site.plant, totals).costAud - gridAud(site, totals);
          for (const cut of cuts) {
            const { interceptAud, marginalAud } = firstPieces(cut, totals);
            const plane = interceptAud + dot(marginalAud, totals);
            const bound = cutAt(cut, totals).aud;
            expect(bound).toBeLessThanOrEqual(there + 1e-8 * sizeOf(site, totals));
            expect(plane).toBeLessThanOrEqual(bound + 1e-8 * sizeOf(site, totals));
          }
        }
      }),
      { seed: 21, numRuns: 200 },
    );
  });

  test('the cost is convex', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const site = randomSite(seed);
        const d = dice(seed);
        const [a, b] = [anyTotals(site, d), anyTotals(site, d)];
        const between = a.map((v, i) => (v + b[i]!) / 2);
        const [va, vb, middle] = [a, b, between].map(
          (totals) => operatePlant(site, site.plant, totals).costAud,
        ) as [number, number, number];
        expect(middle).toBeLessThanOrEqual((va + vb) / 2 + 1e-8 * sizeOf(site, between));
      }),
      { seed: 22, numRuns: 100 },
    );
  });
});

test('bound: no point of the box within capacity lies below it', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const site = randomSite(seed);
      const query = randomPlantQuery(site, seed);
      const bound = total(answerQuery(site, query).boundAud);
      const d = dice(seed);
      for (let n = 0; n < 4; n++) {
        const totals = feasibleTotals(site, query, d);
        const value = wholeCost(site, query, totals) - dot(query.prices, totals);
        expect(bound).toBeLessThanOrEqual(value + 1e-10 * sizeOf(site, totals));
      }
    }),
    { seed: 23, numRuns: 100 },
  );
});

test('proximal point: as of a site without the plant, whose cost is in the cuts', () => {
  let moved = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const site = randomSite(seed);
      const query = randomPlantQuery(site, seed);
      const d = dice(seed);
      const penalty = query.totals.map(() => 10 ** d.uniform(-2, 2));
      query.proximal = { penalty, center: query.totals.map((z) => z + d.uniform(-5, 5)) };
      const { plant: _, ...bare } = site;
      const plain = answerQuery(bare, query).proximal!;
      expect(answerQuery(site, query).proximal).toEqual(plain);
      if (plain.some((n) => n > 0)) moved++;
    }),
    { seed: 24, numRuns: 80 },
  );
  expect(moved).toBeGreaterThan(40);
});

/** One class that draws 1 kW per req/s, two slots, energy at 0.1 and 0.3 AUD/kWh. */
function smallSite(change: Partial<SitePlant>): PlantSite {
  const T = 2;
  const fill = (v: number) => new Float64Array(T).fill(v);
  const plant: SitePlant = {
    slotHours: 1,
    baseItKw: fill(0),
    kwPerReqPerS: fill(1),
    ppue: fill(1),
    overheadKw: 0,
    importAud: Float64Array.of(0.1, 0.3),
    tariffAud: Float64Array.of(0.1, 0.3),
    exportAud: fill(0),
    itAud: fill(0),
    importCarbonKg: fill(0.5),
    importWaterL: fill(1),
    itWaterL: fill(0),
    solarKw: fill(0),
    facilityKw: Infinity,
    gridKw: Infinity,
    exportKw: Infinity,
    dayOf: new Int32Array(T),
    waterCapL: fill(Infinity),
    carbonCapKg: fill(Infinity),
    unservedAud: 180,
    ...change,
  };
  return {
    slotCount: T,
    classCount: 1,
    baseAud: fill(0),
    rateAud: Float64Array.of(0.1, 0.3),
    waitingAud: fill(0),
    loadPerReqPerS: Float64Array.of(1),
    maxLoad: fill(20),
    queue: { servers: 30, variability: 1 },
    plant,
  };
}

const battery = {
  capacityKwh: 4,
  chargeKw: 10,
  dischargeKw: 10,
  chargeEfficiency: 0.9,
  dischargeEfficiency: 0.9,
  initialKwh: 0,
  finalKwh: 0,
};

/** With the right price of stored energy a cut is the whole cost, not a plane that touches it. */
describe('cuts of one slot’s choices', () => {
  const totals = Float64Array.of(10, 10);
  const cutsOf = (change: Partial<SitePlant>) => {
    const site = smallSite(change);
    const query = { round: 1, totals, prices: new Float64Array(2), box: totals };
    return { site, cuts: answerQuery(site, query).coupling!.cuts };
  };
  const exact = (site: PlantSite, at: Float64Array) =>
    operatePlant(site, site.plant, at).costAud - gridAud(site, at);

  test.each([
    [0, 0],
    [3, 16],
    [18, 5],
    [20, 20],
  ])('solar power, export and a limit of imports: exact at %i and %i', (...load) => {
    const { site, cuts } = cutsOf({
      solarKw: Float64Array.of(4, 15),
      exportAud: Float64Array.of(0.05, 0.05),
      gridKw: 9,
    });
    const at = Float64Array.from(load);
    expect(cutAt(cuts[0]!, at).aud).toBeCloseTo(exact(site, at), 5);
  });

  test.each([
    [0, 0],
    [4, 11],
    [18, 5],
    [20, 20],
  ])('a peak, wherever it falls: exact at %i and %i', (...load) => {
    const { site, cuts } = cutsOf({ peak: { audPerKw: 5, paidKw: 7 } });
    const at = Float64Array.from(load);
    const { aud, peakAud } = cutAt(cuts[0]!, at);
    expect(aud).toBeCloseTo(exact(site, at), 5);
    expect(peakAud).toBeCloseTo(5 * Math.max(0, ...load.map((kw) => kw - 7)), 5);
  });

  test('a cap is known before it binds', () => {
    const { site, cuts } = cutsOf({ waterCapL: Float64Array.of(12, 12) });
    expect(cuts.length).toBeGreaterThanOrEqual(2);
    const over = Float64Array.of(15, 15);
    const known = Math.max(...cuts.map((cut) => cutAt(cut, over).aud));
    // Six litres too many, and at that a request costs up to twenty times the dearest kWh.
    expect(known).toBeGreaterThan(6 * 18 * 0.3);
    expect(known).toBeLessThanOrEqual(exact(site, over) + 1e-6);
  });
});

describe('by hand', () => {
  const ten = Float64Array.of(10, 10);
  const costOf = (change: Partial<SitePlant>, totals = ten) => {
    const site = smallSite(change);
    return operatePlant(site, site.plant, totals);
  };

  test('no part at all: the grid’s energy', () => {
    const { costAud, plane } = costOf({});
    expect(costAud).toBeCloseTo(4, 9);
    expect([...plane.rateAud].map((a) => Math.round(a * 1e6) / 1e6)).toEqual([0.1, 0.3]);
  });

  test('a battery buys at 0.1 what saves 0.3, less its losses', () => {
    // 4/0.9 kWh bought, 3.6 kWh given.
    expect(costOf({ battery }).costAud).toBeCloseTo(4 + (0.1 * 4) / 0.9 - 0.3 * 3.6, 9);
    expect(costOf({ battery: { ...battery, capacityKwh: 0 } }).costAud).toBeCloseTo(4, 9);
    expect(costOf({ battery: { ...battery, initialKwh: 4, finalKwh: 4 } }).costAud).toBeCloseTo(
      4,
      9,
    );
    // What need not be there at the end is given when a kWh is dearest.
    const used = { ...battery, initialKwh: 4, finalKwh: 1 };
    expect(costOf({ battery: used }).costAud).toBeCloseTo(4 - 0.3 * 0.9 * 3, 9);
  });

  test('at negative prices a battery may lose energy, but one thing after the other', () => {
    const importAud = Float64Array.of(-1, -1);
    const lossless = costOf({ importAud, exportAud: importAud });
    expect(lossless.costAud).toBeCloseTo(-20, 9);
    const full = { ...battery, initialKwh: 4, finalKwh: 4 };
    const lossy = costOf({ importAud, exportAud: importAud, battery: full });
    // Per hour: charging a share x and giving what that stored, x·0.81 = 1 − x.
    expect(lossy.costAud).toBeCloseTo(-20 - 2 * (10 / 1.81 - 10 * (1 - 1 / 1.81)), 6);
  });

  test('solar is used first, then exported at what it earns, or not at all', () => {
    const solarKw = Float64Array.of(4, 15);
    expect(costOf({ solarKw }).costAud).toBeCloseTo(0.6, 9);
    expect(costOf({ solarKw, exportAud: Float64Array.of(0.05, 0.05) }).costAud).toBeCloseTo(
      0.6 - 0.25,
      9,
    );
    expect(
      costOf({ solarKw, exportAud: Float64Array.of(0.05, 0.05), exportKw: 2 }).costAud,
    ).toBeCloseTo(0.6 - 0.1, 9);
  });

  test('a peak is charged beyond what is paid', () => {
    const uneven = Float64Array.of(10, 4);
    expect(costOf({ peak: { audPerKw: 5, paidKw: 7 } }, uneven).costAud).toBeCloseTo(
      1 + 1.2 + 15,
      8,
    );
    expect(costOf({ peak: { audPerKw: 5, paidKw: 12 } }, uneven).costAud).toBeCloseTo(2.2, 8);
  });

  test('what a limit leaves no power for is shed at its price', () => {
    for (const limit of [{ facilityKw: 8 }, { gridKw: 8 }]) {
      const { costAud, shedReqPerS, plane } = costOf(limit);
      expect(costAud).toBeCloseTo(0.8 + 2.4 + 4 * 180, 6);
      expect([...shedReqPerS].map((s) => s.toFixed(6))).toEqual(['2.000000', '2.000000']);
      expect(plane.rateAud[0]).toBeCloseTo(180, 6);
    }
  });

  test('a cap sheds where it costs least to do without', () => {
    const importWaterL = Float64Array.of(1, 2);
    const water = costOf({ importWaterL, waterCapL: Float64Array.of(12, 12) });
    expect([...water.shedReqPerS].map((s) => s.toFixed(5))).toEqual(['0.00000', '3.00000']);
    const carbon = costOf({ carbonCapKg: new Float64Array(2) });
    expect([...carbon.shedReqPerS].map((s) => s.toFixed(5))).toEqual(['10.00000', '10.00000']);
    expect(carbon.costAud).toBeCloseTo(3600, 5);
  });

  test('a cap of each day binds by itself', () => {
    const carbonCapKg = Float64Array.of(3, 4);
    const days = costOf({ dayOf: Int32Array.of(0, 1), carbonCapKg });
    expect([...days.shedReqPerS].map((n) => n.toFixed(5))).toEqual(['4.00000', '2.00000']);
    // Together seven kg are had where a request costs more to do without: nowhere in particular.
    const whole = costOf({ carbonCapKg });
    expect(whole.shedReqPerS[0]! + whole.shedReqPerS[1]!).toBeCloseTo(6, 5);
    expect(whole.shedReqPerS[0]).toBeLessThan(1e-5);
  });

  test('no requests and nothing to pay: zero', () => {
    const { costAud, shedReqPerS } = costOf(
      { battery, carbonCapKg: new Float64Array(2) },
      new Float64Array(2),
    );
    expect(costAud).toBeCloseTo(0, 9);
    expect([...shedReqPerS]).toEqual([0, 0]);
  });

  test.each<[string, Partial<SitePlant>, RegExp]>([
    ['power', { baseItKw: Float64Array.of(3, 3), gridKw: 2.5 }, /facilityKw or gridKw is too low/],
    [
      'facility',
      { baseItKw: Float64Array.of(3, 3), facilityKw: 1 },
      /facilityKw or gridKw is too low/,
    ],
    [
      'water',
      { baseItKw: Float64Array.of(3, 3), waterCapL: Float64Array.of(2, 3) },
      /dailyWaterL is too low/,
    ],
    ['carbon', { overheadKw: 3, carbonCapKg: Float64Array.of(1, 1) }, /dailyCarbonKg is too low/],
  ])(
    'a limit the base load alone breaks is a fault of the configuration: %s',
    (_, change, words) => {
      expect(() => costOf(change)).toThrow(InvalidInputError);
      expect(() => costOf(change, new Float64Array(2))).toThrow(words);
    },
  );
});
