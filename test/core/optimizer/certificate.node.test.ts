import loadHighs from 'highs';
import { expect, test } from 'vitest';
import type { Settings } from '../../../src/core/optimizer/settings.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { type Instance, randomInstance } from '../support/instances.ts';
import { dice } from '../support/random.ts';

/**
 * Attempts to break lower bound ≤ optimum ≤ objective, on ten thousand small linear instances: of all
 * kinds, in all modes, costs and sizes scaled by powers of ten. The optima are HiGHS's, of the same
 * instances unscaled, a hundred of them at a time as the blocks of one problem.
 */
const INSTANCES = 10_000;
const BLOCKS = 100;
const MODES: Settings['mode'][] = ['learned', 'supply', 'classic'];

const highs = await loadHighs();

function instanceOf(seed: number): Instance {
  const d = dice(seed);
  const instance = randomInstance(seed, {
    zones: d.integer(1, 4),
    sites: d.integer(1, 4),
    classes: d.integer(1, 2),
    slots: 1,
    // From nearly idle to half as much again as there is capacity.
    utilisation: d.chance(0.2) ? 10 ** d.uniform(-6, -1) : d.uniform(0.1, 1.5),
    edgeShare: d.uniform(0.3, 1),
    waitingAud: 0,
    negativeShare: d.chance(0.2) ? 1 : 0.2,
    closedShare: d.chance(0.2) ? 0.4 : 0,
    idleRowShare: d.chance(0.2) ? 0.4 : 0,
    priorFactor: d.uniform(0, 3),
    base: d.chance(0.5),
  });
  // Ties: identical sites at identical distances.
  if (d.chance(0.2)) {
    for (const site of instance.sites) site.rateAud.fill(instance.sites[0]!.rateAud[0]!);
    instance.problem.edgeCostAud.fill(0.1);
  }
  return instance;
}

/** The same instance with costs times `money` and requests times `size`. */
function scaled({ problem: p, sites }: Instance, money: number, size: number): Instance {
  return {
    problem: {
      ...p,
      sites: p.sites.map((s) => ({
        ...s,
        maxLoad: s.maxLoad.map((l) => l * size),
        prior: { ...s.prior, servers: s.prior.servers * size },
      })),
      demandReqPerS: p.demandReqPerS.map((l) => l * size),
      edgeCostAud: p.edgeCostAud.map((c) => c * money),
      unservedCostAud: p.unservedCostAud * money,
    },
    sites: sites.map((s) => ({
      ...s,
      baseAud: s.baseAud.map((b) => b * money * size),
      rateAud: s.rateAud.map((a) => a * money),
      maxLoad: s.maxLoad.map((l) => l * size),
      queue: { ...s.queue, servers: s.queue.servers * size },
    })),
  };
}

/** Optima of many instances by one LP of independent blocks. */
function optima(instances: Instance[]): number[] {
  const cost: string[] = [];
  const rows: string[] = [];
  const coefficients = instances.map(() => new Map<string, number>());
  instances.forEach(({ problem: p, sites }, b) => {
    const variable = (name: string, c: number) => {
      coefficients[b]!.set(name, c);
      cost.push(`${c < 0 ? '-' : '+'} ${Math.abs(c)} ${name}`);
      return name;
    };
    const loads = p.sites.map(() => [] as string[]);
    for (let r = 0; r + 1 < p.rowStart.length; r++) {
      const served = [variable(`y${b}_${r}`, p.unservedCostAud)];
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const j = p.edgeSite[e]!;
        const k = r % p.classCount;
        served.push(variable(`x${b}_${e}`, p.edgeCostAud[e]! + sites[j]!.rateAud[k]!));
        loads[j]!.push(`${p.sites[j]!.loadPerReqPerS[k]} x${b}_${e}`);
      }
      rows.push(`d${b}_${r}: ${served.join(' + ')} = ${p.demandReqPerS[r]}`);
    }
    loads.forEach((load, j) => {
      if (load.length > 0) {
        rows.push(`l${b}_${j}: ${load.join(' + ')} <= ${p.sites[j]!.maxLoad[0]}`);
      }
    });
  });
  const result = highs.solve(
    `Minimize\n obj:\n ${cost.join('\n ')}\nSubject To\n ${rows.join('\n ')}\nEnd\n`,
    { primal_feasibility_tolerance: 1e-10, dual_feasibility_tolerance: 1e-10 },
  );
  expect(result.Status).toBe('Optimal');
  return instances.map(({ sites }, b) => {
    let sum = sites.reduce((total, s) => total + s.baseAud[0]!, 0);
    for (const [name, c] of coefficients[b]!) {
      sum += c * (result.Columns[name] as { Primal: number }).Primal;
    }
    return sum;
  });
}

test(`${INSTANCES} instances: lower bound ≤ optimum ≤ objective`, { timeout: 300_000 }, () => {
  let proven = 0;
  for (let from = 1; from <= INSTANCES; from += BLOCKS) {
    const seeds = Array.from({ length: BLOCKS }, (_, n) => from + n);
    const instances = seeds.map(instanceOf);
    const optimum = optima(instances);
    seeds.forEach((seed, n) => {
      const d = dice(seed + 1e6);
      const money = 10 ** d.integer(-6, 6);
      const size = 10 ** d.integer(-3, 3);
      const { problem, sites } = scaled(instances[n]!, money, size);
      const mode = MODES[seed % MODES.length] as Settings['mode'];
      const { certificate, stopReason } = solve(problem, sites, { mode, maxRounds: 40 });
      const exact = optimum[n]! * money * size;
      // Money at stake, whatever its sign: HiGHS's own precision is relative to it.
      const stake =
        problem.demandReqPerS.reduce((a, b) => a + b, 0) * money +
        Math.abs(exact) +
        sites.reduce((a, s) => a + Math.abs(s.baseAud[0]!), 0);
      const rounding = 1e-7 * stake + 1e-11;
      const where = `seed ${seed}, ${mode}, costs × ${money}, sizes × ${size}`;
      expect(certificate.lowerBoundAud, where).toBeLessThanOrEqual(exact + rounding);
      expect(certificate.objectiveAud, where).toBeGreaterThanOrEqual(exact - rounding);
      if (stopReason === 'gap') proven++;
    });
  }
  expect(proven).toBeGreaterThan(0.97 * INSTANCES);
});
