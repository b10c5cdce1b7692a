import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FastSite,
  modelledPower,
  type PowerState,
  powerTimes,
  takeItPower,
} from '../../../src/core/learning/power.ts';
import { packServed, type ServedHour, unpackServed } from '../../../src/core/learning/served.ts';
import type { RequestClass, Site } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles } from '../../../src/core/model/hardware.ts';
import { itPower, siteWork } from '../../../src/core/model/site-power.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { embeddedFleet } from '../support/fleets.ts';
import { seededRandom } from '../support/random.ts';

const { sites, classes } = embeddedFleet();
const asleep = sites[0] as Site;
const site: Site = { ...asleep, cost: { ...asleep.cost, idle: 'always-on' } };
const [chat] = classes as [RequestClass];
const [work] = siteWork(site, [chat]) as [ReturnType<typeof siteWork>[number]];

/** An hour of chat requests at a load of so many busy servers. */
function hourOf(load: number, fromUtcMs: number): ServedHour {
  const requests = (load / work.serverS) * 3600;
  return {
    fromUtcMs,
    forMs: MS_PER_HOUR,
    workMs: requests * work.prefillMs,
    tokens: requests * chat.meanOutputTokens,
  };
}

/** IT power of a site that takes so many times the model's, idle and at work, at a load, kW. */
function truthKw(of: Site, load: number, idle: number, times: number): number {
  const { baseKw, kwPerReqPerS } = itPower(of, siteWork(of, [chat]), 0, 'fewest', {
    idle,
    load: times,
  });
  return baseKw + (kwPerReqPerS[0] as number) * (load / work.serverS);
}

/** After a report every quarter of an hour by day and night, off by up to 5 % each, and some nonsense. */
function learned(of: Site, idle: number, load: number, seed = 1, reports = 2000, nonsense = 0) {
  const random = seededRandom(seed);
  const most = of.hardware.servers * of.maxUtilisation;
  let state: PowerState | undefined;
  for (let n = 1; n <= reports; n++) {
    const byDay = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 96);
    const busy = most * (0.05 + 0.8 * byDay * (0.6 + 0.4 * random()));
    const trueKw = truthKw(of, busy, idle, load) * (0.95 + 0.1 * random());
    const itKw = random() < nonsense ? 10 ** (8 * random() - 2) : trueKw;
    const utcMs = (n / 4) * MS_PER_HOUR;
    state = takeItPower(state, of, utcMs, itKw, [hourOf(busy, utcMs - MS_PER_HOUR)]);
  }
  return powerTimes(state, of);
}

test('the model’s power of an hour’s work is that of a plan with the same load', () => {
  const ofSite = fc.constantFrom(site, asleep, { ...asleep, headroomServers: 2 });
  fc.assert(
    fc.property(ofSite, fc.double({ min: 0, max: 0.8, noNaN: true }), (of, share) => {
      const load = share * of.hardware.servers;
      const { idleKw, loadKw } = modelledPower(of, [hourOf(load, 0)], MS_PER_HOUR)!;
      const { baseKw, kwPerReqPerS } = itPower(of, [work], of.headroomServers);
      const kw = baseKw + (kwPerReqPerS[0] as number) * (load / work.serverS);
      expect(idleKw + loadKw).toBeCloseTo(kw, 6);
      expect(idleKw).toBeGreaterThanOrEqual(-1e-9);
    }),
  );
});

test('power is the model’s before any report, and comes to be what meters say at every load', () => {
  expect(powerTimes(undefined, site)).toEqual({ idle: 1, load: 1 });
  const idle = fc.double({ min: 0.6, max: 1.8, noNaN: true });
  const load = fc.double({ min: 0.6, max: 1.6, noNaN: true });
  fc.assert(
    fc.property(idle, load, fc.nat(1e6), fc.constantFrom(site, asleep), (a, b, seed, of) => {
      const times = learned(of, a, b, seed);
      const most = of.hardware.servers * of.maxUtilisation;
      const wrong = (at: number, t: { idle: number; load: number }) =>
        Math.abs(truthKw(of, at, t.idle, t.load) / truthKw(of, at, a, b) - 1);
      for (const share of [0.2, 0.5, 0.8]) {
        const before = wrong(share * most, { idle: 1, load: 1 });
        expect(wrong(share * most, times)).toBeLessThan(0.06 + 0.1 * before);
      }
      expect(Math.abs(times.load - b)).toBeLessThan(0.25 * Math.abs(b - 1) + 0.08);
    }),
    { numRuns: 40 },
  );
});

