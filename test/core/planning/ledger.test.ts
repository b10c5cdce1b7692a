import { describe, expect, test } from 'vitest';
import { unloadedTtftMs } from '../../../src/core/model/eligibility.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles, idleServerKw, requestWork } from '../../../src/core/model/hardware.ts';
import { loadsOf } from '../../../src/core/optimizer/problem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { awakeServers } from '../../../src/core/planning/awake.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import { summarize } from '../../../src/core/planning/outcome.ts';
import { assemble, constantInputs, letWait, randomFleet, tinyFleet } from '../support/fleets.ts';

const fleet = tinyFleet((f) => {
  f.prices = {
    carbonAudPerT: 80,
    waterAudPerKl: 4,
    timeAudPerUserHour: 2,
    unservedAudPerRequest: 0.05,
    lateAudPerRequest: 0,
  };
});
const work = requestWork(hardwareProfiles['h100-tp8'], [1155], 211, 32);

/** One site, one class: rate served and rate lost, in req/s, over two slots of half an hour. */
function charged(rate: number, lost: number) {
  const inputs = constantInputs(fleet, {
    slotCount: 2,
    slotHours: 0.5,
    demandReqPerS: rate + lost,
    carbonKgPerKwh: 0.6,
    gridWaterLPerKwh: 1.1,
  });
  const { problem } = assemble(fleet, inputs);
  const ledger = new Ledger(fleet);
  const twice = (v: number) => [Float64Array.of(v), Float64Array.of(v)];
  ledger.add(problem, inputs, twice(rate), twice(lost));
  return ledger.totals();
}

describe('one site by hand', () => {
  const rate = 6;
  const t = charged(rate, 0.5);
  const busyServers = rate * work.serverS;
  const hw = hardwareProfiles['h100-tp8'];
  const decodeKw = (idleServerKw(hw) * hw.decodeW) / hw.idleW;
  const inUse = busyServers / 0.85;
  const itKw =
    rate * work.itEnergyKwh * 3600 +
    (inUse - busyServers) * decodeKw +
    (4 - inUse) * idleServerKw(hw);

  test('energy and cooling', () => {
    expect(t.itKwh).toBeCloseTo(itKw, 9);
    expect(t.coolingKwh).toBeCloseTo(0.25 * itKw, 9);
    expect(t.facilityKwh).toBeCloseTo(1.25 * itKw + 2, 9);
    expect(t.energyCostAud).toBeCloseTo(0.2 * (1.25 * itKw + 2), 9);
  });

  test('carbon and water', () => {
    expect(t.carbonKg).toBeCloseTo(0.6 * t.facilityKwh, 9);
    expect(t.waterL).toBeCloseTo(1.1 * t.facilityKwh + 1.5 * itKw, 9);
  });

  test('requests and their waiting', () => {
    expect(t.requests).toBeCloseTo(6.5 * 3600, 6);
    expect(t.unservedRequests).toBeCloseTo(0.5 * 3600, 6);
    const u = busyServers / 4;
    const m = Math.sqrt(2 * 5);
    const waiting = u ** m / (1 - u);
    const unloaded = unloadedTtftMs(fleet.zones[0]!, fleet.sites[0]!, fleet.classes, 0);
    expect(t.ttftMeanMs).toBeCloseTo(unloaded + (waiting / rate) * 1000, 6);
    expect(t.sites[0]!.utilisation).toBeCloseTo(u, 12);
    expect(t.sites[0]!.share).toBe(1);
    expect(t.sites[0]!.ppue).toBe(1.25);
  });

  test('objective', () => {
    const userHours = (rate * 3600 * t.ttftMeanMs) / 3.6e6;
    expect(t.objectiveAud).toBeCloseTo(
      t.energyCostAud + 0.08 * t.carbonKg + 0.004 * t.waterL + 2 * userHours + 0.05 * 1800,
      9,
    );
  });

  test('the 95th percentile lies above the mean, by the wait of those who wait', () => {
    expect(t.ttftP95Ms).toBeGreaterThan(t.ttftMeanMs);
    const idle = charged(0.01, 0);
    const unloaded = unloadedTtftMs(fleet.zones[0]!, fleet.sites[0]!, fleet.classes, 0);
    expect(Math.abs(idle.ttftP95Ms - unloaded)).toBeLessThan(1);
  });

  test('those nobody serves violate their SLO, others by chance', () => {
    expect(charged(0.01, 0.01).sloViolationShare).toBeCloseTo(0.5, 6);
    // By chance: rarely at a light load, often at a heavy one.
    const light = charged(1, 0).sloViolationShare;
    expect(light).toBeGreaterThan(0);
    expect(light).toBeLessThan(charged(8, 0).sloViolationShare / 10);
    expect(charged(8, 0).sloViolationShare).toBeGreaterThan(0.001);
  });
});

