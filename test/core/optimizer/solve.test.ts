import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SettingsInput } from '../../../src/core/optimizer/settings.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import type { RoundReport } from '../../../src/core/optimizer/state.ts';
import { type InstanceShape, randomInstance } from '../support/instances.ts';
import { planFaults, trueCostAud } from '../support/plans.ts';
import { dice } from '../support/random.ts';

const seeds = fc.integer({ min: 1, max: 1_000_000 });

function randomShape(seed: number): Partial<InstanceShape> {
  const d = dice(seed);
  return {
    zones: d.integer(1, 7),
    sites: d.integer(1, 7),
    classes: d.integer(1, 3),
    slots: d.integer(1, 3),
    utilisation: d.uniform(0.2, 0.75),
    waitingAud: d.chance(0.2) ? 0 : d.uniform(0.1, 3),
    closedShare: d.chance(0.2) ? 0.2 : 0,
    idleRowShare: d.chance(0.3) ? 0.3 : 0,
    base: d.chance(0.7),
    lateAud: d.chance(0.3) ? 10 ** d.uniform(-1, 1) : 0,
  };
}

/** Solves, checking what must hold in every round and at the end. */
function checked(seed: number, shape: Partial<InstanceShape>, settings: SettingsInput) {
  const instance = randomInstance(seed, shape);
  const reports: RoundReport[] = [];
  const solution = solve(instance.problem, instance.sites, settings, (r) => reports.push(r));
  let lower = Number.NEGATIVE_INFINITY;
  let upper = Number.POSITIVE_INFINITY;
  for (const { certificate, missing } of reports) {
    expect(missing).toEqual([]);
    const c = certificate!;
    const rounding = 1e-9 * Math.abs(c.objectiveAud) + 1e-12;
    expect(c.lowerBoundAud).toBeLessThanOrEqual(c.objectiveAud + rounding);
    // Bests only improve.
    expect(c.lowerBoundAud).toBeGreaterThanOrEqual(lower - rounding);
    expect(c.objectiveAud).toBeLessThanOrEqual(upper + rounding);
    lower = c.lowerBoundAud;
    upper = c.objectiveAud;
  }
  const faults = planFaults(instance.problem, solution.flow, solution.unserved);
  expect(faults.demand).toBeLessThan(1e-12);
  expect(faults.overLimit).toBeLessThan(1e-12);
  expect(faults.negative).toBeGreaterThanOrEqual(0);
  const cost = trueCostAud(instance, solution.flow, solution.unserved);
  const stated = solution.certificate.objectiveAud;
  expect(Math.abs(cost - stated)).toBeLessThan(1e-9 * Math.abs(stated) + 1e-12);
  return { instance, solution, faults };
}

describe.each(['learned', 'classic'] as const)('%s', (mode) => {
  test('serves all demand within the limits, with a bound that holds in every round', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const shape = { ...randomShape(seed), edgeShare: 1, closedShare: 0 };
        const { solution, faults } = checked(seed, shape, { mode, maxRounds: 100 });
        expect(faults.unservedShare).toBeLessThan(1e-9);
        if (solution.stopReason === 'gap') {
          expect(solution.certificate.gap).toBeLessThanOrEqual(1e-3);
        }
      }),
      { seed: 50, numRuns: 40 },
    );
  });

  test('few edges, closed sites, more demand than capacity: unserved is reported', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const shape = { ...randomShape(seed), edgeShare: 0.4, utilisation: 0.3 + (seed % 9) / 8 };
        const { solution } = checked(seed, shape, { mode, maxRounds: 40 });
        expect(Number.isFinite(solution.certificate.gap)).toBe(true);
      }),
      { seed: 51, numRuns: 40 },
    );
  });
});

test('learned and classic agree on the objective within their gaps', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const shape = randomShape(seed);
      const a = checked(seed, shape, { mode: 'learned', gapTarget: 1e-6 }).solution.certificate;
      const b = checked(seed, shape, { mode: 'classic', maxRounds: 60 }).solution.certificate;
      const slack = 1e-9 * Math.abs(a.objectiveAud) + 1e-12;
      expect(a.lowerBoundAud).toBeLessThanOrEqual(b.objectiveAud + slack);
      expect(b.lowerBoundAud).toBeLessThanOrEqual(a.objectiveAud + slack);
    }),
    { seed: 52, numRuns: 30 },
  );
});

