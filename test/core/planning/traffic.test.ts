import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleDispatch, assembleSites } from '../../../src/core/planning/assemble.ts';
import { batchOutcomes } from '../../../src/core/planning/batch-outcome.ts';
import { type Job, jobOutcomes, ownWork } from '../../../src/core/planning/jobs.ts';
import { sharesOf } from '../../../src/core/planning/plan.ts';
import { backWork, putOffOf } from '../../../src/core/planning/put-off.ts';
import { plannedTraffic, trafficOf } from '../../../src/core/planning/traffic.ts';
import { letWait, randomFleet } from '../support/fleets.ts';
import { dice } from '../support/random.ts';

const SLOTS = 6;

/** A plan's flows, and what is stored of it: some work waits, some comes back, some is a job. */
function planned(seed: number, load: number) {
  const { fleet: random, inputs: plain } = randomFleet(seed, load, SLOTS);
  const fleet = letWait(random, 1, 3);
  const open = publicFleet(fleet);
  const d = dice(seed);
  const zones = fleet.zones.length;
  const backReqPerS = new Float64Array(SLOTS * zones * 2);
  for (let i = 0; i < zones; i++) backReqPerS[(zones + i) * 2 + 1] = d.uniform(0, 2);
  const at = (slots: number) => new Date(plain.startUtcMs + slots * MS_PER_HOUR).toISOString();
  const jobs: Job[] = [
    {
      class: fleet.classes[1]!.id,
      zone: fleet.zones[0]!.id,
      requests: d.uniform(100, 8000),
      from: at(1),
      to: at(5),
    },
  ];
  const inputs = { ...plain, backReqPerS, jobs };
  const p = assembleDispatch(open, inputs, inputs.demandReqPerS, [
    ...backWork(open, inputs),
    ...ownWork(open, inputs),
  ]);
  const { flow, unserved } = solve(p, assembleSites(fleet, inputs), { gapTarget: 1e-4 });
  const { startUtcMs, slotHours } = inputs;
  const header = {
    startUtcMs,
    slotHours,
    batch: batchOutcomes(open, p, slotHours, flow, unserved),
    jobs: jobOutcomes(jobs, p, slotHours, flow, unserved),
  };
  const slots = flow.map((slotFlow) => sharesOf(open, p, slotFlow));
  const stored = { header, slots, putOff: putOffOf(open, p, inputs, flow, unserved) };
  return { open, stored, told: plannedTraffic(open, inputs, p, flow) };
}

test.each([
  [0.5, 1e-3],
  // Where work is given up, the zones whose it was are not stored: of a class it is right in sum.
  [1.6, undefined],
])('of a stored plan is as its flows have it, at %d of capacity', (load, within) => {
  let waiting = 0;
  let lost = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const { open, stored, told } = planned(seed, load);
    const read = trafficOf(JSON.parse(JSON.stringify(stored)));
    expect(read.startUtcMs).toBe(told.startUtcMs);
    expect(read.slotHours).toBe(told.slotHours);
    const cls = open.classes[1]!.id;
    lost += stored.header.batch[0]!.unservedRequests;
    told.slots.forEach(({ shares, waitingReqPerS }, t) => {
      const slot = read.slots[t]!;
      expect(slot.shares).toEqual(shares);
      const sum = (of: Record<string, number>) => Object.values(of).reduce((a, b) => a + b, 0);
      expect(sum(slot.waitingReqPerS[cls]!)).toBeCloseTo(sum(waitingReqPerS[cls]!), 3);
      for (const { id } of open.sites) {
        const of = waitingReqPerS[cls]![id]!;
        if (of > 0.5) waiting++;
        if (within === undefined) continue;
        expect(Math.abs((slot.waitingReqPerS[cls]![id] ?? 0) - of)).toBeLessThan(within * (1 + of));
      }
    });
  }
  expect(waiting).toBeGreaterThan(100);
  if (within === undefined) expect(lost).toBeGreaterThan(0);
});
