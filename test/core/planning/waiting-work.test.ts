import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { rowCount } from '../../../src/core/optimizer/problem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { arrivalPrices } from '../../../src/core/planning/arrival-prices.ts';
import { assembleDispatch } from '../../../src/core/planning/assemble.ts';
import { batchOutcomes } from '../../../src/core/planning/batch-outcome.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import { scheduleOf } from '../../../src/core/planning/schedule.ts';
import { atArrival } from '../../../src/core/planning/waiting-work.ts';
import { continentFleet } from '../support/continent.ts';
import { assemble, embeddedFleet, letWait, randomFleet } from '../support/fleets.ts';
import { planFaults } from '../support/plans.ts';

/** A random fleet whose class k may wait, over eight hours. */
function waitingFleet(seed: number, utilisation: number, maxDelayHours: number, k = seed % 2) {
  const { fleet, inputs } = randomFleet(seed, utilisation, 8);
  return { fleet: letWait(fleet, k, maxDelayHours), inputs, k };
}

const cases = fc.record({
  seed: fc.integer({ min: 1, max: 10_000 }),
  utilisation: fc.double({ min: 0.05, max: 1.4, noNaN: true }),
  maxDelayHours: fc.integer({ min: 1, max: 12 }),
});

test('demand that may wait becomes work: none lost, none before it comes, none past its time', () => {
  fc.assert(
    fc.property(cases, ({ seed, utilisation, maxDelayHours }) => {
      const { fleet, inputs, k } = waitingFleet(seed, utilisation, maxDelayHours);
      const { problem: p } = assemble(fleet, inputs);
      const rows = rowCount(p);
      const came = new Float64Array(inputs.demandReqPerS.length);
      for (const b of p.batch!) {
        expect(b.classIndex).toBe(k);
        expect(b.lastSlot).toBe(Math.min(7, b.firstSlot + maxDelayHours - 1));
        expect(b.rowShare.reduce((a, s) => a + s, 0)).toBeCloseTo(1, 12);
        b.rows.forEach((r, n) => {
          came[b.firstSlot * rows + r]! += b.amount * b.rowShare[n]!;
          expect([...p.edgeSite.slice(p.rowStart[r], p.rowStart[r + 1])]).toEqual([...b.sites]);
        });
      }
      inputs.demandReqPerS.forEach((d, i) => {
        const waits = i % p.classCount === k;
        expect(p.demandReqPerS[i]).toBe(waits ? 0 : d);
        expect(came[i]).toBeCloseTo(waits ? d : 0, 9);
      });
      for (let r = 0; r < rows; r++) {
        const costs = p.edgeCostAud.subarray(p.rowStart[r], p.rowStart[r + 1]);
        expect(costs.every((c) => (r % p.classCount === k ? c === 0 : c > 0))).toBe(true);
      }
      atArrival(p).demandReqPerS.forEach((d, i) => {
        expect(d).toBeCloseTo(inputs.demandReqPerS[i]!, 9);
      });
    }),
    { numRuns: 60 },
  );
});

describe('sites', () => {
  test('zones that may use the same sites are one demand; residency and the model hold', () => {
    const fleet = letWait(embeddedFleet(), 1, 8);
    fleet.zones[0]!.allowedSites = ['sydney', 'canberra'];
    fleet.zones[3]!.allowedSites = ['canberra', 'sydney'];
    fleet.fairness = { maxExtraTtftMs: 0 };
    delete fleet.sites[2]!.upstream.models['isotherm-code'];
    const horizon = { startUtcMs: 0, slotCount: 4, slotHours: 1 };
    const demand = new Float64Array(4 * 14 * 2).fill(1);
    const p = assembleDispatch(publicFleet(fleet), horizon, demand);
    expect(p.batch).toHaveLength(2 * 4);
    const [home, rest] = p.batch!;
    expect(home!.amount).toBe(2);
    expect([...home!.sites].map((j) => fleet.sites[j]!.id)).toEqual(['sydney', 'canberra']);
    // Fairness keeps users near, and an SLO keeps them from far sites; this work knows neither.
    expect([...rest!.sites]).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(p.rowStart[1]).toBe(1);
  });

  test('too many sets of sites are refused in words', () => {
    const fleet = letWait(
      continentFleet(1, { sites: 150, zones: 150, solvers: 1, sitesPerZone: 3 }),
      1,
      8,
    );
    const horizon = { startUtcMs: 0, slotCount: 24, slotHours: 1 };
    const demand = new Float64Array(24 * 150 * fleet.classes.length).fill(1);
    expect(() => assembleDispatch(publicFleet(fleet), horizon, demand)).toThrow(
      /classes: work that may wait makes \d+ demands.*without sitesPerZone/s,
    );
  });
});

