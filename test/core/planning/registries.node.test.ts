import { expect, test } from 'vitest';
import { siteCapacity } from '../../../src/core/model/capacity.ts';
import { unloadedTtftMs } from '../../../src/core/model/eligibility.ts';
import { type Fleet, hasPlant, publicFleet } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles, idleServerKw } from '../../../src/core/model/hardware.ts';
import { mayWait } from '../../../src/core/model/request-class.ts';
import { itPower, siteFactors, siteWork } from '../../../src/core/model/site-power.ts';
import { planImpacts } from '../../../src/core/optimizer/impacts.ts';
import { type DispatchProblem, loadsOf, totalsOf } from '../../../src/core/optimizer/problem.ts';
import type { Settings } from '../../../src/core/optimizer/settings.ts';
import { operatePlant } from '../../../src/core/optimizer/site-plant/operate.ts';
import type { SiteProblem } from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { budgetPrices } from '../../../src/core/planning/budget.ts';
import { solveWithinBudgets } from '../../../src/core/planning/budget-solve.ts';
import { conditionsAt } from '../../../src/core/planning/inputs.ts';
import { sharesOf } from '../../../src/core/planning/plan.ts';
import { limitRises, standingLoads } from '../../../src/core/planning/ramp.ts';
import { plannedTraffic } from '../../../src/core/planning/traffic.ts';
import { infeasibilities } from '../support/feasible.ts';
import type { Sleep } from '../support/fleet-lp.ts';
import { assemble } from '../support/fleets.ts';
import type { Instance } from '../support/instances.ts';
import { dice } from '../support/random.ts';
import { queueLines, referenceOf } from '../support/reference.ts';
import { openTo, type Ruled, roomOf, ruledFleet, withPlants } from '../support/registry-rules.ts';

/**
 * Whole registries with every rule there is, mixed at random: maintenance, drained sites, residency, a
 * floor of fairness, headroom, sleep, lateness, work that may wait, plants, ramps and budgets. HiGHS is
 * given edges and limits as the registry has them (registry-rules.ts), how many servers are awake as a
 * variable, and budgets as rows; queues are between tangents and chords. REGISTRIES_FROM is the first seed.
 */
const SLOTS = 4;
const REGISTRIES = 60;
const FIRST_SEED = Number(process.env.REGISTRIES_FROM ?? 1);
const SEGMENTS = 30;
const GAP = 2e-3;
const MODES: Settings['mode'][] = ['learned', 'supply', 'classic'];
/** What budgets are missed at, AUD per kg and L. */
const MISSED_AUD = 20;

/** The problem with edges and limits as the registry has them. */
function ownProblem(ruled: Ruled, p: DispatchProblem, limits: Float64Array[]): DispatchProblem {
  const { fleet } = ruled;
  const rowStart = [0];
  const edgeSite: number[] = [];
  const edgeCostAud: number[] = [];
  for (const zone of fleet.zones) {
    fleet.classes.forEach((cls, k) => {
      const open = openTo(fleet, zone, k);
      fleet.sites.forEach((site, j) => {
        if (!open.has(site.id)) return;
        const hours = unloadedTtftMs(zone, site, fleet.classes, k) / 3_600_000;
        edgeSite.push(j);
        // An average request per second is 3,600 in a slot of an hour.
        edgeCostAud.push(mayWait(cls) ? 0 : 3600 * hours * fleet.prices.timeAudPerUserHour);
      });
      rowStart.push(edgeSite.length);
    });
  }
  return {
    ...p,
    sites: p.sites.map((site, j) => ({ ...site, maxLoad: limits[j]! })),
    rowStart: Int32Array.from(rowStart),
    edgeSite: Int32Array.from(edgeSite),
    edgeCostAud: Float64Array.from(edgeCostAud),
  };
}

/**
 * Sites without a plant, written out from the registry with as few servers awake as may be, and what one
 * more awake takes.
 */
