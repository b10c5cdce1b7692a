import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../src/core/model/fleet.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { assembleDispatch } from '../../../src/core/planning/assemble.ts';
import { policies } from '../../../src/core/planning/policies/index.ts';
import { added } from '../../../src/core/planning/span-sums.ts';
import { backtest } from '../../../src/sim/backtest.ts';
import { withTemperatureError, withYesterdays } from '../../../src/sim/evidence/beliefs.ts';
import {
  dayCount,
  everyNthWeek,
  runWorld,
  type StudySettings,
  type World,
} from '../../../src/sim/evidence/study.ts';
import {
  withCapacity,
  withDerating,
  withoutRegion,
  withWaitingWork,
} from '../../../src/sim/evidence/variations.ts';
import { constantInputs, embeddedFleet } from '../../core/support/fleets.ts';
import { dice } from '../../core/support/random.ts';

const policy = (id: string) => policies.find((p) => p.id === id)!;
const settings: StudySettings = {
  optimizer: { gapTarget: 1e-6 },
  seed: 1,
  resamples: 50,
  blockDays: 7,
  level: 0.95,
};

/** Four cities with random weather, prices and carbon over some days. */
function world(days: number, change: (fleet: Fleet) => void = () => {}): World {
  const fleet = embeddedFleet();
  const keep = ['sydney', 'melbourne', 'hobart', 'adelaide'];
  fleet.sites = fleet.sites.filter((s) => keep.includes(s.id));
  fleet.zones = fleet.zones.filter((z) => keep.includes(z.id));
  change(fleet);
  const inputs = constantInputs(fleet, {
    slotCount: 24 * days,
    startUtcMs: Date.parse('2022-05-20T00:00Z'),
  });
  const d = dice(11);
  for (const series of inputs.sites) {
    series.tempC.forEach((_, t) => {
      series.tempC[t] = 18 + 8 * Math.sin((2 * Math.PI * t) / 24) + d.uniform(-3, 3);
      series.spotAudPerMwh[t] = d.uniform(-50, 300);
      series.carbonKgPerKwh[t] = d.uniform(0.05, 0.9);
    });
  }
  return { fleet, inputs };
}

describe('days', () => {
  test('add up to the backtest of the same span', () => {
    const w = world(3);
    const two = [policy('isotherm'), policy('nearest')];
    const whole = backtest(w.fleet, w.inputs, two, settings.optimizer);
    runWorld(w, two, [0, 1, 2], settings, 'test').forEach((run, n) => {
      const sums = added(run.days);
      const { objectiveAud, coolingKwh, requests, ttftMeanMs } = whole[n]!;
      expect(run.days).toHaveLength(3);
      expect(sums.objectiveAud).toBeCloseTo(objectiveAud, 6);
      expect(sums.coolingKwh).toBeCloseTo(coolingKwh, 6);
      expect(sums.requests).toBeCloseTo(requests, 3);
      expect(sums.userTtftMs / sums.servedUserRequests).toBeCloseTo(ttftMeanMs, 6);
      expect(run.maxGap).toBe(whole[n]!.maxGap);
    });
  });

  test('picked out are those of the whole, whatever lies between', () => {
    const w = world(4);
    const all = runWorld(w, [policy('isotherm')], [0, 1, 2, 3], settings, 'test')[0]!.days;
    const some = runWorld(w, [policy('isotherm')], [0, 2, 3], settings, 'test')[0]!.days;
    [0, 2, 3].forEach((d, n) => {
      expect(some[n]!.objectiveAud).toBeCloseTo(all[d]!.objectiveAud, 6);
    });
  });

  test('of a demand charge: a month pays for its peak once, and the next day knows', () => {
    const w = world(2, (fleet) => {
      for (const site of fleet.sites) {
        site.cost.demandCharge = { audPerKwMonth: 12, paidKw: 0 };
      }
    });
    const rows = w.inputs.demandReqPerS.length / 2;
    w.inputs.demandReqPerS.copyWithin(rows, 0, rows);
    for (const s of w.inputs.sites) {
      for (const of of [s.tempC, s.rhPct, s.carbonKgPerKwh, s.spotAudPerMwh]) {
        of.copyWithin(24, 0, 24);
      }
    }
    const [first, second] = runWorld(w, [policy('nearest')], [0, 1], settings, 'test')[0]!.days;
    const [, planned] = runWorld(w, [policy('isotherm')], [0, 1], settings, 'test')[0]!.days;
    // Two days alike: the second adds nothing to the peak.
    expect(second!.energyCostAud).toBeLessThan(0.8 * first!.energyCostAud);
    expect(planned!.objectiveAud).toBeLessThanOrEqual(second!.objectiveAud * (1 + 1e-5));
  });

  test('every nth week, whole days', () => {
    expect(everyNthWeek(30, 2)).toEqual([0, 1, 2, 3, 4, 5, 6, 14, 15, 16, 17, 18, 19, 20, 28, 29]);
    expect(everyNthWeek(5, 4)).toEqual([0, 1, 2, 3, 4]);
    expect(dayCount({ ...world(1).inputs, slotCount: 47 })).toBe(1);
  });
});

