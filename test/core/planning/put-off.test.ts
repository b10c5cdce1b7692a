import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleDispatch, assembleSites } from '../../../src/core/planning/assemble.ts';
import { batchOutcomes } from '../../../src/core/planning/batch-outcome.ts';
import type { PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { assertInputs } from '../../../src/core/planning/inputs.ts';
import type { Plan } from '../../../src/core/planning/plan.ts';
import { backWork, comingBack, putOffOf } from '../../../src/core/planning/put-off.ts';
import { letWait, randomFleet } from '../support/fleets.ts';
import { planFaults } from '../support/plans.ts';

const K = 2;
const DELAY_HOURS = 4;
const SLOTS = 8;

function world(seed: number) {
  const { fleet: random, inputs } = randomFleet(seed, 0.5, SLOTS);
  const fleet = letWait(random, 1, DELAY_HOURS);
  return { fleet, open: publicFleet(fleet), inputs };
}

/** A plan as the coordinator makes it of what comes and what comes back. */
function planned({ fleet, open }: ReturnType<typeof world>, inputs: PlanningInputs) {
  assertInputs(open, inputs);
  const p = assembleDispatch(open, inputs, inputs.demandReqPerS, backWork(open, inputs));
  const { flow, unserved } = solve(p, assembleSites(fleet, inputs), { gapTarget: 1e-4 });
  const { startUtcMs, slotHours, slotCount } = inputs;
  const header = { startUtcMs, slotHours, slotCount } as Plan['header'];
  return { p, flow, unserved, header, putOff: putOffOf(open, p, inputs, flow, unserved)! };
}

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

test('what a plan puts off is what its flows serve later, zone by zone', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const w = world(seed);
    const { p, flow, unserved, putOff } = planned(w, w.inputs);
    w.fleet.zones.forEach((zone, i) => {
      const served = Array.from({ length: SLOTS }, () => 0);
      putOff.forEach((slot, t) => {
        expect(Object.keys(slot)).toEqual([w.fleet.classes[1]!.id]);
        const { cameReqPerS, backReqPerS, later } = slot[w.fleet.classes[1]!.id]![zone.id]!;
        expect(cameReqPerS).toBe(w.inputs.demandReqPerS[(t * w.fleet.zones.length + i) * K + 1]);
        expect(backReqPerS).toBe(0);
        served[t]! += cameReqPerS - sum(later.map(([, much]) => much));
        for (const [slots, much] of later) {
          expect(slots).toBeLessThan(DELAY_HOURS);
          served[t + slots]! += much;
        }
      });
      const r = i * K + 1;
      flow.forEach((x, t) => {
        const placed = sum(x.slice(p.rowStart[r], p.rowStart[r + 1])) + unserved[t]![r]!;
        expect(Math.abs(served[t]! - placed)).toBeLessThan(1e-4);
      });
    });
  }
});

test('what comes back is planned in the slot it was told, from one plan to the next', () => {
  let returning = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const w = world(seed);
    let inputs = w.inputs;
    let plan = planned(w, inputs);
    // Hour after hour a new plan; nothing that was put off is forgotten before its hour.
    for (let shift = 1; shift <= 3; shift++) {
      const next: PlanningInputs = { ...inputs, startUtcMs: inputs.startUtcMs + MS_PER_HOUR };
      const back = comingBack(w.open, plan, next)!;
      const cls = w.fleet.classes[1]!.id;
      const first = Object.values(plan.putOff[0]![cls]!);
      const put = sum(first.flatMap((of) => of.later.map(([, much]) => much)));
      const stillBack = sum(
        plan.putOff
          .slice(1)
          .flatMap((slot) => Object.values(slot[cls]!).map((of) => of.backReqPerS)),
      );
      expect(sum(back)).toBeCloseTo(put + stillBack, 6);
      returning += put;
      next.backReqPerS = back;
      inputs = next;
      plan = planned(w, inputs);
      const faults = planFaults(plan.p, plan.flow, plan.unserved);
      expect(faults.window).toBeLessThan(1e-9);
      expect(faults.overLimit).toBeLessThan(1e-9);
      const [outcome] = batchOutcomes(w.open, plan.p, 1, plan.flow, plan.unserved);
      const came = sum(inputs.demandReqPerS.filter((_, n) => n % K === 1));
      expect(sum(outcome!.cameReqPerS)).toBeCloseTo(came + sum(back), 6);
      // The same hour planned again puts nothing off a second time.
      expect(sum(comingBack(w.open, plan, inputs)!)).toBeCloseTo(sum(back), 9);
    }
  }
  expect(returning).toBeGreaterThan(1);
});

test('nothing comes back of plans that do not fit, or that are over', () => {
  const w = world(3);
  const plan = planned(w, w.inputs);
  const at = (hours: number, slotHours = 1) =>
    comingBack(w.open, plan, {
      startUtcMs: w.inputs.startUtcMs + hours * MS_PER_HOUR,
      slotCount: SLOTS,
      slotHours,
    });
  expect(at(-1)).toBeUndefined();
  expect(at(0.5)).toBeUndefined();
  expect(at(1, 0.5)).toBeUndefined();
  expect(sum(at(SLOTS + 3)!)).toBe(0);
  expect(comingBack(w.open, { header: plan.header }, w.inputs)).toBeUndefined();
});
