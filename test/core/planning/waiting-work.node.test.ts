import { expect, test } from 'vitest';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assemble, letWait, randomFleet } from '../support/fleets.ts';
import { dice } from '../support/random.ts';
import { reference } from '../support/reference.ts';

/** Fleets with a class that may wait, as assembled from registry and inputs, against HiGHS. */

test.each(['learned', 'supply', 'classic'] as const)(
  '%s: the certificate contains the optimum of HiGHS',
  (mode) => {
    for (let seed = 1; seed <= 12; seed++) {
      const d = dice(seed);
      const random = randomFleet(seed, d.uniform(0.1, 1.3), 8);
      const fleet = letWait(random.fleet, seed % 2, d.integer(1, 10));
      // What is left is linear: HiGHS has no queues.
      fleet.prices = { ...fleet.prices, timeAudPerUserHour: 0, lateAudPerRequest: 0 };
      fleet.zones[0]!.allowedSites = [fleet.sites[0]!.id];
      const instance = assemble(fleet, random.inputs);
      const optimum = reference(instance);
      const { certificate } = solve(instance.problem, instance.sites, { mode, maxRounds: 100 });
      const rounding = 1e-7 * Math.abs(optimum);
      expect(certificate.lowerBoundAud).toBeLessThanOrEqual(optimum + rounding);
      expect(certificate.objectiveAud).toBeGreaterThanOrEqual(optimum - rounding);
      expect(certificate.gap).toBeLessThanOrEqual(1e-3);
    }
  },
);