test('what hours do not tell apart stays near the model: a site that is never busy says little of work', () => {
  let state: PowerState | undefined;
  for (let n = 1; n <= 500; n++) {
    const hour = hourOf(0.02, n * MS_PER_HOUR);
    const itKw = truthKw(site, 0.02, 1.5, 1.5);
    state = takeItPower(state, site, (n + 1) * MS_PER_HOUR, itKw, [hour]);
  }
  const { idle, load } = powerTimes(state, site);
  expect(idle).toBeGreaterThan(1.3);
  expect(load).toBeLessThan(1.1);
});

test('whatever is reported and counted, both are from a third to three, and a busy server draws no less than an idle one', () => {
  const any = fc.double({ min: 0, max: 1e9, noNaN: true });
  const report = fc.record({
    itKw: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    workMs: any,
    tokens: any,
    forMs: fc.double({ min: 1, max: 1e8, noNaN: true }),
    prefill: fc.double({ min: 1 / 8, max: 8, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(report, { maxLength: 200 }),
      fc.constantFrom(...sites, site),
      (reports, of) => {
        let state: PowerState | undefined;
        reports.forEach(({ itKw, prefill, ...hour }, n) => {
          const fast: FastSite = { ...of, speed: { prefill, decode: 1 / prefill, rttMs: {} } };
          const served = [{ ...hour, fromUtcMs: n * MS_PER_HOUR }];
          state = takeItPower(state, fast, (n + 1) * MS_PER_HOUR, itKw, served);
        });
        const { idle, load } = powerTimes(state, of);
        expect(load).toBeGreaterThanOrEqual(1 / 3);
        expect(load).toBeLessThanOrEqual(3);
        expect(idle).toBeGreaterThanOrEqual(1 / 3);
        expect(idle).toBeLessThanOrEqual(3);
        const { idleW, decodeW } = hardwareProfiles[of.hardware.profile];
        expect(load * decodeW).toBeGreaterThanOrEqual(idle * idleW * (1 - 1e-12));
        const power = itPower(of, siteWork(of, classes), 0, 'fewest', { idle, load });
        for (const kw of power.kwPerReqPerS) expect(kw).toBeGreaterThanOrEqual(-1e-12);
      },
    ),
  );
});

test('one report in a hundred that is nonsense moves it little', () => {
  fc.assert(
    fc.property(fc.nat(1e6), (seed) => {
      const clean = learned(site, 1.2, 1.1, seed);
      const spoilt = learned(site, 1.2, 1.1, seed, 2000, 0.01);
      const at = (t: { idle: number; load: number }) => truthKw(site, 5, t.idle, t.load);
      expect(Math.abs(at(spoilt) / at(clean) - 1)).toBeLessThan(0.04);
    }),
    { numRuns: 20 },
  );
});

describe('a report says nothing', () => {
  const hour = hourOf(3, 0);
  const once = takeItPower(undefined, site, MS_PER_HOUR, 40, [hour])!;
  test('of an hour that was not counted, or in part only', () => {
    expect(takeItPower(undefined, site, MS_PER_HOUR, 40, [])).toBeUndefined();
    expect(takeItPower(undefined, site, 1.2 * MS_PER_HOUR, 40, [hour])).toBeUndefined();
    expect(takeItPower(once, site, 9 * MS_PER_HOUR, 40, [hour])).toBe(once);
  });
  test('twice', () => {
    expect(takeItPower(once, site, MS_PER_HOUR, 90, [hour])).toBe(once);
  });
  test('with other hardware in the registry: it is learned anew', () => {
    const more = { ...site, hardware: { ...site.hardware, servers: 3 } };
    expect(powerTimes(once, more)).toEqual({ idle: 1, load: 1 });
    const state = takeItPower(once, more, 2 * MS_PER_HOUR, 9, [hourOf(1, MS_PER_HOUR)]);
    expect(state?.reports).toBe(1);
  });
});

test('a report between two counted hours is held against both, by time', () => {
  const hours = [hourOf(2, 0), hourOf(6, MS_PER_HOUR)];
  const both = modelledPower(site, hours, 1.25 * MS_PER_HOUR)!;
  expect(both.loadKw).toBeCloseTo(modelledPower(site, [hourOf(3, 0)], MS_PER_HOUR)!.loadKw, 9);
  expect(unpackServed(packServed(hours))).toEqual(hours);
  for (const bad of [
    [1, 2, 3],
    [0, 0, 1, 1],
    [0, 1, -1, 1],
    [0, 1, Number.NaN, 1],
  ]) {
    expect(unpackServed(Float64Array.from(bad))).toBeUndefined();
  }
  expect(unpackServed(new Float64Array(28).fill(1))).toBeUndefined();
});
