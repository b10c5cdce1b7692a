import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amountsAt, type Choice } from '../../../src/core/accounting/receipt.ts';
import { spreadAmounts, spreadOf } from '../../../src/core/accounting/spread.ts';
import type { PublicSite } from '../../../src/core/model/fleet.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { embeddedFleet } from '../support/fleets.ts';

const sites = publicFleet(embeddedFleet()).sites;
const factor = fc.double({ min: -1, max: 2, noNaN: true });
const choice: fc.Arbitrary<Choice> = fc.record({
  site: fc.constantFrom(...sites),
  factors: fc.record({
    energyKwh: factor,
    carbonKg: factor,
    waterL: factor,
    costAud: factor as fc.Arbitrary<number | null>,
    basis: fc.constant({
      basis: 'disclosed' as const,
      energyBasis: 'disclosed' as const,
      costBasis: 'disclosed' as const,
    }),
  }),
});
const usage = { promptTokens: 3000, completionTokens: 500, cachedTokens: 200 };
const capacity = (site: PublicSite) => site.hardware.servers * site.maxUtilisation;

test('is the mean of what each site would take, by capacity', () => {
  fc.assert(
    fc.property(fc.array(choice, { minLength: 1, maxLength: 20 }), (choices) => {
      const all = choices.reduce((sum, c) => sum + capacity(c.site), 0);
      const mean = (of: 'energyMilliWh' | 'carbonMg' | 'costNanoAud') =>
        choices.reduce(
          (sum, { site, factors }) =>
            sum + (capacity(site) / all) * Number(amountsAt(site, factors, usage)[of]),
          0,
        );
      const spread = spreadAmounts(spreadOf(choices), usage);
      // Each site's whole numbers are rounded, and so is the mean.
      expect(Math.abs(spread.energyMilliWh - mean('energyMilliWh'))).toBeLessThanOrEqual(1);
      expect(Math.abs(spread.carbonMg - mean('carbonMg'))).toBeLessThanOrEqual(1);
      expect(Math.abs(Number(spread.costNanoAud) - mean('costNanoAud'))).toBeLessThanOrEqual(1);
    }),
  );
});

test('costs nothing that is known where one site’s cost is not', () => {
  const [a, b] = fc.sample(choice, { numRuns: 2, seed: 1 }) as [Choice, Choice];
  const untold = { ...b, factors: { ...b.factors, costAud: null } };
  for (const order of [
    [a, untold],
    [untold, a],
  ]) {
    const spread = spreadAmounts(spreadOf(order), usage);
    expect(spread.costNanoAud).toBeNull();
    expect(spread.energyMilliWh).toBe(spreadAmounts(spreadOf([a, b]), usage).energyMilliWh);
  }
});
