import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { congestionCurve } from '../../../../src/core/optimizer/congestion-curve.ts';
import { type SiteModel, solveMaster } from '../../../../src/core/optimizer/master/index.ts';
import { type Instance, type InstanceShape, randomInstance } from '../../support/instances.ts';
import { masterResiduals } from '../../support/kkt.ts';
import { dice } from '../../support/random.ts';

const seeds = fc.integer({ min: 1, max: 1_000_000 });
const OPTIONS = { tolerance: 1e-8, maxIterations: 80 };

function randomShape(seed: number, most: number): Partial<InstanceShape> {
  const d = dice(seed);
  return {
    zones: d.integer(1, 8),
    sites: d.integer(1, 8),
    classes: d.integer(1, 3),
    slots: 1,
    utilisation: d.chance(0.1) ? 10 ** d.uniform(-8, -2) : d.uniform(0.2, most),
    edgeShare: d.uniform(0.2, 1),
    waitingAud: d.chance(0.2) ? 0 : d.uniform(0.1, 3),
    closedShare: d.chance(0.3) ? 0.3 : 0,
    idleRowShare: d.chance(0.3) ? 0.3 : 0,
    serverFactor: d.chance(0.8) ? 1 : 10 ** d.integer(1, 5),
  };
}

function learnedModels({ problem, sites }: Instance): SiteModel[] {
  return sites.map((s, j) => ({
    offsetAud: s.rateAud.slice(0, s.classCount),
    congestion: congestionCurve([], problem.sites[j]!),
  }));
}

function classicModels({ problem, sites }: Instance, seed: number): SiteModel[] {
  const d = dice(seed);
  return sites.map((s, j) => {
    const reach = s.loadPerReqPerS.map((l) => Math.max(problem.sites[j]!.maxLoad[0]!, 1) / l);
    return {
      offsetAud: new Float64Array(s.classCount),
      quadratic: {
        weight: reach.map((n) => 10 ** d.uniform(-2, 1) / n),
        center: reach.map((n) => n * d.uniform(-1, 1)),
      },
    };
  });
}

/** Every promise of the master, on one instance. */
function check(instance: Instance, models: SiteModel[]): void {
  const s = solveMaster(instance.problem, 0, models, OPTIONS);
  for (const values of [s.flow, s.unserved, s.totals, s.prices]) {
    expect(values.every(Number.isFinite)).toBe(true);
  }
  const r = masterResiduals(instance.problem, 0, models, s);
  expect(r.demand).toBeLessThan(1e-13);
  expect(r.capacity).toBeLessThan(1e-12);
  expect(r.sign).toBeGreaterThanOrEqual(0);
  expect(r.complementarity).toBeLessThan(1e-5);
}

describe('optimal, exact on rows, within capacity', () => {
  test('against learned curves', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const instance = randomInstance(seed, randomShape(seed, 0.95));
        check(instance, learnedModels(instance));
      }),
      { seed: 40, numRuns: 250 },
    );
  });

  test('against the quadratics of classic rounds', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const instance = randomInstance(seed, randomShape(seed, 0.95));
        check(instance, classicModels(instance, seed));
      }),
      { seed: 41, numRuns: 250 },
    );
  });

  test('with more demand than capacity', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const instance = randomInstance(seed, { ...randomShape(seed, 1), utilisation: 1.3 });
        check(instance, learnedModels(instance));
        check(instance, classicModels(instance, seed));
      }),
      { seed: 42, numRuns: 60 },
    );
  });

  // Each once made the iteration cycle: over a queue's barrier, or by a correction too large.
  test.each([
    ['a barrier between two good sites', 816],
    ['no price of waiting', 1727],
    ['few edges', 392],
  ])('%s (seed %#)', (_, seed) => {
    const d = dice(seed * 7919);
    const shape = {
      zones: d.integer(1, 8),
      sites: d.integer(1, 8),
      classes: d.integer(1, 3),
      slots: 1,
      utilisation: d.uniform(0.2, 1.1),
      edgeShare: d.uniform(0.2, 1),
      waitingAud: d.chance(0.2) ? 0 : d.uniform(0.1, 3),
      closedShare: d.chance(0.3) ? 0.3 : 0,
      idleRowShare: d.chance(0.3) ? 0.3 : 0,
    };
    const instance = randomInstance(seed, shape);
    check(instance, learnedModels(instance));
  });
});