test('thirty seeds and more: learned to 0.1 % in at most 8 rounds, cold', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { solution } = checked(seed, randomShape(seed), {});
    expect(solution.stopReason).toBe('gap');
    expect(solution.rounds).toBeLessThanOrEqual(8);
  }
});

describe('priors of the queue', () => {
  test.each([0, 1 / 3, 3])('wrong by a factor of %f: at most 8 rounds to 0.1 %%', (priorFactor) => {
    for (let seed = 1; seed <= 15; seed++) {
      const shape = { ...randomShape(seed), priorFactor, utilisation: 0.7, waitingAud: 2 };
      const { solution } = checked(seed, shape, {});
      expect(solution.stopReason).toBe('gap');
      expect(solution.rounds).toBeLessThanOrEqual(8);
    }
  });

  test('a wrong prior costs rounds, never the optimum', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const shape = { ...randomShape(seed), utilisation: 0.7 };
      const settings = { gapTarget: 1e-6, maxRounds: 60 };
      const right = checked(seed, shape, settings).solution.certificate;
      const wrong = checked(seed, { ...shape, priorFactor: 3 }, settings).solution.certificate;
      const off = Math.abs(right.objectiveAud - wrong.objectiveAud);
      expect(off).toBeLessThan(3e-6 * Math.abs(right.objectiveAud));
    }
  });
});

test('what an earlier optimization learned makes the next one start closer', () => {
  const shape = { zones: 6, sites: 6, slots: 4, priorFactor: 1 };
  const cold = checked(3, shape, { gapTarget: 1e-9, maxRounds: 20 });
  const instance = randomInstance(3, shape);
  const gaps: number[] = [];
  solve(
    instance.problem,
    instance.sites,
    { gapTarget: 1e-9, maxRounds: 20 },
    (r) => gaps.push(r.certificate!.gap),
    (j, t) => ({ ...structuredClone(cold.solution.state.sites[j]!.curves[t]!), anchored: false }),
  );
  expect(gaps[0]!).toBeLessThan(0.1 * cold.solution.state.gaps[0]!);
});

describe('stopping', () => {
  const hard = { zones: 6, sites: 6, waitingAud: 3, utilisation: 0.8 };

  test('on the gap', () => {
    const { solution } = checked(1, hard, { gapTarget: 0.5 });
    expect(solution.stopReason).toBe('gap');
    expect(solution.rounds).toBeLessThanOrEqual(2);
  });

  test('on the round limit, with the best plan so far', () => {
    const { solution } = checked(1, hard, { gapTarget: 1e-15, maxRounds: 3 });
    expect(solution.stopReason).toBe('rounds');
    expect(solution.rounds).toBe(3);
    expect(solution.certificate.gap).toBeLessThan(0.1);
  });

  test.each([
    [{ mode: 'magic' }, 'mode'],
    [{ gapTarget: 0 }, 'gapTarget'],
    [{ maxRounds: 0 }, 'maxRounds'],
    [{ relaxation: 2.5 }, 'relaxation'],
    [{ rho: 1 }, 'rho'],
  ])('settings are checked: %j', (settings, field) => {
    const result = settingsSchema.safeParse(settings);
    expect(JSON.stringify(result.error?.issues)).toContain(field);
  });
});

describe('malformed problems are refused, naming the field', () => {
  test.each<[string, (i: ReturnType<typeof randomInstance>) => void]>([
    ['demandReqPerS has', ({ problem }) => (problem.demandReqPerS = new Float64Array(1))],
    ['rowStart has', ({ problem }) => (problem.rowStart = problem.rowStart.slice(1))],
    ['demandReqPerS must be', ({ problem }) => (problem.demandReqPerS[0] = Number.NaN)],
    ['demandReqPerS must be', ({ problem }) => (problem.demandReqPerS[0] = -1)],
    ['edgeCostAud must be', ({ problem }) => (problem.edgeCostAud[0] = Number.NaN)],
    ['edgeCostAud and edgeSite', ({ problem }) => (problem.edgeCostAud = new Float64Array(1))],
    ['edgeSite names', ({ problem }) => (problem.edgeSite[0] = 99)],
    ['site site-1: maxLoad', ({ problem }) => (problem.sites[1]!.maxLoad[0] = Number.NaN)],
    ['site site-2: loadPerReqPerS', ({ problem }) => (problem.sites[2]!.loadPerReqPerS[0] = 0)],
  ])('%s', (text, change) => {
    const instance = randomInstance(1);
    change(instance);
    expect(() => solve(instance.problem, instance.sites)).toThrow(text);
  });
});
