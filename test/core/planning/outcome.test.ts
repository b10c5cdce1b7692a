import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { applyOverrides } from '../../../src/core/model/overrides.ts';
import { assembleDispatch } from '../../../src/core/planning/assemble.ts';
import { summarize } from '../../../src/core/planning/outcome.ts';
import { nearestFlows } from '../../../src/core/planning/policies/nearest.ts';
import { constantInputs, embeddedFleet } from '../support/fleets.ts';
import { dice } from '../support/random.ts';

test('shares are at most one, however their sums are rounded', () => {
  const fleet = publicFleet(embeddedFleet());
  const inputs = constantInputs(embeddedFleet(), { slotCount: 24 });
  const problem = assembleDispatch(fleet, inputs, inputs.demandReqPerS);
  const rows = problem.rowStart.length - 1;
  const random = dice(7);
  // All of every row to its nearest site, in numbers whose sums have to be rounded.
  const slot = () => {
    const flow = new Float64Array(problem.edgeSite.length);
    for (let r = 0; r < rows; r++) {
      const from = problem.rowStart[r]!;
      const costs = problem.edgeCostAud.subarray(from, problem.rowStart[r + 1]!);
      flow[from + costs.indexOf(Math.min(...costs))] = random.uniform(0, Math.PI);
    }
    return flow;
  };
  for (let n = 0; n < 20; n++) {
    const flow = Array.from({ length: 24 }, slot);
    const unserved = flow.map(() => new Float64Array(rows));
    const outcome = summarize(fleet, problem, inputs, flow, unserved);
    expect(outcome.nearestShare).toBeLessThanOrEqual(1);
    expect(outcome.nearestShare).toBeCloseTo(1, 12);
    expect(outcome.unservedShare).toBe(0);
  }
});

test('the nearest site is the one with the least TTFT of the registry, drained or not, at any price of time', () => {
  const fleet = embeddedFleet();
  fleet.prices.timeAudPerUserHour = 0;
  const open = publicFleet(fleet);
  const inputs = constantInputs(fleet);
  const shareWith = (drained: string[]) => {
    const sites = Object.fromEntries(drained.map((id) => [id, { drained: true as const }]));
    const inForce = applyOverrides(open, { revision: 1, sites, prices: {} });
    const problem = assembleDispatch(inForce, inputs, inputs.demandReqPerS);
    const { flow, unserved } = nearestFlows(inForce, problem);
    return summarize(open, problem, inputs, flow, unserved).nearestShare;
  };
  const all = shareWith([]);
  expect(all).toBeGreaterThan(0.7);
  // Its zone is a fifth of all: what another site serves of it is not at its nearest.
  expect(shareWith(['melbourne'])).toBeLessThan(all - 0.15);
});
