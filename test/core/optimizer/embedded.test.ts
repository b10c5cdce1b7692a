import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { assemble, embeddedFleet } from '../support/fleets.ts';
import { planFaults, totalsOf } from '../support/plans.ts';

const fleet = embeddedFleet();

test.each(['2026-01-15', '2026-04-05', '2026-07-01', '2026-10-04'])(
  '%s: learned in at most 8 rounds, classic in at most 50, the same objective',
  (day) => {
    const inputs = embeddedInputs(publicFleet(fleet), Date.parse(`${day}T00:00Z`), 24);
    const { problem, sites } = assemble(fleet, inputs);
    const learned = solve(problem, sites, { mode: 'learned' });
    const classic = solve(problem, sites, { mode: 'classic' });
    for (const s of [learned, classic]) {
      expect(s.stopReason).toBe('gap');
      expect(s.certificate.gap).toBeLessThanOrEqual(1e-3);
      const faults = planFaults(problem, s.flow, s.unserved);
      expect(faults.demand).toBeLessThan(1e-12);
      expect(faults.overLimit).toBeLessThan(1e-12);
      expect(faults.unservedShare).toBeLessThan(1e-9);
    }
    expect(learned.rounds).toBeLessThanOrEqual(8);
    expect(classic.rounds).toBeLessThanOrEqual(50);
    const slack = 1e-9 * learned.certificate.objectiveAud;
    expect(learned.certificate.lowerBoundAud).toBeLessThanOrEqual(
      classic.certificate.objectiveAud + slack,
    );
    expect(classic.certificate.lowerBoundAud).toBeLessThanOrEqual(
      learned.certificate.objectiveAud + slack,
    );
  },
);

test('the defaults are such that something moves, and not everything', () => {
  const inputs = embeddedInputs(publicFleet(fleet), Date.parse('2026-01-15T00:00Z'), 24);
  const { problem, sites } = assemble(fleet, inputs);
  const { flow } = solve(problem, sites);
  const served = totalsOf(problem, flow).map((totals) => totals.reduce((a, b) => a + b, 0));
  const all = served.reduce((a, b) => a + b, 0);
  // Share that leaves its own city, zones and sites being in the same order.
  let away = 0;
  for (let r = 0; r + 1 < problem.rowStart.length; r++) {
    const home = Math.floor(r / problem.classCount);
    for (let e = problem.rowStart[r]!; e < problem.rowStart[r + 1]!; e++) {
      if (problem.edgeSite[e] === home) continue;
      for (const slot of flow) away += slot[e]!;
    }
  }
  expect(away / all).toBeGreaterThan(0.1);
  expect(away / all).toBeLessThan(0.9);
  expect(Math.max(...served) / all).toBeLessThan(0.5);
});
