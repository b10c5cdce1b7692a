import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { sharesOf } from '../../../src/core/planning/plan.ts';
import { assemble } from '../support/fleets.ts';
import { openTo, type Ruled, roomOf, ruledFleet } from '../support/registry-rules.ts';

/** What no plan may break, whatever it would save: the registry's rules, read here anew. */

const SLOTS = 4;

const rules = ['maintenance', 'residency', 'fairness'] as const;
type Broken = Record<(typeof rules)[number], number>;

/** Rules of `ruled` that a plan made for `planned` breaks, in the shares that routers get. */
function brokenBy(ruled: Ruled, planned: Fleet, mode: 'learned' | 'supply' | 'classic'): Broken {
  const { fleet, inputs } = ruled;
  const broken: Broken = { maintenance: 0, residency: 0, fairness: 0 };
  const { problem, sites } = assemble(planned, inputs);
  const { flow } = solve(problem, sites, { mode, gapTarget: 1e-2, maxRounds: 200 });
  const perReqPerS = fleet.sites.map((s) => siteWork(s, fleet.classes).map((w) => w.serverS));
  flow.forEach((of, t) => {
    const load = new Float64Array(fleet.sites.length);
    for (let r = 0; r + 1 < problem.rowStart.length; r++) {
      for (let e = problem.rowStart[r]!; e < problem.rowStart[r + 1]!; e++) {
        const j = problem.edgeSite[e]!;
        load[j] = load[j]! + of[e]! * perReqPerS[j]![r % problem.classCount]!;
      }
    }
    load.forEach((used, j) => {
      if (used > roomOf(ruled, j, t) * (1 + 1e-9)) broken.maintenance++;
    });
    const shares = sharesOf(publicFleet(planned), problem, of);
    fleet.classes.forEach((cls, k) => {
      for (const zone of fleet.zones) {
        const open = openTo(fleet, zone, k);
        for (const [site, share] of shares[cls.id]?.[zone.id] ?? []) {
          if (share <= 0 || open.has(site)) continue;
          const isAllowed = (zone.allowedSites ?? [site]).includes(site);
          broken[isAllowed ? 'fairness' : 'residency']++;
        }
      }
    });
  });
  return broken;
}

test('no plan loads a closed site, sends a request out of its residency, or beyond the floor', () => {
  const withoutRules: Broken = { maintenance: 0, residency: 0, fairness: 0 };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.constantFrom('learned', 'supply', 'classic'),
      (seed, mode) => {
        const ruled = ruledFleet(seed, SLOTS);
        expect(brokenBy(ruled, ruled.fleet, mode)).toEqual({
          maintenance: 0,
          residency: 0,
          fairness: 0,
        });
        // The same day without any rule: what plans would do if they could.
        const free = structuredClone(ruled.fleet);
        delete free.fairness;
        for (const zone of free.zones) {
          delete zone.allowedSites;
          delete zone.fairness;
        }
        for (const site of free.sites) delete site.maintenance;
        const broken = brokenBy(ruled, free, mode);
        for (const rule of rules) withoutRules[rule] += broken[rule];
      },
    ),
    { seed: 1, numRuns: 25 },
  );
  for (const rule of rules) expect(withoutRules[rule]).toBeGreaterThan(10);
});
