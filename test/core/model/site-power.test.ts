import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { siteCapacity } from '../../../src/core/model/capacity.ts';
import type { Site } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles, idleServerKw, requestWork } from '../../../src/core/model/hardware.ts';
import { resourceAud } from '../../../src/core/model/objective.ts';
import {
  itKwhAud,
  itPower,
  operate,
  siteFactors,
  siteWork,
} from '../../../src/core/model/site-power.ts';
import { tinyFleet } from '../support/fleets.ts';

const fleet = tinyFleet();
const site = fleet.sites[0] as Site;
const asleep: Site = { ...site, cost: { ...site.cost, idle: 'sleep' } };
const work = siteWork(site, fleet.classes);
const hw = hardwareProfiles['h100-tp8'];

const decodeKw = (idleServerKw(hw) * hw.decodeW) / hw.idleW;

/** IT power by counting servers: those in use at their phase's power, the others idle or asleep. */
function countedKw(s: Site, rateReqPerS: number): number {
  const w = requestWork(hw, [1155], 211, 32);
  const busy = rateReqPerS * w.serverS;
  const { servers } = s.hardware;
  const inUse = busy / s.maxUtilisation;
  const awake = s.cost.idle === 'sleep' ? 1 + (inUse * (servers - 1)) / servers : servers;
  const busyKw = rateReqPerS * w.itEnergyKwh * 3600;
  return (
    busyKw +
    (inUse - busy) * decodeKw +
    (awake - inUse) * idleServerKw(hw) +
    (servers - awake) * s.cost.sleepServerKw
  );
}

