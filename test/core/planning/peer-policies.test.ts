import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../src/core/model/fleet.ts';
import { edgeCount, loadsOf, rowCount } from '../../../src/core/optimizer/problem.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { cappedAt } from '../../../src/core/planning/policies/capped.ts';
import { edgeTakes, edgeTtftMs } from '../../../src/core/planning/policies/edges.ts';
import {
  type Decision,
  type PolicyContext,
  policies,
  spanMeans,
} from '../../../src/core/planning/policies/index.ts';
import { type AimWeights, weightedChoice } from '../../../src/core/planning/policies/slit-like.ts';
import { filled } from '../../../src/core/planning/policies/spill.ts';
import { withoutQueue } from '../../../src/core/planning/policies/xu.ts';
import { assemble, letWait, randomFleet } from '../support/fleets.ts';
import { randomInstance } from '../support/instances.ts';
import { planFaults, trueCostAud } from '../support/plans.ts';

const policy = (id: string) => policies.find((p) => p.id === id)!;

function context(seed: number, utilisation: number, change = (fleet: Fleet) => fleet) {
  const { fleet: random, inputs } = randomFleet(seed, utilisation);
  const fleet = change(random);
  const { problem } = assemble(fleet, inputs);
  const settings = { gapTarget: 1e-7, maxRounds: 60 };
  return { fleet, inputs, problem, settings, spanMeans: spanMeans(fleet, inputs) };
}

/** Σ over slots and edges of flow times a value. */
function sum({ flow }: Decision, value: (t: number, e: number) => number): number {
  return flow.reduce((all, slot, t) => slot.reduce((a, x, e) => a + x * value(t, e), all), 0);
}

describe('static-best-site', () => {
  test('stays where it is, whatever the hour', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const c = context(seed, 0.05);
      const { flow } = policy('static-best-site').decide(c);
      const used = flow.map((slot) => [...slot.keys()].filter((e) => slot[e]! > 0));
      expect(used[0]).toHaveLength(rowCount(c.problem));
      for (const edges of used) expect(edges).toEqual(used[0]);
    }
  });

  test('costs no more than any other fixed site for all, queues apart', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const c = context(seed, 0.05);
      // With demand the same in every slot its mean is what counts.
      const rows = rowCount(c.problem);
      for (let t = 1; t < c.problem.slotCount; t++)
        c.problem.demandReqPerS.copyWithin(t * rows, 0, rows);
      // Costs linear in requests: the fewest servers awake at any price, no headroom.
      for (const site of c.fleet.sites) {
        site.cost.tariff = { kind: 'flat', rateAudPerKwh: 0.1 + 0.01 * site.name.length };
        site.headroomServers = 0;
      }
      c.spanMeans = spanMeans(c.fleet, c.inputs);
      const sites = assembleSites(c.fleet, c.inputs).map(withoutQueue);
      const instance = { problem: c.problem, sites };
      const chosen = policy('static-best-site').decide(c);
      const cost = trueCostAud(instance, chosen.flow, chosen.unserved);
      for (let j = 0; j < c.fleet.sites.length; j++) {
        const flow = chosen.flow.map((slot, t) => {
          const all = new Float64Array(slot.length);
          for (let r = 0; r < rows; r++) {
            const from = c.problem.rowStart[r]!;
            const to = c.problem.rowStart[r + 1]!;
            const e = c.problem.edgeSite.subarray(from, to).indexOf(j) + from;
            all[e] = c.problem.demandReqPerS[t * rows + r]!;
          }
          return all;
        });
        const there = trueCostAud(instance, flow, chosen.unserved);
        expect(cost).toBeLessThanOrEqual(there + 1e-9 * Math.abs(there));
      }
    }
  });
});

describe('slit-like', () => {
  const only = (aim: keyof AimWeights): AimWeights => ({
    ...{ ttft: 0, carbon: 0, water: 0, energyCost: 0 },
    [aim]: 1,
  });

  test('with one aim alone it takes the site that is best in it', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const c = context(seed, 0.05);
      const takes = edgeTakes(c);
      const ttftMs = edgeTtftMs(c.fleet, c.problem);
      for (const [aim, value] of [
        ['ttft', (_: number, e: number) => ttftMs[e]!],
        ['carbon', (t: number, e: number) => takes[t]!.carbonKg[e]!],
        ['water', (t: number, e: number) => takes[t]!.waterL[e]!],
        ['energyCost', (t: number, e: number) => takes[t]!.energyAud[e]!],
      ] as const) {
        const best = weightedChoice(c, only(aim));
        let least = 0;
        for (let t = 0; t < c.problem.slotCount; t++) {
          for (let r = 0; r < rowCount(c.problem); r++) {
            const [from, to] = [c.problem.rowStart[r]!, c.problem.rowStart[r + 1]!];
            const values = Array.from({ length: to - from }, (_, n) => value(t, from + n));
            least += Math.min(...values) * c.problem.demandReqPerS[t * rowCount(c.problem) + r]!;
          }
        }
        expect(sum(best, value)).toBeCloseTo(least, 6);
      }
    }
  });

  test('ratios of weights count, not their size, nor the unit of an aim', () => {
    const c = context(5, 0.3);
    const weights = { ttft: 1, carbon: 2, water: 0.5, energyCost: 3 };
    const ten = { ttft: 10, carbon: 20, water: 5, energyCost: 30 };
    expect(weightedChoice(c, ten).flow).toEqual(weightedChoice(c, weights).flow);
  });
});

