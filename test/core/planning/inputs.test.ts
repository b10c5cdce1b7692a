import { describe, expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { itPower, siteWork } from '../../../src/core/model/site-power.ts';
import { answerQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import {
  assertInputs,
  conditionsAt,
  expectedDemand,
  slotUtcMs,
} from '../../../src/core/planning/inputs.ts';
import { assemble, constantInputs, embeddedFleet, tinyFleet } from '../support/fleets.ts';

const fleet = embeddedFleet();
const open = publicFleet(fleet);

describe('expected demand', () => {
  const start = Date.parse('2026-01-15T00:00Z');
  const demand = expectedDemand(open, start, 24, 1);
  const K = fleet.classes.length;
  const I = fleet.zones.length;

  test('population times rate times the hour’s shape, by the zone’s own clock', () => {
    // 00:00 UTC: 11:00 in Sydney (summer time), 8:00 in Perth.
    const sydney = 5.557233 * 2.4 * fleet.demand.hourlyShape.chat![11]!;
    expect(demand[0]).toBeCloseTo(sydney, 9);
    const perth = fleet.zones.findIndex((z) => z.id === 'perth');
    const code = 2.384371 * 1 * fleet.demand.hourlyShape.code![8]!;
    expect(demand[perth * K + 1]).toBeCloseTo(code, 9);
  });

  test('over a day it is the stated mean', () => {
    let chat = 0;
    for (let t = 0; t < 24; t++) chat += demand[t * I * K]! / 24;
    expect(chat / (5.557233 * 2.4)).toBeCloseTo(1, 3);
  });
});

describe('inputs a plan must not see', () => {
  test.each<[string, (i: ReturnType<typeof constantInputs>) => unknown]>([
    ['inputs.perth.tempC[2]: NaN', (i) => (i.sites[3]!.tempC[2] = Number.NaN)],
    ['inputs.sydney.tempC[0]: 99', (i) => (i.sites[0]!.tempC[0] = 99)],
    ['inputs.sydney.rhPct[1]: -1', (i) => (i.sites[0]!.rhPct[1] = -1)],
    ['inputs.darwin.carbonKgPerKwh[0]: 800', (i) => (i.sites[12]!.carbonKgPerKwh[0] = 800)],
    ['inputs.hobart.gridWaterLPerKwh[0]', (i) => (i.sites[9]!.gridWaterLPerKwh[0] = Number.NaN)],
    ['inputs.sydney.spotAudPerMwh[0]: 1e+21', (i) => (i.sites[0]!.spotAudPerMwh[0] = 1e21)],
    ['inputs.sydney.tempC: 2 slots, expected 3', (i) => (i.sites[0]!.tempC = new Float64Array(2))],
    [
      'inputs.sydney.spotAudPerMwh: 4 slots',
      (i) => (i.sites[0]!.spotAudPerMwh = new Float64Array(4)),
    ],
    ['inputs.sites: 13 sites, expected 14', (i) => i.sites.pop()],
    ['inputs.demandReqPerS: 1 values', (i) => (i.demandReqPerS = new Float64Array(1))],
    ['inputs.demandReqPerS[5]: NaN', (i) => (i.demandReqPerS[5] = Number.NaN)],
    ['inputs.demandReqPerS[0]: -1', (i) => (i.demandReqPerS[0] = -1)],
  ])('%s', (text, change) => {
    const inputs = constantInputs(fleet, { slotCount: 3 });
    assertInputs(open, inputs);
    change(inputs);
    expect(() => assertInputs(open, inputs)).toThrow(text.replace('1e+21', '1e+21'));
  });

  test('a missing spot price is none of them: the tariff has a fallback', () => {
    const inputs = constantInputs(fleet, { slotCount: 1, spotAudPerMwh: Number.NaN });
    expect(() => assertInputs(open, inputs)).not.toThrow();
  });
});

test('slots and conditions', () => {
  const inputs = constantInputs(fleet, { slotCount: 4, slotHours: 0.5, startUtcMs: 0, tempC: 31 });
  expect(slotUtcMs(inputs, 3)).toBe(1.5 * 3_600_000);
  expect(conditionsAt(inputs, 2, 3)).toMatchObject({ utcMs: 5_400_000, tempC: 31 });
  expect(() => conditionsAt(inputs, 99, 0)).toThrow(RangeError);
});

describe('assembly', () => {
  test('a site’s cost is its power’s price, hand computed', () => {
    const tiny = tinyFleet();
    const inputs = constantInputs(tiny, { slotHours: 0.25, demandReqPerS: 3 });
    const { problem, sites } = assemble(tiny, inputs);
    const work = siteWork(tiny.sites[0]!, tiny.classes);
    const power = itPower(tiny.sites[0]!, work);
    // 0.20 AUD, 0.5 kg at 75 AUD/t and 1 L at 3 AUD/kL per facility kWh; 1.5 L per kWh of IT.
    const perFacility = 0.2 + 0.5 * 0.075 + 0.003;
    const perIt = 1.25 * perFacility + 1.5 * 0.003;
    expect(sites[0]!.baseAud[0]).toBeCloseTo(0.25 * (power.baseKw * perIt + 2 * perFacility), 12);
    expect(sites[0]!.rateAud[0]).toBeCloseTo(0.25 * power.kwPerReqPerS[0]! * perIt, 12);
    expect(sites[0]!.waitingAud[0]).toBe(0.25 * tiny.prices.timeAudPerUserHour);
    expect(sites[0]!.maxLoad[0]).toBeCloseTo(4 * 0.85, 12);
    // 1 ms to itself plus half a step and prefill, in seconds, at 1 AUD per user and hour, a quarter of an hour.
    expect(problem.edgeCostAud[0]).toBeCloseTo(((1 + work[0]!.firstTokenMs) / 1000) * 0.25, 12);
    expect(problem.unservedCostAud).toBeCloseTo(0.05 * 900, 12);
  });

  test('a drained site has no edges and no capacity, but still stands there', () => {
    const drained = embeddedFleet();
    drained.sites[1]!.state = 'drained';
    const { problem, sites } = assemble(drained, constantInputs(drained));
    expect([...problem.edgeSite]).not.toContain(1);
    expect(problem.sites[1]!.maxLoad[0]).toBe(0);
    expect(sites[1]!.maxLoad[0]).toBe(0);
    const zero = new Float64Array(2);
    const answer = answerQuery(sites[1]!, { round: 1, totals: zero, prices: zero, box: zero });
    expect(answer.costAud[0]).toBeGreaterThan(0);
  });

  test('the coordinator’s prior is the queue itself: fleets are public about their servers', () => {
    const { problem, sites } = assemble(fleet, constantInputs(fleet));
    problem.sites.forEach((site, j) => {
      expect(site.prior.servers).toBe(sites[j]!.queue.servers);
      expect(site.prior.variability).toBe(sites[j]!.queue.variability);
      expect(site.prior.costAudPerWaiting).toBe(sites[j]!.waitingAud[0]);
    });
  });
});