test('percentiles of an M/M/1 queue: waits are exponential', () => {
  const one = tinyFleet((f) => {
    f.sites[0]!.hardware.servers = 1;
    f.classes[0]!.ttftSloMs = 2000;
  });
  const u = 0.7;
  const rate = u / work.serverS;
  const inputs = constantInputs(one, { demandReqPerS: rate });
  const { problem } = assemble(one, inputs);
  const ledger = new Ledger(one);
  ledger.add(problem, inputs, [Float64Array.of(rate)], [Float64Array.of(0)]);
  const t = ledger.totals();
  const unloaded = unloadedTtftMs(one.zones[0]!, one.sites[0]!, one.classes, 0);
  // P(wait > x) = u exp(−x (1 − u) / s): the 95th percentile solves it for 0.05.
  const p95 = (-Math.log(0.05 / u) * work.serverS * 1000) / (1 - u);
  expect(Math.abs(t.ttftP95Ms / (unloaded + p95) - 1)).toBeLessThan(0.03);
  const late = u * Math.exp((-(2000 - unloaded) / 1000) * ((1 - u) / work.serverS));
  expect(t.sloViolationShare).toBeCloseTo(late, 9);
});

test('a span in which nothing happens', () => {
  const t = charged(0, 0);
  expect(t.requests).toBe(0);
  expect(t.ttftMeanMs).toBe(0);
  expect(t.ttftP95Ms).toBe(0);
  expect(t.sloViolationShare).toBe(0);
  expect(t.objectiveAud).toBeGreaterThan(0);
  expect(Object.values(t).every((v) => typeof v !== 'number' || Number.isFinite(v))).toBe(true);
});

test('equals the optimizer’s certified objective within 1e-9', () => {
  for (let seed = 1; seed <= 15; seed++) {
    const { fleet: prompt, inputs } = randomFleet(seed, 0.3 + (seed % 9) / 10);
    const random = seed % 3 === 0 ? letWait(prompt, seed % 2, 2) : prompt;
    const { problem, sites } = assemble(random, inputs);
    const { flow, unserved, certificate } = solve(problem, sites);
    const ledger = new Ledger(random);
    ledger.add(problem, inputs, flow, unserved);
    const { objectiveAud } = ledger.totals();
    expect(Math.abs(objectiveAud / certificate.objectiveAud - 1)).toBeLessThan(1e-9);
  }
});

test('work that may wait: energy and the price of what is lost, its time in queues, no TTFT and no SLO', () => {
  const waiting = letWait(fleet, 0, 2);
  const inputs = constantInputs(waiting, { slotCount: 3, demandReqPerS: 6 });
  const { problem } = assemble(waiting, inputs);
  const ledger = new Ledger(waiting);
  // Half of the first slot's put off to the next, the last slot's lost.
  const flow = [3, 9, 0].map((x) => Float64Array.of(x));
  ledger.add(
    problem,
    inputs,
    flow,
    [0, 0, 6].map((y) => Float64Array.of(y)),
  );
  const t = ledger.totals();
  expect(t.batch).toEqual({
    requests: expect.closeTo(18 * 3600, 6),
    unservedRequests: expect.closeTo(6 * 3600, 6),
    movedShare: expect.closeTo(3 / 12, 12),
    meanDelayHours: expect.closeTo(3 / 12, 12),
  });
  expect(t.requests).toBeCloseTo(18 * 3600, 6);
  expect([t.ttftMeanMs, t.ttftP95Ms, t.sloViolationShare]).toEqual([0, 0, 0]);
  const m = Math.sqrt(2 * 5);
  const queued = [3, 9].map((x) => {
    const u = (x * work.serverS) / 4;
    return u ** m / (1 - u);
  });
  expect(t.userHours).toBeCloseTo(queued[0]! + queued[1]!, 9);
  expect(t.objectiveAud).toBeCloseTo(
    t.energyCostAud +
      0.08 * t.carbonKg +
      0.004 * t.waterL +
      2 * t.userHours +
      0.05 * t.unservedRequests,
    9,
  );
  // The same energy as of requests that users wait for.
  const prompt = new Ledger(fleet);
  prompt.add(
    assemble(fleet, inputs).problem,
    inputs,
    flow,
    [0, 0, 6].map((y) => Float64Array.of(y)),
  );
  expect(t.facilityKwh).toBe(prompt.totals().facilityKwh);
});

