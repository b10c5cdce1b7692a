import { expect, test } from 'vitest';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { randomInstance } from '../support/instances.ts';

const SETTINGS = { gapTarget: 1e-9, maxRounds: 40 } as const;

test('a row’s price is what a little more of its demand costs', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const shape = { zones: 4, sites: 4, slots: 1, waitingAud: 2, utilisation: 0.6 };
    const { problem, sites } = randomInstance(seed, shape);
    const before = solve(problem, sites, SETTINGS);
    problem.demandReqPerS.forEach((demand, r) => {
      const step = 1e-4 * demand;
      const more = { ...problem, demandReqPerS: problem.demandReqPerS.slice() };
      more.demandReqPerS[r] = demand + step;
      const rise =
        solve(more, sites, SETTINGS).certificate.objectiveAud - before.certificate.objectiveAud;
      const price = before.rowPrices[0]![r]!;
      // The certificates' own width, over the step, is all that is left to chance.
      const slack =
        (4e-9 * Math.abs(before.certificate.objectiveAud)) / step + 2e-3 * Math.abs(price);
      expect(Math.abs(rise / step - price)).toBeLessThan(slack + 1e-6);
    });
  }
});

test('demand that cannot be served is priced as such, and never above', () => {
  const { problem, sites } = randomInstance(3, { slots: 2, edgeShare: 1, utilisation: 1.4 });
  for (const mode of ['learned', 'supply', 'classic'] as const) {
    const { rowPrices, unserved } = solve(problem, sites, { mode, gapTarget: 1e-5 });
    rowPrices.forEach((rows, t) => {
      rows.forEach((price, r) => {
        expect(price).toBeLessThanOrEqual(problem.unservedCostAud);
        if (unserved[t]![r]! > 1e-3 * problem.demandReqPerS[t * rows.length + r]!) {
          expect(price).toBeGreaterThan(0.999 * problem.unservedCostAud);
        }
      });
    });
  }
});
