import { describe, expect, test } from 'vitest';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { randomInstance, withBatch } from '../support/instances.ts';
import { dice } from '../support/random.ts';
import { reference } from '../support/reference.ts';

/** Work that may wait, against HiGHS and against its own definition. */

const SHAPE = { zones: 4, sites: 4, classes: 2, slots: 6, negativeShare: 0.3 };
const MODES = ['learned', 'supply', 'classic'] as const;

describe.each(MODES)('%s rounds', (mode) => {
  test.each([
    [1, 0.4, 1],
    [2, 0.7, 0.6],
    [3, 0.95, 1],
    [4, 1.3, 0.8],
    [5, 0.1, 1],
  ])(
    'instance %i at utilisation %f: the optimum of HiGHS within 1e-4',
    (seed, utilisation, edgeShare) => {
      const shape = { ...SHAPE, utilisation, edgeShare, waitingAud: 0 };
      const instance = withBatch(randomInstance(seed, shape), 1, 3);
      const { certificate } = solve(instance.problem, instance.sites, {
        mode,
        gapTarget: mode === 'classic' ? 1e-4 : 1e-6,
        maxRounds: 200,
      });
      const optimum = reference(instance);
      const scale = Math.abs(optimum);
      expect(certificate.objectiveAud).toBeLessThanOrEqual(optimum + 2e-4 * scale);
      expect(certificate.objectiveAud).toBeGreaterThanOrEqual(optimum - 1e-7 * scale);
      expect(certificate.lowerBoundAud).toBeLessThanOrEqual(optimum + 1e-7 * scale);
    },
  );
});

test('all work is served within its window or counted as unserved', () => {
  const instance = withBatch(randomInstance(7, { ...SHAPE, utilisation: 0.9 }), 1, 2);
  const { problem: p } = instance;
  const { flow, unserved } = solve(p, instance.sites, { gapTarget: 1e-4 });
  const rows = new Set(p.batch!.flatMap((b) => [...b.rows]));
  const placed = flow.map((x, t) => {
    let sum = 0;
    for (const r of rows) {
      sum += unserved[t]![r]!;
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) sum += x[e]!;
    }
    return sum;
  });
  let arrived = 0;
  let due = 0;
  let done = 0;
  placed.forEach((now, t) => {
    for (const b of p.batch!) {
      if (b.firstSlot === t) arrived += b.amount;
      if (b.lastSlot === t) due += b.amount;
    }
    done += now;
    expect(done).toBeLessThanOrEqual(arrived * (1 + 1e-9));
    expect(done).toBeGreaterThanOrEqual(due * (1 - 1e-9));
  });
  expect(done).toBeCloseTo(arrived, 9);
});

test('work moves to the cheap slots, and a plan that may move it never costs more', () => {
  for (let seed = 20; seed < 26; seed++) {
    const fixed = randomInstance(seed, { ...SHAPE, edgeShare: 1, utilisation: 0.5 });
    const movable = withBatch(fixed, 1, 5);
    // The same price of network time for both: none for work that waits.
    fixed.problem.edgeCostAud = movable.problem.edgeCostAud;
    const settings = { gapTarget: 1e-5, maxRounds: 40 };
    const still = solve(fixed.problem, fixed.sites, settings).certificate;
    const moved = solve(movable.problem, movable.sites, settings).certificate;
    expect(moved.lowerBoundAud).toBeLessThan(still.objectiveAud);
    expect(moved.objectiveAud).toBeLessThan(
      still.objectiveAud - 0.01 * Math.abs(still.objectiveAud),
    );
  }
});

test('300 instances of all kinds: lower bound ≤ optimum ≤ objective', () => {
  let proven = 0;
  for (let seed = 1000; seed < 1300; seed++) {
    const d = dice(seed);
    const random = randomInstance(seed, {
      zones: d.integer(1, 4),
      sites: d.integer(1, 4),
      classes: 2,
      slots: d.integer(1, 6),
      utilisation: d.chance(0.2) ? 10 ** d.uniform(-6, -1) : d.uniform(0.1, 1.5),
      edgeShare: d.uniform(0.3, 1),
      waitingAud: 0,
      negativeShare: d.chance(0.2) ? 1 : 0.2,
      closedShare: d.chance(0.2) ? 0.4 : 0,
      idleRowShare: d.chance(0.2) ? 0.4 : 0,
    });
    const instance = withBatch(random, d.integer(0, 1), d.integer(0, 5));
    const { problem } = instance;
    const optimum = reference(instance);
    const mode = MODES[seed % MODES.length]!;
    const { certificate, stopReason } = solve(problem, instance.sites, { mode, maxRounds: 40 });
    const rounding = 1e-7 * (Math.abs(optimum) + problem.demandReqPerS.reduce((a, b) => a + b, 0));
    expect(certificate.lowerBoundAud, `seed ${seed}, ${mode}`).toBeLessThanOrEqual(
      optimum + rounding,
    );
    expect(certificate.objectiveAud, `seed ${seed}, ${mode}`).toBeGreaterThanOrEqual(
      optimum - rounding,
    );
    if (stopReason === 'gap') proven++;
  }
  expect(proven).toBeGreaterThan(0.95 * 300);
});