describe('with many more edges than matter', () => {
  const shape = { zones: 25, sites: 24, classes: 2, slots: 1, edgeShare: 1 };

  test('optimal over all edges, from whatever prices it starts', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const d = dice(seed);
        const instance = randomInstance(seed, { ...shape, utilisation: d.uniform(0.3, 0.95) });
        const models = learnedModels(instance);
        const { prices } = solveMaster(instance.problem, 0, models, OPTIONS);
        const guesses = [
          undefined,
          prices,
          prices.map((price) => price * d.uniform(0.5, 2)),
          prices.map(() => d.uniform(-10, 10)),
        ];
        for (const guess of guesses) {
          const s = solveMaster(instance.problem, 0, models, { ...OPTIONS, guess });
          const r = masterResiduals(instance.problem, 0, models, s);
          expect(r.demand).toBeLessThan(1e-13);
          expect(r.capacity).toBeLessThan(1e-12);
          expect(r.complementarity).toBeLessThan(1e-5);
        }
      }),
      { seed: 43, numRuns: 25 },
    );
  });

  test('with more demand than capacity, and against quadratics', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const instance = randomInstance(seed, { ...shape, utilisation: seed % 2 ? 1.3 : 0.8 });
      check(instance, learnedModels(instance));
      check(instance, classicModels(instance, seed));
    }
  });
});

describe('corner cases', () => {
  test('a closed site gets nothing, and its demand goes elsewhere', () => {
    const instance = randomInstance(1, { sites: 3, slots: 1, edgeShare: 1, utilisation: 0.4 });
    instance.problem.sites[1]!.maxLoad[0] = 0;
    const s = solveMaster(instance.problem, 0, learnedModels(instance), OPTIONS);
    const K = instance.problem.classCount;
    expect([...s.totals.slice(K, 2 * K)]).toEqual(new Array(K).fill(0));
    expect(s.unserved.reduce((a, b) => a + b, 0)).toBeLessThan(1e-9);
  });

  test('all sites closed: everything is unserved', () => {
    const instance = randomInstance(2, { slots: 1 });
    for (const site of instance.problem.sites) site.maxLoad[0] = 0;
    const s = solveMaster(instance.problem, 0, learnedModels(instance), OPTIONS);
    expect(s.flow.every((x) => x === 0)).toBe(true);
    const rows = instance.problem.demandReqPerS.length;
    for (let r = 0; r < rows; r++) {
      expect(s.unserved[r]).toBeCloseTo(instance.problem.demandReqPerS[r]!, 12);
    }
  });

  test('a row without eligible site is unserved, the others are not', () => {
    const instance = randomInstance(3, { slots: 1, edgeShare: 1, utilisation: 0.4 });
    const p = instance.problem;
    const cut = p.rowStart[1]!;
    p.edgeSite = p.edgeSite.slice(cut);
    p.edgeCostAud = p.edgeCostAud.slice(cut);
    p.rowStart = p.rowStart.map((at) => Math.max(0, at - cut));
    const s = solveMaster(p, 0, learnedModels(instance), OPTIONS);
    expect(s.unserved[0]).toBeCloseTo(p.demandReqPerS[0]!, 12);
    expect(s.unserved.slice(1).reduce((a, b) => a + b, 0)).toBeLessThan(1e-9);
  });

  test('no demand at all: nothing flows', () => {
    const instance = randomInstance(4, { slots: 1 });
    instance.problem.demandReqPerS.fill(0);
    for (const models of [learnedModels(instance), classicModels(instance, 4)]) {
      const s = solveMaster(instance.problem, 0, models, OPTIONS);
      expect(s.flow.every((x) => x === 0)).toBe(true);
      expect(s.unserved.every((x) => x === 0)).toBe(true);
      expect(s.prices.every(Number.isFinite)).toBe(true);
    }
  });

  test('an interrupted solve is still feasible', () => {
    for (let maxIterations = 0; maxIterations < 12; maxIterations++) {
      const instance = randomInstance(5, { slots: 1, utilisation: 0.9 });
      const models = learnedModels(instance);
      const s = solveMaster(instance.problem, 0, models, { tolerance: 1e-8, maxIterations });
      const r = masterResiduals(instance.problem, 0, models, s);
      expect(r.demand).toBeLessThan(1e-13);
      expect(r.capacity).toBeLessThan(1e-12);
    }
  });

  test('a site full to the brim is not pushed over it by the trace left unserved', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const instance = randomInstance(seed, { slots: 1, edgeShare: 0.4, utilisation: 0.85 });
      const models = learnedModels(instance);
      const s = solveMaster(instance.problem, 0, models, OPTIONS);
      expect(masterResiduals(instance.problem, 0, models, s).capacity).toBeLessThan(1e-12);
    }
  });
});