describe('the four of Xu, Feng and Li', () => {
  /** What they minimize, by the true pPUE: energy and users' time without queues. */
  function ownCostAud(c: PolicyContext, decision: Decision): number {
    const prices = { ...c.fleet.prices, carbonAudPerT: 0, waterAudPerKl: 0 };
    const sites = assembleSites({ ...c.fleet, prices }, c.inputs).map(withoutQueue);
    return trueCostAud({ problem: c.problem, sites }, decision.flow, decision.unserved);
  }

  test.each([
    [0.3, undefined],
    [0.8, undefined],
    [0.3, 2],
    [0.7, 3],
  ])('at utilisation %f, waiting %s h: joint costs least of all policies', (utilisation, delay) => {
    for (let seed = 1; seed <= 5; seed++) {
      const c = context(seed, utilisation, (f) => (delay === undefined ? f : letWait(f, 1, delay)));
      const joint = ownCostAud(c, policy('xu-joint').decide(c));
      for (const p of policies) {
        const cost = ownCostAud(c, p.decide(c));
        expect(joint).toBeLessThanOrEqual(cost + 1e-5 * Math.abs(cost) + 1e-9);
      }
    }
  });

  test('with nothing that waits, planning separately is planning together', () => {
    const c = context(4, 0.4);
    const twins = policies.filter((p) => p.sameAs?.(c.fleet) !== undefined);
    expect(twins.map((p) => p.id)).toEqual(['xu-cooling', 'xu-capacity']);
    for (const p of twins) {
      expect(p.decide(c).flow).toEqual(policy(p.sameAs?.(c.fleet) as string).decide(c).flow);
    }
  });

  test('the unaware decide the same whatever the weather, the others do not', () => {
    const c = context(3, 0.4, (f) => letWait(f, 1, 2));
    const hot = structuredClone(c.inputs);
    hot.sites.forEach((s, j) => {
      s.tempC.fill(j % 2 === 0 ? 41 : 5);
    });
    for (const id of ['xu-unaware', 'xu-capacity', 'xu-cooling', 'xu-joint']) {
      const aware = id === 'xu-cooling' || id === 'xu-joint';
      const [a, b] = [c.inputs, hot].map((inputs) => policy(id).decide({ ...c, inputs }).flow);
      if (aware) expect(b).not.toEqual(a);
      else expect(b).toEqual(a);
    }
  });
});

test('capped, any policy keeps the lower limit and serves what it can below it', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const c = context(seed, 0.4);
    for (const p of policies) {
      const { flow, unserved } = cappedAt(p, 0.7).decide(c);
      const lower = c.problem.sites.map((s) => ({ ...s, maxLoad: s.maxLoad.map((l) => 0.7 * l) }));
      const faults = planFaults({ ...c.problem, sites: lower }, flow, unserved);
      expect(faults.overLimit).toBeLessThan(1e-9);
      expect(faults.demand).toBeLessThan(1e-9);
      expect(faults.unservedShare).toBeLessThan(1e-9);
    }
    expect(c.problem.limited).toBeUndefined();
  }
});

describe('flows made exact', () => {
  test('whatever they were: demand met once, limits kept, nothing unserved beside room', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { problem } = randomInstance(seed, {
        edgeShare: 0.5,
        closedShare: 0.2,
        utilisation: 0.8,
      });
      const rough = Float64Array.from(
        { length: edgeCount(problem) },
        (_, e) => ((e * 7919 * seed) % 13) / 3,
      );
      const slots = Array.from({ length: problem.slotCount }, (_, t) => filled(problem, t, rough));
      const faults = planFaults(
        problem,
        slots.map((s) => s.flow),
        slots.map((s) => s.unserved),
      );
      expect(faults.demand).toBeLessThan(1e-9);
      expect(faults.overLimit).toBeLessThan(1e-9);
      expect(faults.negative).toBeGreaterThanOrEqual(-1e-12);
      slots.forEach(({ flow, unserved }, t) => {
        const loads = loadsOf(problem, flow);
        unserved.forEach((lost, r) => {
          if (lost < 1e-9) return;
          for (let e = problem.rowStart[r]!; e < problem.rowStart[r + 1]!; e++) {
            const j = problem.edgeSite[e]!;
            expect(loads[j]! - problem.sites[j]!.maxLoad[t]!).toBeCloseTo(0, 9);
          }
        });
      });
    }
  });

  test('flows that were exact stay', () => {
    const c = context(2, 0.4);
    const { flow } = policy('nearest').decide(c);
    flow.forEach((slot, t) => {
      const { flow: same, unserved } = filled(c.problem, t, slot);
      same.forEach((x, e) => {
        expect(x).toBeCloseTo(slot[e]!, 12);
      });
      expect(Math.max(...unserved)).toBeLessThan(1e-12);
    });
  });
});
