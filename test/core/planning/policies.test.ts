import { describe, expect, test } from 'vitest';
import { siteFactors } from '../../../src/core/model/site-power.ts';
import { conditionsAt } from '../../../src/core/planning/inputs.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import {
  type PolicyContext,
  policies,
  policiesFor,
  policiesIn,
  spanMeans,
} from '../../../src/core/planning/policies/index.ts';
import { spillByPreference } from '../../../src/core/planning/policies/spill.ts';
import { assemble, embeddedFleet, letWait, randomFleet } from '../support/fleets.ts';
import { randomInstance } from '../support/instances.ts';
import { planFaults, totalsOf } from '../support/plans.ts';

const policy = (id: string) => policies.find((p) => p.id === id)!;

function context(seed: number, utilisation: number, maxDelayHours?: number): PolicyContext {
  const { fleet: random, inputs } = randomFleet(seed, utilisation);
  const fleet = maxDelayHours === undefined ? random : letWait(random, 1, maxDelayHours);
  const { problem } = assemble(fleet, inputs);
  const settings = { gapTarget: 1e-7, maxRounds: 60 };
  return { fleet, inputs, problem, settings, spanMeans: spanMeans(fleet, inputs) };
}

test('each has an id of its own, and a fleet those that decide something there', () => {
  const fleet = embeddedFleet();
  const own = ['isotherm', 'fixed-ppue', 'nearest', 'cheapest', 'cleanest', 'spread'];
  const peers = ['static-best-site', 'slit-like', 'green-llm-like', 'xu-unaware', 'xu-joint'];
  expect(policiesFor(fleet).map((p) => p.id)).toEqual([...own, ...peers]);
  const waiting = policiesFor(letWait(fleet, 1, 8)).map((p) => p.id);
  const only = waiting.filter((id) => ![...own, ...peers].includes(id));
  expect(only).toEqual(['no-waiting', 'xu-cooling', 'xu-capacity']);
  expect(
    policiesIn(fleet)
      .map((p) => [p.id, p.sameAs?.(fleet)])
      .slice(-4),
  ).toEqual([
    ['xu-unaware', undefined],
    ['xu-cooling', 'xu-joint'],
    ['xu-capacity', 'xu-unaware'],
    ['xu-joint', undefined],
  ]);
  expect(new Set(policies.map((p) => p.id)).size).toBe(policies.length);
});

describe.each([
  [0.25, undefined],
  [0.6, undefined],
  [0.9, undefined],
  [0.3, 2],
  [0.9, 3],
])('at utilisation %f, a class waiting for %s h', (utilisation, maxDelayHours) => {
  test('all serve the same demand within the limits; isotherm costs least', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const c = context(seed, utilisation, maxDelayHours);
      const results = policies.map((p) => {
        const { flow, unserved } = p.decide(c);
        const faults = planFaults(c.problem, flow, unserved);
        expect(faults.demand).toBeLessThan(1e-9);
        expect(faults.window).toBeLessThan(1e-9);
        expect(faults.overLimit).toBeLessThan(1e-9);
        expect(faults.negative).toBeGreaterThanOrEqual(-1e-12);
        const ledger = new Ledger(c.fleet);
        ledger.add(c.problem, c.inputs, flow, unserved);
        const totals = ledger.totals();
        return { id: p.id, lost: faults.unservedShare, ...totals };
      });
      const best = results[0]!;
      for (const r of results) {
        expect(r.requests).toBeCloseTo(best.requests, 4);
        const slack = 1e-6 * Math.abs(best.objectiveAud);
        expect(best.objectiveAud).toBeLessThanOrEqual(r.objectiveAud + slack);
        if (utilisation < 0.5) expect(r.lost).toBeLessThan(1e-9);
      }
    }
  });
});

