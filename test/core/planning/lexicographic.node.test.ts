import { describe, expect, test } from 'vitest';
import { rowCount } from '../../../src/core/optimizer/problem.ts';
import { eachEdge, edgeTakes, edgeTtftMs } from '../../../src/core/planning/policies/edges.ts';
import { greenLlmLike } from '../../../src/core/planning/policies/green-llm-like.ts';
import { policies, spanMeans } from '../../../src/core/planning/policies/index.ts';
import {
  type Aim,
  byInteriorPoint,
  bySimplex,
  lexicographic,
  total,
} from '../../../src/core/planning/policies/lexicographic.ts';
import { loadPerReq } from '../../../src/core/planning/policies/spill.ts';
import { assemble, randomFleet } from '../support/fleets.ts';
import { randomInstance } from '../support/instances.ts';
import { term } from '../support/plant-lp.ts';
import { leastOf } from '../support/reference.ts';

/** A feasible slot and three aims, of which some values are negative. */
function slot(seed: number) {
  const { problem: p } = randomInstance(seed, { slots: 1, utilisation: 0.5, edgeShare: 1 });
  const edgeRow = new Int32Array(p.edgeSite.length);
  const edgeLoad = new Float64Array(p.edgeSite.length);
  eachEdge(p, (e, r) => {
    edgeRow[e] = r;
    edgeLoad[e] = loadPerReq(p, e, r);
  });
  const aim = (salt: number, low: number): Aim => ({
    perEdge: Float64Array.from(
      p.edgeSite,
      (_, e) => low + ((e * 7919 + seed * 104729 + salt * 1299709) % 1000) / 1000,
    ),
  });
  return {
    program: {
      edgeRow,
      edgeSite: p.edgeSite,
      edgeLoad,
      demandReqPerS: p.demandReqPerS,
      maxLoad: Float64Array.from(p.sites, (s) => s.maxLoad[0]!),
    },
    aims: [aim(1, seed % 3 === 0 ? -0.5 : 0.1), aim(2, 0.1), aim(3, 0.1)],
    water: aim(4, 0.1),
  };
}

type Slot = ReturnType<typeof slot>;

/** The least of an aim by HiGHS, with caps on others. */
function least({ program }: Slot, aim: Aim, caps: readonly (Aim & { most: number })[]): number {
  const at = (value: number, e: number) => term(value, `x${e}`);
  const edges = [...program.edgeSite.keys()];
  const rows = [
    ...Array.from(program.demandReqPerS, (d, r) => {
      const of = edges.filter((e) => program.edgeRow[e] === r);
      return `${of.map((e) => `+ x${e}`).join(' ')} = ${d}`;
    }),
    ...Array.from(program.maxLoad, (l, j) => {
      const of = edges.filter((e) => program.edgeSite[e] === j);
      return `${of.map((e) => at(program.edgeLoad[e]!, e)).join(' ')} <= ${l}`;
    }),
    ...caps.map((c) => `${edges.map((e) => at(c.perEdge[e]!, e)).join(' ')} <= ${c.most}`),
  ];
  const cost = edges.map((e) => at(aim.perEdge[e]!, e));
  return leastOf({ cost, rows, bounds: [] });
}

describe('aims one after the other', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    'instance %i: each as HiGHS finds it',
    (seed) => {
      const s = slot(seed);
      const slack = 0.03;
      const tight = 1.05 * least(s, s.water, []);
      const caps = [{ ...s.water, most: tight }];
      for (let n = 0; n < s.aims.length; n++) {
        const flow = lexicographic(s.program, s.aims.slice(0, n + 1), slack, [
          { ...s.water, most: tight },
        ]);
        const optimum = least(s, s.aims[n]!, caps);
        expect(Math.abs(total(s.aims[n]!, flow) - optimum)).toBeLessThan(1e-6 * Math.abs(optimum));
        for (const cap of caps) expect(total(cap, flow)).toBeLessThanOrEqual(cap.most + 1e-6);
        caps.push({ ...s.aims[n]!, most: optimum + slack * Math.abs(optimum) });
      }
    },
  );
});

describe('by simplex and by interior point', () => {
  test('come to the same values, none needs the other', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const s = slot(seed);
      const caps = [{ ...s.water, most: 1.05 * least(s, s.water, []) }];
      const simplex = bySimplex(s.program, s.aims, 0.03, caps)!;
      const interior = byInteriorPoint(s.program, s.aims, 0.03, caps);
      // The last aim is least in both; those before may be anywhere within their slack.
      const [a, b] = [simplex, interior].map((flow) => total(s.aims[2]!, flow));
      expect(Math.abs(a! - b!), `${seed}`).toBeLessThan(1e-7 * Math.abs(b!));
    }
  });

  test('where limits leave no flow simplex says so', () => {
    const s = slot(3);
    const dry = { ...s.water, most: 0.9 * least(s, s.water, []) };
    expect(bySimplex(s.program, s.aims, 0.03, [dry])).toBeUndefined();
    const shut = { ...s.program, maxLoad: s.program.maxLoad.map(() => 0) };
    expect(bySimplex(shut, s.aims, 0.03, [])).toBeUndefined();
  });

  test('alike costs everywhere, where every step is a tie', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const s = slot(seed);
      const alike = (value: number) => ({ perEdge: s.water.perEdge.map(() => value) });
      const flow = bySimplex(s.program, [alike(1), alike(0), s.aims[2]!], 0, [])!;
      const optimum = least(s, s.aims[2]!, []);
      expect(Math.abs(total(s.aims[2]!, flow) - optimum)).toBeLessThan(1e-7 * Math.abs(optimum));
    }
  });
});

test('the policy: cost within 3 % of the least at its water, no more water than at the nearest sites', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { fleet, inputs } = randomFleet(seed, 0.4);
    const { problem } = assemble(fleet, inputs);
    const context = { fleet, inputs, problem, settings: {}, spanMeans: spanMeans(fleet, inputs) };
    const takes = edgeTakes(context);
    const ttftMs = edgeTtftMs(fleet, problem);
    const home = policies.find((p) => p.id === 'nearest')!.decide(context);
    const { flow } = greenLlmLike.decide(context);
    const rows = rowCount(problem);
    const edgeRow = new Int32Array(problem.edgeSite.length);
    eachEdge(problem, (e, r) => {
      edgeRow[e] = r;
    });
    flow.forEach((slotFlow, t) => {
      const take = takes[t]!;
      const water = { perEdge: take.waterL, most: 0 };
      water.most = total(water, home.flow[t]!);
      expect(total(water, slotFlow)).toBeLessThanOrEqual(water.most * (1 + 1e-5));
      const s = {
        program: {
          edgeRow,
          edgeSite: problem.edgeSite,
          edgeLoad: Float64Array.from(edgeRow, (r, e) => loadPerReq(problem, e, r)),
          demandReqPerS: problem.demandReqPerS.slice(t * rows, (t + 1) * rows),
          maxLoad: Float64Array.from(problem.sites, (x) => x.maxLoad[t]!),
        },
        aims: [{ perEdge: take.energyAud }, { perEdge: take.carbonKg }, { perEdge: ttftMs }],
        water,
      };
      const cost = { perEdge: take.energyAud };
      const cheapest = least(s, cost, [{ ...water, most: water.most * (1 + 1e-6) }]);
      expect(total(cost, slotFlow)).toBeLessThanOrEqual(
        cheapest + (0.03 + 1e-5) * Math.abs(cheapest) + 1e-7,
      );
    });
  }
});