test('plans keep all windows, and never cost more than without waiting', () => {
  let moved = 0;
  fc.assert(
    fc.property(cases, ({ seed, utilisation, maxDelayHours }) => {
      const { fleet, inputs } = waitingFleet(seed, utilisation, maxDelayHours);
      const { problem: p, sites } = assemble(fleet, inputs);
      const settings = { gapTarget: 1e-4, maxRounds: 60 };
      const { flow, unserved, certificate } = solve(p, sites, settings);
      const faults = planFaults(p, flow, unserved);
      expect(faults.window).toBeLessThan(1e-9);
      expect(faults.demand).toBeLessThan(1e-9);
      expect(faults.overLimit).toBeLessThan(1e-9);
      const still = solve(atArrival(p), sites, settings).certificate;
      const rounding = 1e-9 * Math.abs(still.objectiveAud);
      expect(certificate.lowerBoundAud).toBeLessThanOrEqual(still.objectiveAud + rounding);
      expect(certificate.objectiveAud).toBeLessThanOrEqual(
        still.objectiveAud + 1.1e-4 * Math.abs(certificate.objectiveAud) + rounding,
      );
      // Part by part: each is served between its coming and its being due, and nothing is missing.
      const all = p.batch!.reduce((sum, b) => sum + b.amount, 0);
      let placed = 0;
      for (const part of scheduleOf(p, flow, unserved)) {
        expect(part.slot).toBeGreaterThanOrEqual(part.released);
        expect(part.slot).toBeLessThan(part.released + maxDelayHours);
        placed += part.amount;
        if (part.slot > part.released && !part.isUnserved) moved += part.amount;
      }
      expect(placed / all).toBeCloseTo(1, 6);
    }),
    { numRuns: 40 },
  );
  expect(moved).toBeGreaterThan(0);
});

test('what a class came to: what comes is served or given up, hour by hour', () => {
  const { fleet, inputs, k } = waitingFleet(5, 1.3, 4, 0);
  const { problem: p, sites } = assemble(fleet, inputs);
  const { flow, unserved } = solve(p, sites, { gapTarget: 1e-4 });
  const [outcome, ...others] = batchOutcomes(publicFleet(fleet), p, 1, flow, unserved);
  expect(others).toEqual([]);
  expect(outcome!.class).toBe(fleet.classes[k]!.id);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const { cameReqPerS, servedReqPerS, unservedReqPerS } = outcome!;
  expect(sum(servedReqPerS) + sum(unservedReqPerS)).toBeCloseTo(sum(cameReqPerS), 6);
  expect(outcome!.requests).toBeCloseTo(3600 * sum(cameReqPerS), 2);
  expect(outcome!.unservedRequests).toBeCloseTo(3600 * sum(unservedReqPerS), 2);
  // Overloaded on purpose: what is shed is said.
  expect(outcome!.unservedRequests).toBeGreaterThan(0);
});

test('a request more costs what it does in the cheapest slot of its window', () => {
  const { fleet, inputs, k } = waitingFleet(9, 0.4, 3, 1);
  const { problem: p, sites } = assemble(fleet, inputs);
  const solution = solve(p, sites, { gapTarget: 1e-6 });
  const { rowPrices, rowImpacts } = arrivalPrices(publicFleet(fleet), inputs, solution);
  const rows = rowCount(p);
  for (let t = 0; t < 8; t++) {
    for (let r = 0; r < rows; r++) {
      const last = r % p.classCount === k ? Math.min(7, t + 2) : t;
      const window = solution.rowPrices.slice(t, last + 1).map((slot) => slot[r]!);
      expect(rowPrices[t]![r]).toBe(Math.min(...window));
      const from = t + window.indexOf(Math.min(...window));
      expect(rowImpacts![t]!.carbonKg[r]).toBe(solution.rowImpacts![from]!.carbonKg[r]);
    }
  }
  // The derivative of the optimum: a little more work in an hour costs its price.
  const t = 2;
  const i = 0;
  const at = (t * fleet.zones.length + i) * p.classCount + k;
  const more = 0.01 * inputs.demandReqPerS[at]!;
  const costAt = (change: number) => {
    const demandReqPerS = inputs.demandReqPerS.slice();
    demandReqPerS[at]! += change;
    const changed = assemble(fleet, { ...inputs, demandReqPerS });
    return solve(changed.problem, changed.sites, { gapTarget: 1e-9 }).certificate.objectiveAud;
  };
  const slope = (costAt(more) - costAt(-more)) / (2 * more);
  expect(rowPrices[t]![i * p.classCount + k]! / slope).toBeCloseTo(1, 2);
});

test('beside sites with plants: windows and certificate hold, and the ledger agrees', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const { fleet, inputs } = waitingFleet(seed, 0.4, 5);
    Object.assign(fleet.sites[0]!.cost, {
      battery: {
        capacityKwh: 20,
        chargeKw: 8,
        dischargeKw: 8,
        chargeEfficiency: 0.922,
        dischargeEfficiency: 0.922,
      },
      demandCharge: { audPerKwMonth: 2, paidKw: 1 },
    });
    const { problem: p, sites } = assemble(fleet, inputs);
    const { flow, unserved, certificate } = solve(p, sites, { gapTarget: 1e-3, maxRounds: 100 });
    expect(certificate.gap).toBeLessThanOrEqual(1e-3);
    const faults = planFaults(p, flow, unserved);
    expect(Math.max(faults.window, faults.demand, faults.overLimit)).toBeLessThan(1e-9);
    const ledger = new Ledger(fleet);
    ledger.add(p, inputs, flow, unserved);
    expect(ledger.totals().objectiveAud / certificate.objectiveAud).toBeCloseTo(1, 6);
  }
});
