import { describe, expect, test } from 'vitest';
import { operatePlant } from '../../../src/core/optimizer/site-plant/operate.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { withBatch } from '../support/instances.ts';
import { plantFleet } from '../support/plants.ts';

/** Whole optimizations with sites whose slots depend on one another. */

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(SEEDS)('random plants of all kinds at every site, seed %i', (seed) => {
  const instance = plantFleet(seed, { utilisation: 0.5, slots: 8, waitingAud: 1, plants: 4 });
  const { problem: p, sites } = instance;
  const solution = solve(p, sites, { gapTarget: 1e-3, maxRounds: 60 });

  test('proven to 0.1 % by cuts alone', () => {
    expect(solution.stopReason).toBe('gap');
    expect(solution.rounds).toBeLessThanOrEqual(12);
    expect(solution.state.mode).toBe('learned');
  });

  test('the plan asks of no site what it cannot serve, and costs no more than it says', () => {
    const K = p.classCount;
    let costAud = 0;
    const totals = sites.map(() => new Float64Array(p.slotCount * K));
    solution.flow.forEach((flow, t) => {
      for (let r = 0; r + 1 < p.rowStart.length; r++) {
        costAud += solution.unserved[t]![r]! * p.unservedCostAud;
        for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
          const at = t * K + (r % K);
          totals[p.edgeSite[e]!]![at] = totals[p.edgeSite[e]!]![at]! + flow[e]!;
          costAud += flow[e]! * p.edgeCostAud[e]!;
        }
      }
    });
    sites.forEach((site, j) => {
      const { costAud: plantAud, shedReqPerS } = operatePlant(site, site.plant!, totals[j]!);
      const shed = shedReqPerS.reduce((a, b) => a + b, 0);
      const asked = totals[j]!.reduce((a, b) => a + b, 0);
      expect(shed).toBeLessThanOrEqual(1e-6 * asked + 1e-9);
      costAud += plantAud;
    });
    // Without the sites' queues, which cost something.
    expect(costAud).toBeLessThanOrEqual(
      solution.certificate.objectiveAud + 1e-6 * Math.abs(solution.certificate.objectiveAud),
    );
  });
});

// Of these seeds the plants' programs degenerate, and are solved to a millionth of the cost only.
test.each([14, 32, 42, 56])('no honest site is refused, seed %i', (seed) => {
  const { problem, sites } = plantFleet(seed, { utilisation: 1.1, waitingAud: 1, plants: 4 });
  const refused: string[] = [];
  const { stopReason } = solve(problem, sites, { gapTarget: 1e-3 }, (report) => {
    refused.push(...report.missing.map((m) => `${m.site} in round ${report.round}: ${m.reason}`));
  });
  expect(refused).toEqual([]);
  expect(stopReason).toBe('gap');
});

// Its third site has a plant that adds nothing in any hour: one cut, and that flat.
test.each(['learned', 'supply', 'classic'] as const)('a plant that changes nothing, %s', (mode) => {
  const { problem, sites } = plantFleet(50_125, { utilisation: 1.1, slots: 1, plants: 3 });
  expect(solve(problem, sites, { mode }).stopReason).toBe('gap');
});

test('supply rounds go on as learned ones where a site has a plant', () => {
  const { problem, sites } = plantFleet(3, { utilisation: 0.5, waitingAud: 1 });
  const { certificate, state } = solve(problem, sites, { mode: 'supply', gapTarget: 1e-3 });
  expect(certificate.gap).toBeLessThanOrEqual(1e-3);
  expect(state.mode).toBe('learned');
});

test('classic rounds and cuts agree on the optimum within their gaps', () => {
  const { problem, sites } = plantFleet(4, { utilisation: 0.4, waitingAud: 1 });
  const cuts = solve(problem, sites, { gapTarget: 1e-4 }).certificate;
  const classic = solve(problem, sites, { mode: 'classic', gapTarget: 1e-2, maxRounds: 200 });
  expect(classic.certificate.lowerBoundAud).toBeLessThanOrEqual(cuts.objectiveAud + 1e-9);
  expect(cuts.lowerBoundAud).toBeLessThanOrEqual(classic.certificate.objectiveAud + 1e-9);
});

test('work that may wait, and plants, in one plan', () => {
  for (const seed of [1, 2, 3]) {
    const fleet = plantFleet(seed, { utilisation: 0.4, waitingAud: 1 });
    const { problem, sites } = withBatch(fleet, 1, 3);
    const { certificate, stopReason } = solve(problem, sites, { gapTarget: 1e-3 });
    expect(stopReason).toBe('gap');
    expect(certificate.lowerBoundAud).toBeLessThanOrEqual(certificate.objectiveAud);
  }
});
