import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { loadsOf } from '../../../src/core/optimizer/problem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import type { PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { limitRises, plannedLoads } from '../../../src/core/planning/ramp.ts';
import { assemble, randomFleet } from '../support/fleets.ts';
import { planFaults } from '../support/plans.ts';
import { dice } from '../support/random.ts';

const modes = ['learned', 'supply', 'classic'] as const;

/** Plans twice: at the inputs, and at changed ones with rises limited. */
function replanned(
  fleet: Fleet,
  inputs: PlanningInputs,
  changed: PlanningInputs,
  mode: (typeof modes)[number],
) {
  const before = assemble(fleet, inputs);
  const standing = plannedLoads(
    publicFleet(fleet),
    inputs,
    before.problem,
    solve(before.problem, before.sites).flow,
  );
  const free = assemble(fleet, changed);
  const { problem, sites } = assemble(fleet, changed);
  const relaxed = limitRises(problem, publicFleet(fleet), changed, standing);
  const settings = { mode, gapTarget: 1e-4, maxRounds: 60 };
  return {
    standing,
    free: { ...free, ...solve(free.problem, free.sites, settings) },
    ramped: { problem, ...solve(problem, sites, settings) },
    relaxed,
  };
}

test('no load rises faster than allowed, nothing is dropped for it, certificates hold', () => {
  let moved = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.constantFrom(...modes),
      fc.double({ min: 0.02, max: 0.5, noNaN: true }),
      (seed, mode, maxRisePerPlan) => {
        const { fleet, inputs } = randomFleet(seed, 0.4);
        fleet.ramp = { maxRisePerPlan };
        const d = dice(seed + 1);
        const changed: PlanningInputs = {
          ...inputs,
          demandReqPerS: inputs.demandReqPerS.map((v) => v * d.uniform(0.7, 1.3)),
          sites: inputs.sites.map((s) => ({
            ...s,
            spotAudPerMwh: s.spotAudPerMwh.map(() => d.uniform(-100, 900)),
            tempC: s.tempC.map(() => d.uniform(2, 42)),
          })),
        };
        const { standing, free, ramped, relaxed } = replanned(fleet, inputs, changed, mode);
        ramped.flow.forEach((flow, t) => {
          if (relaxed.includes(t)) return;
          const loads = loadsOf(ramped.problem, flow);
          loads.forEach((load, j) => {
            const id = ramped.problem.sites[j]!.id;
            const most = free.problem.sites[j]!.maxLoad[t]!;
            const limit = standing.sites[id]![t]! + maxRisePerPlan * most;
            expect(load).toBeLessThanOrEqual(limit + 1e-9 * (1 + most));
            if (loadsOf(free.problem, free.flow[t]!)[j]! > limit + 0.05 * most) moved++;
          });
        });
        const lost = (s: typeof ramped) => planFaults(s.problem, s.flow, s.unserved).unservedShare;
        expect(lost(ramped)).toBeLessThanOrEqual(lost(free) + 1e-8);
        // Fewer plans are allowed, so the best of them cannot be cheaper.
        const slack = 1e-7 * Math.abs(free.certificate.objectiveAud) + 1e-9;
        expect(ramped.certificate.lowerBoundAud).toBeLessThanOrEqual(
          ramped.certificate.objectiveAud + slack,
        );
        expect(ramped.certificate.objectiveAud).toBeGreaterThanOrEqual(
          free.certificate.lowerBoundAud - slack,
        );
      },
    ),
    { seed: 31, numRuns: 25 },
  );
  // Without limits these plans would have moved more.
  expect(moved).toBeGreaterThan(20);
});

describe('what is limited', () => {
  const { fleet, inputs } = randomFleet(5, 0.5);
  fleet.ramp = { maxRisePerPlan: 0.05 };
  const open = publicFleet(fleet);
  const { problem, sites } = assemble(fleet, inputs);
  const { flow } = solve(problem, sites);
  const standing = plannedLoads(open, inputs, problem, flow);
  const limits = (
    of: typeof standing | undefined,
    horizon: PlanningInputs = inputs,
    registry = open,
  ) => {
    const fresh = assemble(fleet, horizon).problem;
    const relaxed = limitRises(fresh, registry, horizon, of);
    return { relaxed, maxLoad: fresh.sites.map((s) => [...s.maxLoad]), limited: fresh.limited };
  };
  const whole = problem.sites.map((s) => [...s.maxLoad]);

  test('nothing before the first plan, without a ramp, or for hours the plan does not know', () => {
    const earlier = { ...standing, startUtcMs: standing.startUtcMs + MS_PER_HOUR * 48 };
    for (const free of [
      limits(undefined),
      limits(standing, inputs, { ...open, ramp: undefined }),
      limits(earlier),
    ]) {
      expect(free.maxLoad).toEqual(whole);
      expect(free.relaxed).toEqual([]);
    }
  });

  test('by the same hour of the standing plan', () => {
    const { maxLoad, relaxed, limited } = limits(standing);
    expect(limited).toBe(true);
    expect(relaxed).toEqual([]);
    problem.sites.forEach((site, j) => {
      whole[j]!.forEach((most, t) => {
        const limit = standing.sites[site.id]![t]! + 0.05 * most;
        expect(maxLoad[j]![t]).toBeCloseTo(Math.min(most, limit), 12);
      });
    });
  });

  test('where no rise is enough, all that is open is free, and what is closed stays so', () => {
    const fresh = assemble(fleet, inputs).problem;
    const [closed, ...others] = fresh.sites;
    closed!.maxLoad.fill(0);
    const most = others.map((s) => [...s.maxLoad]);
    fresh.demandReqPerS.forEach((d, i) => {
      fresh.demandReqPerS[i] = 100 * d;
    });
    const relaxed = limitRises(fresh, open, inputs, standing);
    expect(relaxed).toEqual([0, 1, 2]);
    expect([...closed!.maxLoad]).toEqual([0, 0, 0]);
    expect(others.map((s) => [...s.maxLoad])).toEqual(most);
  });

  test('a lost site: others may rise as far as they must, and the slots are named', () => {
    const largest = fleet.sites.reduce(
      (a, s, j) => (standing.sites[s.id]![0]! > standing.sites[fleet.sites[a]!.id]![0]! ? j : a),
      0,
    );
    const fresh = assemble(fleet, inputs);
    fresh.problem.sites[largest]!.maxLoad.fill(0);
    const share = ({ flow, unserved }: ReturnType<typeof solve>) =>
      planFaults(fresh.problem, flow, unserved).unservedShare;
    const lostBefore = share(solve(fresh.problem, fresh.sites));
    const relaxed = limitRises(fresh.problem, open, inputs, standing);
    expect(relaxed.length).toBeGreaterThan(0);
    expect(share(solve(fresh.problem, fresh.sites))).toBeLessThanOrEqual(lostBefore + 1e-8);
  });
});