function plainSites({ fleet, inputs }: Ruled, sites: SiteProblem[]) {
  const h = inputs.slotHours;
  const { carbonAudPerT, waterAudPerKl } = fleet.prices;
  const sleep = new Map<string, Sleep>();
  const own = sites.map((assembled, j): SiteProblem => {
    const site = fleet.sites[j]!;
    if (hasPlant(site.cost)) return assembled;
    const { headroom } = siteCapacity(site, inputs);
    const idleKw = idleServerKw(hardwareProfiles[site.hardware.profile]);
    const wakingKw = idleKw - Math.min(site.cost.sleepServerKw, idleKw);
    const slots = Array.from(headroom, (room, t) => {
      const power = itPower(site, siteWork(site, fleet.classes), room, 'fewest');
      const f = siteFactors(site, conditionsAt(inputs, j, t));
      const carbonKg = (itKw: number, moreKw = 0) =>
        h * (f.ppue * itKw + moreKw) * f.carbonKgPerKwh;
      const waterL = (itKw: number, moreKw = 0) =>
        h * ((f.ppue * itKw + moreKw) * f.gridWaterLPerKwh + itKw * f.onSiteWaterLPerKwh);
      const aud = (itKw: number, moreKw = 0) =>
        h * (f.ppue * itKw + moreKw) * f.energyAudPerKwh +
        (carbonKg(itKw, moreKw) * carbonAudPerT + waterL(itKw, moreKw) * waterAudPerKl) / 1000;
      if (site.cost.idle === 'sleep') {
        sleep.set(`${j} ${t}`, {
          asleep: site.hardware.servers - power.awakeServers,
          perLoad: power.awakePerLoad,
          costAud: aud(wakingKw),
          carbonKg: carbonKg(wakingKw),
          waterL: waterL(wakingKw),
        });
      }
      return { power, of: { aud, carbonKg, waterL } };
    });
    const standing = (of: 'aud' | 'carbonKg' | 'waterL') =>
      Float64Array.from(slots, (s) => s.of[of](s.power.baseKw, site.cost.fixedOverheadKw));
    const rates = (of: 'aud' | 'carbonKg' | 'waterL') =>
      Float64Array.from(slots.flatMap((s) => [...s.power.kwPerReqPerS].map((kw) => s.of[of](kw))));
    return {
      ...assembled,
      baseAud: standing('aud'),
      rateAud: rates('aud'),
      impacts: {
        carbonKg: standing('carbonKg'),
        waterL: standing('waterL'),
        marginalCarbonKg: rates('carbonKg'),
        marginalWaterL: rates('waterL'),
      },
    };
  });
  return { sites: own, sleep: (j: number, t: number) => sleep.get(`${j} ${t}`) };
}

/** A registry and its inputs, planned once before at other prices if it has a ramp. */
function registry(seed: number) {
  const d = dice(seed + 5e6);
  const ruled = withPlants(ruledFleet(seed, SLOTS), d);
  const { fleet, inputs } = ruled;
  if (d.chance(0.4)) fleet.ramp = { maxRisePerPlan: d.uniform(0.05, 0.5) };
  if (d.chance(0.4)) fleet.prices.timeAudPerUserHour = 0;
  // Hours in which drawing power pays, so that sleepers are woken for it.
  if (d.chance(0.4)) {
    for (const { spotAudPerMwh } of inputs.sites)
      spotAudPerMwh.forEach((_, t) => {
        spotAudPerMwh[t] = d.uniform(-400, 100);
      });
  }
  const { problem, sites } = assemble(fleet, inputs);
  const limits = problem.sites.map((_, j) =>
    Float64Array.from({ length: SLOTS }, (_, t) => roomOf(ruled, j, t)),
  );
  if (fleet.ramp) {
    const { maxRisePerPlan } = fleet.ramp;
    const before = {
      ...inputs,
      sites: inputs.sites.map((s) => ({
        ...s,
        spotAudPerMwh: s.spotAudPerMwh.map(() => d.uniform(-100, 400)),
        tempC: s.tempC.map(() => d.uniform(2, 42)),
      })),
    };
    const first = assemble(fleet, before);
    const { flow } = solve(first.problem, first.sites);
    const open = publicFleet(fleet);
    const traffic = plannedTraffic(open, before, first.problem, flow);
    const relaxed = limitRises(problem, open, standingLoads(problem, open, inputs, traffic));
    // The same demand at the same speeds: what the plan before loads sites with.
    const standing = flow.map((slot) => loadsOf(first.problem, slot));
    fleet.sites.forEach((_, j) => {
      const own = limits[j]!;
      own.forEach((room, t) => {
        const most = standing[t]![j]! + maxRisePerPlan * room;
        own[t] = relaxed.includes(t) ? problem.sites[j]!.maxLoad[t]! : Math.min(room, most);
      });
    });
  }
  return { ruled, d, problem, sites, limits };
}

/** Budgets around what a plan without them comes to. */
function someBudgets(d: ReturnType<typeof dice>, { problem, sites }: Instance) {
  if (!d.chance(0.4)) return {};
  const { state, flow } = solve(problem, sites);
  const taken = planImpacts(problem, state, flow)!;
  const which = d.integer(1, 3);
  return {
    ...(which & 1 && { carbonKg: taken.carbonKg * d.uniform(0.9, 1.02) }),
    ...(which & 2 && { waterL: taken.waterL * d.uniform(0.9, 1.02) }),
  };
}