test('a zone’s TTFT stands beside that of its nearest site, and a fairness floor binds it', () => {
  const { fleet: random, inputs } = randomFleet(4, 0.2);
  const planned = (maxExtraTtftMs: number) => {
    const fair = { ...random, fairness: { maxExtraTtftMs } };
    const { problem, sites } = assemble(fair, inputs);
    const { flow, unserved, certificate } = solve(problem, sites, { gapTarget: 1e-5 });
    const ledger = new Ledger(fair);
    ledger.add(problem, inputs, flow, unserved);
    const { nearestShare } = summarize(publicFleet(fair), problem, inputs, flow, unserved);
    return { ...ledger.totals(), certificate, nearestShare };
  };
  const free = planned(60_000);
  const fair = planned(0);
  expect(free.zones.map((z) => z.zone)).toEqual(random.zones.map((z) => z.id));
  for (const [i, zone] of free.zones.entries()) {
    expect(zone.ttftMeanMs).toBeGreaterThanOrEqual(zone.nearestTtftMs - 1e-9);
    expect(fair.zones[i]!.nearestTtftMs).toBeCloseTo(zone.nearestTtftMs, 6);
  }
  expect(free.nearestShare).toBeLessThan(0.9);
  expect(fair.nearestShare).toBeCloseTo(1, 12);
  expect(fair.certificate.objectiveAud).toBeGreaterThan(free.certificate.lowerBoundAud);
  expect(fair.certificate.gap).toBeLessThanOrEqual(1e-5);
});

test('servers awake: by slot as in the mean, between what the load needs and all', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { fleet: random, inputs } = randomFleet(seed, 0.4);
    const { problem, sites } = assemble(random, inputs);
    const { flow, unserved } = solve(problem, sites);
    const ledger = new Ledger(random);
    ledger.add(problem, inputs, flow, unserved);
    const bySlot = awakeServers(random, problem, inputs, flow);
    ledger.totals().sites.forEach((site, j) => {
      const mean = bySlot.reduce((sum, s) => sum + s[j]!, 0) / bySlot.length;
      expect(site.awakeServers).toBeCloseTo(mean, 9);
      bySlot.forEach((s, t) => {
        const { servers } = random.sites[j]!.hardware;
        expect(s[j]).toBeGreaterThanOrEqual(loadsOf(problem, flow[t]!)[j]! - 1e-9);
        expect(s[j]).toBeLessThanOrEqual(servers * (1 + 1e-9));
        if (random.sites[j]!.cost.idle === 'always-on') expect(s[j]).toBe(servers);
      });
    });
  }
});

test('blocks add up to the whole', () => {
  const { fleet: random, inputs } = randomFleet(4, 0.4);
  const { problem, sites } = assemble(random, inputs);
  const { flow, unserved } = solve(problem, sites);
  const once = new Ledger(random);
  once.add(problem, inputs, flow, unserved);
  const twice = new Ledger(random);
  twice.add(problem, inputs, flow, unserved);
  twice.add(problem, inputs, flow, unserved);
  const [a, b] = [once.totals(), twice.totals()];
  expect(b.objectiveAud).toBeCloseTo(2 * a.objectiveAud, 8);
  expect(b.requests).toBeCloseTo(2 * a.requests, 6);
  expect(b.ttftP95Ms).toBeCloseTo(a.ttftP95Ms, 6);
  expect(b.sites.reduce((s, x) => s + x.share, 0)).toBeCloseTo(1, 12);
});
