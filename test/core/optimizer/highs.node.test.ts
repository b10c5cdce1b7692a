import loadHighs from 'highs';
import { expect, test } from 'vitest';
import { lateAud, lateSlope } from '../../../src/core/model/lateness.ts';
import { waitingRequests, waitingSlope } from '../../../src/core/model/queueing.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { type Instance, randomInstance } from '../support/instances.ts';

/**
 * An independent solver on the same problem, in CPLEX LP text. The queue's cost, if any, enters as
 * h_jt ≥ 0 above every given line of the load.
 */
type Lines = (site: number, slot: number) => { slope: number; intercept: number }[];

function lpText({ problem: p, sites }: Instance, lines: Lines | undefined): string {
  const K = p.classCount;
  const rows = p.rowStart.length - 1;
  const cost: string[] = [];
  const constraints: string[] = [];
  const term = (c: number, name: string) => `${c < 0 ? '-' : '+'} ${Math.abs(c)} ${name}`;
  for (let t = 0; t < p.slotCount; t++) {
    const loads = p.sites.map(() => [] as string[]);
    for (let r = 0; r < rows; r++) {
      const served = [`y_${t}_${r}`];
      cost.push(term(p.unservedCostAud, `y_${t}_${r}`));
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const j = p.edgeSite[e]!;
        const name = `x_${t}_${e}`;
        served.push(name);
        cost.push(term(p.edgeCostAud[e]! + sites[j]!.rateAud[t * K + (r % K)]!, name));
        loads[j]!.push(term(p.sites[j]!.loadPerReqPerS[r % K]!, name));
      }
      constraints.push(`${served.join(' + ')} = ${p.demandReqPerS[t * rows + r]}`);
    }
    p.sites.forEach((site, j) => {
      if (loads[j]!.length === 0) return;
      constraints.push(`${loads[j]!.join(' ')} - l_${j}_${t} = 0`);
      constraints.push(`l_${j}_${t} <= ${site.maxLoad[t]}`);
      if (!lines) return;
      cost.push(`+ h_${j}_${t}`);
      for (const { slope, intercept } of lines(j, t)) {
        constraints.push(`h_${j}_${t} - ${slope} l_${j}_${t} >= ${intercept}`);
      }
    });
  }
  const numbered = constraints.map((c, i) => ` c${i}: ${c}`).join('\n');
  return `Minimize\n obj: ${cost.join('\n ')}\nSubject To\n${numbered}\nEnd\n`;
}

const highs = await loadHighs();

/** Optimal objective in AUD, the sites' base cost included. */
function reference(instance: Instance, lines?: Lines): number {
  const result = highs.solve(lpText(instance, lines), {
    primal_feasibility_tolerance: 1e-9,
    dual_feasibility_tolerance: 1e-9,
  });
  expect(result.Status).toBe('Optimal');
  const base = instance.sites.reduce((s, x) => s + x.baseAud.reduce((a, b) => a + b, 0), 0);
  return result.ObjectiveValue + base;
}

const SHAPE = { zones: 6, sites: 6, classes: 2, slots: 2, edgeShare: 0.7 };

test.each([
  [1, 0.4],
  [2, 0.8],
  [3, 0.95],
  [4, 1.2],
  [5, 0.6],
])('linear instance %i at utilisation %f: the same objective within 1e-6', (seed, utilisation) => {
  const instance = randomInstance(seed, { ...SHAPE, utilisation, waitingAud: 0 });
  const { certificate } = solve(instance.problem, instance.sites, {
    gapTarget: 1e-8,
    maxRounds: 60,
  });
  const optimum = reference(instance);
  const scale = Math.abs(optimum);
  expect(Math.abs(certificate.objectiveAud - optimum)).toBeLessThan(1e-6 * scale);
  expect(certificate.lowerBoundAud).toBeLessThanOrEqual(optimum + 1e-8 * scale);
});

test.each([
  [11, 0.4, 0],
  [12, 0.7, 0],
  [13, 0.85, 0],
  [14, 1.1, 0],
  [15, 0.6, 3],
  [16, 0.9, 3],
])(
  'queueing instance %i at utilisation %f, lateness at %f AUD: between tangents below and chords above',
  (seed, u, late) => {
    const instance = randomInstance(seed, {
      ...SHAPE,
      utilisation: u,
      waitingAud: 2,
      lateAud: late,
    });
    const { certificate } = solve(instance.problem, instance.sites, {
      gapTarget: 1e-8,
      maxRounds: 60,
    });
    const SEGMENTS = 150;
    const knots = (j: number, t: number) =>
      // Denser towards the limit, where the queue bends most.
      Array.from({ length: SEGMENTS + 1 }, (_, n) => {
        const limit = instance.problem.sites[j]!.maxLoad[t]!;
        return limit * (1 - (1 - n / SEGMENTS) ** 2);
      });
    const cost = (j: number, t: number, load: number) => {
      const { queue, waitingAud, lateness } = instance.sites[j]!;
      const u = load / queue.servers;
      return waitingAud[t]! * waitingRequests(queue, u) + (lateness ? lateAud(lateness, u) : 0);
    };
    const tangents: Lines = (j, t) =>
      knots(j, t).map((load) => {
        const { queue, waitingAud, lateness } = instance.sites[j]!;
        const u = load / queue.servers;
        const late = lateness ? lateSlope(lateness, u) : 0;
        const slope = (waitingAud[t]! * waitingSlope(queue, u) + late) / queue.servers;
        return { slope, intercept: cost(j, t, load) - slope * load };
      });
    const chords: Lines = (j, t) => {
      const at = knots(j, t);
      return at.slice(1).map((to, n) => {
        const from = at[n]!;
        const slope = (cost(j, t, to) - cost(j, t, from)) / (to - from);
        return { slope, intercept: cost(j, t, from) - slope * from };
      });
    };
    const low = reference(instance, tangents);
    const high = reference(instance, chords);
    const rounding = 1e-7 * Math.abs(high);
    // The linearisation error: what 150 segments leave open.
    expect((high - low) / Math.abs(high)).toBeLessThan(1e-3);
    expect(certificate.objectiveAud).toBeGreaterThanOrEqual(low - rounding);
    expect(certificate.objectiveAud).toBeLessThanOrEqual(high + rounding);
    expect(certificate.lowerBoundAud).toBeGreaterThanOrEqual(low - (high - low) - rounding);
    expect(certificate.lowerBoundAud).toBeLessThanOrEqual(high + rounding);
  },
);
