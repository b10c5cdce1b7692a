import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { applySpeeds } from '../../../src/core/model/speed.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { type DispatchProblem, loadsOf, rowAt } from '../../../src/core/optimizer/problem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleDispatch } from '../../../src/core/planning/assemble.ts';
import type { PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { limitRises, standingLoads } from '../../../src/core/planning/ramp.ts';
import { plannedTraffic } from '../../../src/core/planning/traffic.ts';
import { assemble, randomFleet } from '../support/fleets.ts';
import { planFaults } from '../support/plans.ts';
import { dice } from '../support/random.ts';

const modes = ['learned', 'supply', 'classic'] as const;

/** Loads of a slot of `fresh` if its demand is split as `flow` splits that of `before`. */
function loadsAsBefore(
  before: DispatchProblem,
  flow: Float64Array,
  fresh: DispatchProblem,
  t: number,
) {
  const loads = new Float64Array(fresh.sites.length);
  for (let r = 0; r + 1 < before.rowStart.length; r++) {
    const [i, k] = [Math.floor(r / before.classCount), r % before.classCount];
    const row = flow.subarray(before.rowStart[r], before.rowStart[r + 1]);
    const sum = row.reduce((a, x) => a + x, 0);
    row.forEach((x, n) => {
      const j = before.edgeSite[before.rowStart[r]! + n]!;
      const comes = fresh.demandReqPerS[rowAt(fresh, t, i, k)]!;
      loads[j]! += (x / sum) * comes * fresh.sites[j]!.loadPerReqPerS[k]!;
    });
  }
  return loads;
}

/** Plans twice: at the inputs, and at changed ones with rises limited. */
function replanned(
  fleet: Fleet,
  inputs: PlanningInputs,
  changed: PlanningInputs,
  mode: (typeof modes)[number],
) {
  const before = assemble(fleet, inputs);
  const open = publicFleet(fleet);
  const { flow } = solve(before.problem, before.sites);
  const traffic = plannedTraffic(open, inputs, before.problem, flow);
  const free = assemble(fleet, changed);
  const { problem, sites } = assemble(fleet, changed);
  const relaxed = limitRises(problem, open, standingLoads(problem, open, changed, traffic));
  const settings = { mode, gapTarget: 1e-4, maxRounds: 60 };
  return {
    standing: flow.map((slot, t) => loadsAsBefore(before.problem, slot, problem, t)),
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
            const most = free.problem.sites[j]!.maxLoad[t]!;
            const limit = standing[t]![j]! + maxRisePerPlan * most;
            expect(load).toBeLessThanOrEqual(limit + 1e-6 * (1 + most));
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
  const standing = plannedTraffic(open, inputs, problem, flow);
  const loads = flow.map((slot) => loadsOf(problem, slot));
  const limits = (
    of: typeof standing | undefined,
    horizon: PlanningInputs = inputs,
    registry = open,
  ) => {
    const fresh = assemble(fleet, horizon).problem;
    const relaxed = limitRises(fresh, registry, of && standingLoads(fresh, open, horizon, of));
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
    problem.sites.forEach((_, j) => {
      whole[j]!.forEach((most, t) => {
        const limit = loads[t]![j]! + 0.05 * most;
        expect(maxLoad[j]![t]).toBeCloseTo(Math.min(most, limit), 4);
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
    const relaxed = limitRises(fresh, open, standingLoads(fresh, open, inputs, standing));
    expect(relaxed).toEqual([0, 1, 2]);
    expect([...closed!.maxLoad]).toEqual([0, 0, 0]);
    expect(others.map((s) => [...s.maxLoad])).toEqual(most);
  });

  test('a lost site: others may rise as far as they must, and the slots are named', () => {
    const largest = fleet.sites.reduce((a, _, j) => (loads[0]![j]! > loads[0]![a]! ? j : a), 0);
    const fresh = assemble(fleet, inputs);
    fresh.problem.sites[largest]!.maxLoad.fill(0);
    const share = ({ flow, unserved }: ReturnType<typeof solve>) =>
      planFaults(fresh.problem, flow, unserved).unservedShare;
    const lostBefore = share(solve(fresh.problem, fresh.sites));
    const own = standingLoads(fresh.problem, open, inputs, standing);
    const relaxed = limitRises(fresh.problem, open, own);
    expect(relaxed.length).toBeGreaterThan(0);
    expect(share(solve(fresh.problem, fresh.sites))).toBeLessThanOrEqual(lostBefore + 1e-8);
  });

  test('more demand, or a site found to be slower, is no move of traffic', () => {
    let tried = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0.5, max: 1.6, noNaN: true }),
        fc.double({ min: 0.7, max: 1.4, noNaN: true }),
        (seed, slower, more) => {
          const { fleet, inputs } = randomFleet(seed, 0.35);
          fleet.ramp = { maxRisePerPlan: 1e-4 };
          const open = publicFleet(fleet);
          const before = assemble(fleet, inputs).problem;
          const { flow } = solve(before, assemble(fleet, inputs).sites);
          const traffic = plannedTraffic(open, inputs, before, flow);
          const speed = { prefill: slower, decode: slower, rttMs: {} };
          const now = applySpeeds(open, { [fleet.sites[0]!.id]: speed });
          const later = { ...inputs, demandReqPerS: inputs.demandReqPerS.map((d) => more * d) };
          const fresh = assembleDispatch(now, later, later.demandReqPerS);
          const whole = fresh.sites.map((site) => site.maxLoad.slice());
          limitRises(fresh, now, standingLoads(fresh, now, later, traffic));
          flow.forEach((slot, t) => {
            const loads = loadsAsBefore(before, slot, fresh, t);
            if (loads.some((load, j) => load > whole[j]![t]!)) return;
            tried++;
            // Shares that stand as they are need no limit to give way.
            loads.forEach((load, j) => {
              expect(load).toBeLessThanOrEqual(fresh.sites[j]!.maxLoad[t]! + 1e-6);
            });
          });
        },
      ),
      { seed: 7, numRuns: 40 },
    );
    expect(tried).toBeGreaterThan(60);
  });
});