describe('each policy by its name', () => {
  const c = context(3, 0.1);
  const K = c.problem.classCount;
  /** The site that gets each row of the slot, if one gets it all. */
  const chosen = (id: string, t: number) => {
    const { flow } = policy(id).decide(c);
    return Array.from({ length: c.problem.rowStart.length - 1 }, (_, r) => {
      const from = c.problem.rowStart[r]!;
      const row = flow[t]!.slice(from, c.problem.rowStart[r + 1]!);
      const most = row.indexOf(Math.max(...row));
      expect(row[most]!).toBeGreaterThan(0);
      return {
        r,
        site: c.problem.edgeSite[from + most]!,
        only: row.filter((x) => x > 0).length === 1,
      };
    });
  };

  test('nearest: every zone at home, zones and sites being the same cities', () => {
    // Tokens take longer on slower hardware, so the fleet is made uniform first.
    for (const site of c.fleet.sites) site.hardware.profile = 'h100-tp8';
    c.problem = assemble(c.fleet, c.inputs).problem;
    for (const { r, site, only } of chosen('nearest', 0)) {
      expect(only).toBe(true);
      expect(site).toBe(Math.floor(r / K));
    }
  });

  test.each([
    ['cheapest', (f: ReturnType<typeof siteFactors>) => f.energyAudPerKwh],
    ['cleanest', (f: ReturnType<typeof siteFactors>) => f.carbonKgPerKwh],
  ] as const)('%s: all of it where a facility kWh of the request is least', (id, worth) => {
    for (let t = 0; t < c.inputs.slotCount; t++) {
      const value = c.fleet.sites.map((site, j) => {
        const f = siteFactors(site, conditionsAt(c.inputs, j, t));
        return f.ppue * worth(f);
      });
      const totals = totalsOf(c.problem, policy(id).decide(c).flow).map((n) => n[t * K]!);
      // Sites are used in the order of their value: none before a better one is full.
      const order = value.map((_, j) => j).sort((a, b) => value[a]! - value[b]!);
      const uniformIdle = new Set(c.fleet.sites.map((s) => s.cost.idle)).size === 1;
      if (uniformIdle) expect(totals[order[0]!]!).toBeGreaterThan(0);
      expect(totals.some((n) => n > 0)).toBe(true);
    }
  });

  test('spread: in proportion to capacity', () => {
    const totals = totalsOf(c.problem, policy('spread').decide(c).flow);
    const share = totals.map((n, j) => n[0]! / c.problem.sites[j]!.maxLoad[0]!);
    for (const s of share) expect(s / share[0]!).toBeCloseTo(1, 9);
  });

  test('fixed-ppue decides the same whatever the weather', () => {
    const hot = structuredClone(c.inputs);
    for (const s of hot.sites) s.tempC.fill(41);
    const a = policy('fixed-ppue').decide(c);
    const b = policy('fixed-ppue').decide({ ...c, inputs: hot });
    expect(b.flow).toEqual(a.flow);
    const warm = policy('isotherm').decide({ ...c, inputs: hot });
    expect(warm.flow).not.toEqual(policy('isotherm').decide(c).flow);
  });

  test('policies that optimize say their rounds and gap, others none', () => {
    expect(policy('isotherm').decide(c).gap).toBeLessThanOrEqual(1e-7);
    expect(policy('isotherm').decide(c).rounds).toBeGreaterThan(0);
    expect(policy('nearest').decide(c).rounds).toBeUndefined();
  });
});

test('overloaded favourites spill: full sites, nothing lost while there is room anywhere', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const c = context(seed, 0.8);
    for (const id of ['nearest', 'cheapest', 'cleanest', 'spread']) {
      const { flow, unserved } = policy(id).decide(c);
      const totals = totalsOf(c.problem, flow);
      const K = c.problem.classCount;
      for (let t = 0; t < c.inputs.slotCount; t++) {
        const lost = unserved[t]!.reduce((a, b) => a + b, 0);
        if (lost < 1e-9) continue;
        c.problem.sites.forEach((site, j) => {
          let load = 0;
          for (let k = 0; k < K; k++) load += site.loadPerReqPerS[k]! * totals[j]![t * K + k]!;
          expect(load / site.maxLoad[t]!).toBeGreaterThan(0.999);
        });
      }
    }
  }
});

test('rules of thumb work on any dispatch problem: few edges, closed sites', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { problem } = randomInstance(seed, {
      edgeShare: 0.3,
      closedShare: 0.3,
      utilisation: 0.7,
    });
    for (const { flow, unserved } of [
      spillByPreference(problem, (e) => problem.edgeCostAud[e]!),
      policy('spread').decide({ problem } as PolicyContext),
    ]) {
      const faults = planFaults(problem, flow, unserved);
      expect(faults.demand).toBeLessThan(1e-9);
      expect(faults.overLimit).toBeLessThan(1e-9);
    }
  }
});