describe('beliefs', () => {
  test('of temperature are wrong by what they are said to be, in each city its own, and repeatable', () => {
    const w = world(200);
    const { believed } = withTemperatureError(w, 2, 5);
    const errors = w.inputs.sites.map((s, j) =>
      s.tempC.map((c, t) => believed!.sites[j]!.tempC[t]! - c),
    );
    for (const own of errors) {
      const mae = own.reduce((a, e) => a + Math.abs(e), 0) / own.length;
      expect(mae).toBeGreaterThan(1.5);
      expect(mae).toBeLessThan(2.5);
    }
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, t) => sum + x * b[t]!, 0);
    const [a, b] = errors as [Float64Array, Float64Array];
    expect(Math.abs(dot(a, b))).toBeLessThan(0.4 * Math.sqrt(dot(a, a) * dot(b, b)));
    expect(withTemperatureError(w, 2, 5).believed!.sites).toEqual(believed!.sites);
    expect(withTemperatureError(w, 2, 6).believed!.sites).not.toEqual(believed!.sites);
    expect(w.inputs.sites[0]!.tempC).not.toBe(believed!.sites[0]!.tempC);
  });

  test("yesterday's are a day old, and the truth is what is charged", () => {
    const w = withYesterdays(world(3), ['tempC']);
    const { believed, inputs } = w;
    expect(believed!.sites[1]!.tempC.slice(24)).toEqual(inputs.sites[1]!.tempC.slice(0, -24));
    expect(believed!.sites[1]!.carbonKgPerKwh).toBe(inputs.sites[1]!.carbonKgPerKwh);
    const days = [0, 1, 2];
    const [isotherm, nearest] = runWorld(
      w,
      [policy('isotherm'), policy('nearest')],
      days,
      settings,
      'test',
    );
    const [truly, home] = runWorld(
      { fleet: w.fleet, inputs },
      [policy('isotherm'), policy('nearest')],
      days,
      settings,
      'test',
    );
    expect(nearest!.days).toEqual(home!.days);
    const cost = (run: typeof isotherm) => added(run!.days).objectiveAud;
    expect(cost(isotherm)).toBeGreaterThan(cost(truly));
    expect(isotherm!.days[0]).toEqual(truly!.days[0]);
  });
});

describe('variations', () => {
  test('without a region: its people are served elsewhere', () => {
    const w = withoutRegion(world(1), 'TAS1');
    expect(w.fleet.sites.map((s) => s.id)).not.toContain('hobart');
    expect(w.fleet.zones.map((z) => z.id)).toContain('hobart');
    expect(w.inputs.sites).toHaveLength(3);
    const [run] = runWorld(w, [policy('nearest')], [0], settings, 'test');
    expect(run!.days[0]!.unservedRequests).toBeLessThan(1e-6);
  });

  test.each([1, 0.5])(
    'capacity by population to the power %f makes the peak as full as asked',
    (exponent) => {
      const w = withCapacity(world(2), { exponent, peakUtilisation: 0.4 });
      const { sites, classes } = w.fleet;
      const servers = sites.reduce((a, s) => a + s.hardware.servers, 0);
      const [chat, code] = siteWork(sites[0]!, classes).map((work) => work.serverS);
      let peak = 0;
      const perSlot = w.fleet.zones.length * 2;
      for (let t = 0; t < w.inputs.slotCount; t++) {
        const slot = w.inputs.demandReqPerS.subarray(t * perSlot, (t + 1) * perSlot);
        peak = Math.max(
          peak,
          slot.reduce((a, x, i) => a + x * (i % 2 === 0 ? chat! : code!), 0),
        );
      }
      // All four on the same hardware; whole servers are a little more or less.
      expect(peak / servers).toBeGreaterThan(0.33);
      expect(peak / servers).toBeLessThan(0.44);
      const ratio = sites[0]!.hardware.servers / sites[2]!.hardware.servers;
      expect(sites[0]!.id).toBe('sydney');
      if (exponent === 1) expect(ratio).toBeGreaterThan(3);
      else expect(ratio).toBeLessThan(3);
      for (const s of sites)
        expect(s.cost.fixedOverheadKw / s.hardware.servers).toBeCloseTo(0.4, 9);
    },
  );

  test('with work that may wait: a fifth of all requests', () => {
    const before = world(1);
    const w = withWaitingWork(before, 8);
    const sum = (of: World) => of.inputs.demandReqPerS.reduce((a, b) => a + b, 0);
    expect(sum(before) / sum(w)).toBeCloseTo(0.8, 2);
    const problem = assembleDispatch(publicFleet(w.fleet), w.inputs, w.inputs.demandReqPerS);
    expect(problem.batch!.length).toBeGreaterThan(0);
  });

  test('derating: capacity falls with the degrees above, in those hours only', () => {
    const before = world(1);
    before.inputs.sites[0]!.tempC.fill(20).fill(40, 3, 5);
    const w = withDerating(before, { aboveC: 30, perC: 0.02 });
    const [site] = assembleDispatch(publicFleet(w.fleet), w.inputs, w.inputs.demandReqPerS).sites;
    const most = site!.maxLoad[0]!;
    expect(Array.from(site!.maxLoad, (l) => Math.round((1000 * l) / most) / 1000)).toEqual(
      Array.from({ length: 24 }, (_, t) => (t === 3 || t === 4 ? 0.8 : 1)),
    );
  });
});
