import { describe, expect, test } from 'vitest';
import type { Site } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles, idleServerKw, requestWork } from '../../../src/core/model/hardware.ts';
import { itPower, operate, siteFactors, siteWork } from '../../../src/core/model/site-power.ts';
import { tinyFleet } from '../support/fleets.ts';

const fleet = tinyFleet();
const site = fleet.sites[0] as Site;
const asleep: Site = { ...site, cost: { ...site.cost, idle: 'sleep' } };
const work = siteWork(site, fleet.classes);
const hw = hardwareProfiles['h100-tp8'];

/** IT power by counting servers: busy ones at their phase's power, the others idle or asleep. */
function countedKw(s: Site, rateReqPerS: number): number {
  const w = requestWork(hw, 1155, 211, 32);
  const busy = rateReqPerS * w.serverS;
  const { servers } = s.hardware;
  const awake = s.cost.idle === 'sleep' ? busy / s.maxUtilisation : servers;
  const busyKw = rateReqPerS * w.itEnergyKwh * 3600;
  return busyKw + (awake - busy) * idleServerKw(hw) + (servers - awake) * s.cost.sleepServerKw;
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