/** Rules of the registry that the flows break, in words. */
function broken(ruled: Ruled, p: DispatchProblem, limits: Float64Array[], flow: Float64Array[]) {
  const { fleet } = ruled;
  const found: string[] = [];
  flow.forEach((of, t) => {
    loadsOf(p, of).forEach((load, j) => {
      if (!(load <= limits[j]![t]! * (1 + 1e-9) + 1e-12))
        found.push(`site ${j}, slot ${t}: ${load}`);
    });
    const shares = sharesOf(publicFleet(fleet), p, of);
    fleet.classes.forEach((cls, k) => {
      for (const zone of fleet.zones) {
        const open = openTo(fleet, zone, k);
        for (const [site, share] of shares[cls.id]?.[zone.id] ?? []) {
          if (share > 0 && !open.has(site)) found.push(`${zone.id} ${cls.id} at ${site}`);
        }
      }
    });
  });
  return found;
}

/** Most that a plant sheds of a plan, over what it is given. */
function shedShare(sites: SiteProblem[], totals: Float64Array[]): number {
  const sum = (of: Float64Array) => of.reduce((a, b) => a + b, 0);
  return Math.max(
    0,
    ...sites.map((site, j) => {
      if (!site.plant || !(sum(totals[j]!) > 0)) return 0;
      return sum(operatePlant(site, site.plant, totals[j]!).shedReqPerS) / sum(totals[j]!);
    }),
  );
}

const seeds = Array.from({ length: REGISTRIES }, (_, n) => FIRST_SEED + n);
test(`${REGISTRIES} registries with every rule`, { timeout: 300_000 }, () => {
  const seen = { plants: 0, budgets: 0, ramps: 0, awake: 0, linear: 0 };
  for (const seed of seeds) {
    const { ruled, d, problem, sites, limits } = registry(seed);
    const { fleet, inputs } = ruled;
    const budgets = someBudgets(d, { problem, sites });
    const capped = Object.keys(budgets).length > 0;
    const mode = MODES[seed % MODES.length]!;
    const settings = { mode, maxRounds: 60, gapTarget: GAP };
    const sitesAt = (shadow: { audPerKg: number; audPerL: number }) =>
      assembleSites({ ...fleet, prices: budgetPrices(fleet.prices, shadow) } as Fleet, inputs);
    const plan = capped
      ? solveWithinBudgets(problem, sitesAt, { ...settings, budgets })
      : solve(problem, sites, settings);
    const where = `seed ${seed}, ${mode}, ${JSON.stringify(budgets)}`;

    const own = plainSites(ruled, sites);
    const instance: Instance = {
      problem: ownProblem(ruled, problem, limits),
      sites: own.sites.map((site, j) => ({ ...site, maxLoad: limits[j]! })),
    };
    const lines = queueLines(instance, SEGMENTS);
    const options = { ...budgets, excessAud: MISSED_AUD, sleep: own.sleep };
    const low = referenceOf(instance, { ...options, lines: lines.tangents });
    const high = referenceOf(instance, { ...options, lines: lines.chords });
    const { objectiveAud: upper, lowerBoundAud: lower, gap } = plan.certificate;
    const allowed = 1e-6 * Math.abs(high) + 1e-9;
    expect(lower, where).toBeLessThanOrEqual(high + allowed);
    expect(upper, where).toBeGreaterThanOrEqual(low - allowed);
    expect(gap, where).toBeLessThanOrEqual(GAP);
    expect(infeasibilities(problem, plan), where).toEqual([]);
    expect(broken(ruled, problem, limits, plan.flow), where).toEqual([]);
    if (!capped) expect(shedShare(sites, totalsOf(problem, plan.flow)), where).toBeLessThan(1e-6);

    if (sites.some((s) => s.plant)) seen.plants++;
    if (capped) seen.budgets++;
    if (problem.limited) seen.ramps++;
    if (fleet.prices.timeAudPerUserHour === 0) seen.linear++;
    const paid = sites.some((s, j) =>
      s.baseAud.some((aud, t) => aud < own.sites[j]!.baseAud[t]! - 1e-9),
    );
    if (paid) seen.awake++;
  }
  for (const [what, count] of Object.entries(seen)) {
    expect(count, what).toBeGreaterThan(REGISTRIES / 10);
  }
});