describe('IT power', () => {
  test.each([
    ['always-on', site],
    ['sleep', asleep],
  ])('%s: linear, and equal to counting servers', (_, s) => {
    const p = itPower(s, work);
    for (const rate of [0, 1, 4, 9]) {
      expect(p.baseKw + p.kwPerReqPerS[0]! * rate).toBeCloseTo(countedKw(s, rate), 10);
    }
  });

  test('sleep reaches all servers awake exactly at u_max', () => {
    const rate = (site.hardware.servers * site.maxUtilisation) / work[0]!.serverS;
    const on = itPower(site, work);
    const off = itPower(asleep, work);
    expect(off.baseKw + off.kwPerReqPerS[0]! * rate).toBeCloseTo(
      on.baseKw + on.kwPerReqPerS[0]! * rate,
      10,
    );
    expect(off.baseKw).toBeLessThan(on.baseKw);
  });

  test('headroom stays awake at any load, and all are awake at the limit it leaves', () => {
    const kept = 1.3;
    const p = itPower(asleep, work, kept);
    const bare = itPower(asleep, work);
    const perAwakeKw = idleServerKw(hw) - asleep.cost.sleepServerKw;
    // One is awake in any case.
    const more = kept / asleep.maxUtilisation - 1;
    expect(p.baseKw - bare.baseKw).toBeCloseTo(perAwakeKw * more, 12);
    const headroomed = { ...asleep, headroomServers: kept };
    const horizon = { startUtcMs: 0, slotCount: 1, slotHours: 1 };
    const { maxLoad, headroom } = siteCapacity(headroomed, horizon);
    expect(headroom[0]).toBe(kept);
    expect(p.awakeServers + p.awakePerLoad * maxLoad[0]!).toBeCloseTo(site.hardware.servers, 12);
    // Maintenance that leaves less than the headroom leaves no load, and a drained site keeps none.
    const window = { from: '1970-01-01T00:00Z', to: '1970-01-01T01:00Z', capacityShare: 0.1 };
    const poor = siteCapacity({ ...headroomed, maintenance: [window] }, horizon);
    expect(poor.maxLoad[0]).toBe(0);
    expect(poor.headroom[0]).toBeCloseTo(0.1 * site.maxUtilisation * site.hardware.servers, 12);
    expect(siteCapacity({ ...headroomed, state: 'drained' }, horizon).headroom[0]).toBe(0);
  });

  test('servers awake are the cheapest choice at every price, negative ones included', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.4, max: 0.4, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (rateAudPerKwh, headroom, rate) => {
          const s: Site = {
            ...asleep,
            cost: { ...asleep.cost, tariff: { kind: 'flat', rateAudPerKwh } },
          };
          const now = { utcMs: 0, tempC: 30, rhPct: 40, spotAudPerMwh: Number.NaN };
          const factors = siteFactors(s, { ...now, carbonKgPerKwh: 0.6, gridWaterLPerKwh: 1 });
          const aud = itKwhAud(factors, fleet.prices);
          const p = itPower(s, work, headroom, aud < 0 ? 'all' : 'fewest');
          const load = rate * work[0]!.serverS;
          const first = Math.max(1, headroom / s.maxUtilisation);
          const full = s.hardware.servers * s.maxUtilisation - headroom;
          const least = first + (load * (s.hardware.servers - first)) / full;
          const inUse = load / s.maxUtilisation;
          const costOf = (awake: number) =>
            aud *
            (rate * work[0]!.itEnergyKwh * 3600 +
              (inUse - load) * decodeKw +
              (awake - inUse) * idleServerKw(hw) +
              (s.hardware.servers - awake) * s.cost.sleepServerKw);
          const chosen = aud * (p.baseKw + p.kwPerReqPerS[0]! * rate);
          for (const share of [0, 0.3, 1]) {
            const awake = least + share * (s.hardware.servers - least);
            expect(chosen).toBeLessThanOrEqual(costOf(awake) + 1e-12);
          }
        },
      ),
      { seed: 6, numRuns: 200 },
    );
  });

  test('what an IT kWh costs is the rise of the site’s cost by it', () => {
    const now = { utcMs: 0, tempC: 30, rhPct: 40, spotAudPerMwh: Number.NaN };
    const factors = siteFactors(site, { ...now, carbonKgPerKwh: 0.6, gridWaterLPerKwh: 1 });
    const audPerH = (kw: number) => {
      const o = operate(site, factors, kw);
      return o.energyAudPerH + resourceAud(fleet.prices, o.carbonKgPerH, o.waterLPerH);
    };
    expect(itKwhAud(factors, fleet.prices)).toBeCloseTo(audPerH(3) - audPerH(2), 12);
  });

  test('a sleeping server never draws more than an idle one', () => {
    const odd: Site = { ...asleep, cost: { ...asleep.cost, sleepServerKw: 5 } };
    expect(itPower(odd, work).baseKw).toBeCloseTo(itPower(site, work).baseKw, 12);
  });
});

describe('operation', () => {
  const now = {
    utcMs: 0,
    tempC: 30,
    rhPct: 40,
    spotAudPerMwh: Number.NaN,
    carbonKgPerKwh: 0.66,
    gridWaterLPerKwh: 1.1,
  };

  test('by hand: 10 kW of IT at pPUE 1.25 with 2 kW overhead', () => {
    const factors = siteFactors(site, now);
    const o = operate(site, factors, 10);
    expect(o.coolingKw).toBeCloseTo(2.5, 12);
    expect(o.facilityKw).toBeCloseTo(14.5, 12);
    expect(o.energyAudPerH).toBeCloseTo(2.9, 12);
    expect(o.carbonKgPerH).toBeCloseTo(9.57, 12);
    expect(o.waterLPerH).toBeCloseTo(14.5 * 1.1 + 15, 12);
  });

  test('a site with spot tariff pays what the hour costs', () => {
    const spot: Site = {
      ...site,
      cost: {
        ...site.cost,
        tariff: { kind: 'spot', networkAudPerKwh: 0.05, fallbackAudPerKwh: 0.2 },
      },
    };
    expect(siteFactors(spot, { ...now, spotAudPerMwh: -50 }).energyAudPerKwh).toBeCloseTo(0, 12);
    expect(siteFactors(spot, now).energyAudPerKwh).toBe(0.2);
  });
});
