import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unloadedTtftMs } from '../../../src/core/model/eligibility.ts';
import { type Fleet, fleetSchema, publicFleet, type Zone } from '../../../src/core/model/fleet.ts';
import { mayWait } from '../../../src/core/model/request-class.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import type { PlanningInputs } from '../../../src/core/planning/inputs.ts';
import { sharesOf } from '../../../src/core/planning/plan.ts';
import { assemble, letWait, randomFleet } from '../support/fleets.ts';
import { dice } from '../support/random.ts';

/** What no plan may break, whatever it would save: the registry's rules, read here anew. */

const SLOTS = 4;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** A random fleet with maintenance, drained sites, residency, a floor of fairness, and room kept. */
function ruledFleet(seed: number): { fleet: Fleet; inputs: PlanningInputs } {
  const d = dice(seed);
  const { fleet: free, inputs } = randomFleet(seed, d.uniform(0.2, 0.7), SLOTS);
  const fleet = d.chance(0.3) ? letWait(free, 1, 3) : free;
  const at = (minutes: number) => new Date(inputs.startUtcMs + minutes * MINUTE_MS).toISOString();
  for (const site of fleet.sites) {
    if (d.chance(0.1)) site.state = 'drained';
    if (d.chance(0.5)) {
      site.maintenance = Array.from({ length: d.integer(1, 2) }, () => {
        const from = d.integer(-60, SLOTS * 60 - 1);
        const capacityShare = d.chance(0.6) ? 0 : d.uniform(0, 1);
        return { from: at(from), to: at(from + d.integer(1, 150)), capacityShare };
      });
    }
  }
  for (const zone of fleet.zones) {
    if (d.chance(0.5)) {
      const some = fleet.sites.filter(() => d.chance(0.5)).map((s) => s.id);
      if (some.length > 0) zone.allowedSites = some;
    }
    if (d.chance(0.4)) zone.fairness = { maxExtraTtftMs: d.uniform(0, 60) };
  }
  if (d.chance(0.5)) fleet.fairness = { maxExtraTtftMs: d.uniform(0, 60) };
  return { fleet: fleetSchema.parse(fleet), inputs };
}

/** Busy servers a plan may use of a site in a slot: the least that any of its minutes leaves. */
function roomOf({ fleet, inputs }: { fleet: Fleet; inputs: PlanningInputs }, j: number, t: number) {
  const site = fleet.sites[j]!;
  if (site.state === 'drained') return 0;
  let share = 1;
  for (let minute = 0; minute < 60; minute++) {
    const ms = inputs.startUtcMs + t * HOUR_MS + minute * MINUTE_MS;
    for (const { from, to, capacityShare } of site.maintenance ?? []) {
      if (ms >= Date.parse(from) && ms < Date.parse(to)) share = Math.min(share, capacityShare);
    }
  }
  const usable = share * site.hardware.servers * site.maxUtilisation;
  return Math.max(0, usable - (site.headroomServers ?? 0));
}

/** Which sites the registry lets a zone's class go to. */
function openTo(fleet: Fleet, zone: Zone, k: number): Set<string> {
  const { ttftSloMs = Infinity } = fleet.classes[k]!;
  const ttftMs = (j: number) => unloadedTtftMs(zone, fleet.sites[j]!, fleet.classes, k);
  const inReach = fleet.sites.flatMap((site, j) =>
    site.state === 'active' &&
    (zone.allowedSites ?? [site.id]).includes(site.id) &&
    ttftMs(j) <= ttftSloMs
      ? [j]
      : [],
  );
  const floor = mayWait(fleet.classes[k]!) ? undefined : (zone.fairness ?? fleet.fairness);
  const fastestMs = Math.min(...inReach.map(ttftMs));
  const latestMs = fastestMs + (floor?.maxExtraTtftMs ?? Infinity);
  return new Set(inReach.filter((j) => ttftMs(j) <= latestMs).map((j) => fleet.sites[j]!.id));
}

const rules = ['maintenance', 'residency', 'fairness'] as const;
type Broken = Record<(typeof rules)[number], number>;

/** Rules of `ruled` that a plan made for `planned` breaks, in the shares that routers get. */
function brokenBy(
  ruled: { fleet: Fleet; inputs: PlanningInputs },
  planned: Fleet,
  mode: 'learned' | 'supply' | 'classic',
): Broken {
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
        const ruled = ruledFleet(seed);
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
