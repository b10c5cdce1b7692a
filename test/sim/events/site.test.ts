import { describe, expect, it } from 'vitest';
import config from '../../../config/fleet.json' with { type: 'json' };
import { fleetSchema, type Site } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles, requestWork } from '../../../src/core/model/hardware.ts';
import { EventQueue } from '../../../src/sim/events/event-queue.ts';
import { randomOf } from '../../../src/sim/events/random.ts';
import type { Job, LlmServer } from '../../../src/sim/events/server.ts';
import { SimulatedSite } from '../../../src/sim/events/site.ts';

const [registered] = fleetSchema.parse(config).sites as [Site];

function siteWith(change: Partial<Site['hardware']>, idle: 'sleep' | 'always-on' = 'always-on') {
  return {
    ...registered,
    hardware: { ...registered.hardware, ...change },
    cost: { ...registered.cost, idle },
  };
}

/** Serves jobs in the order they come; returns the site and when the last was through. */
function serve(site: Site, jobs: Job[], toS: number, headroom = 0, promptsPerServer?: number) {
  const queue = new EventQueue<LlmServer>();
  let finished = 0;
  const simulated = new SimulatedSite(site, {
    fromS: 0,
    toS,
    slotS: toS / 2,
    slots: 2,
    headroom,
    promptsPerServer,
    schedule: (server) => queue.push(server.nextS, server),
    onFinished: () => finished++,
  });
  const until = (timeS: number) => {
    const held: [number, LlmServer][] = [];
    for (let e = queue.pop(); e; e = queue.pop()) {
      if (e.timeS > timeS) {
        held.push([e.timeS, e.item]);
        break;
      }
      if (e.item.nextS === e.timeS) simulated.advance(e.item);
    }
    for (const [at, server] of held) queue.push(at, server);
  };
  for (const job of jobs) {
    until(job.arrivedS);
    simulated.arrive(job, job.arrivedS);
  }
  until(Infinity);
  const endS = jobs.reduce((last, j) => Math.max(last, j.finishedS), 0);
  simulated.settle(Math.max(toS, endS));
  expect(finished).toBe(jobs.length);
  expect(simulated.present).toBe(0);
  return { meter: simulated.meter, endS };
}

/** Poisson arrivals of requests whose service is their prefill alone. */
function poisson(seed: number, count: number, reqPerS: number, serviceS: (u: number) => number) {
  const random = randomOf(seed, 'queue');
  let arrivedS = 0;
  return Array.from({ length: count }, (): Job => {
    arrivedS -= Math.log(1 - random()) / reqPerS;
    const prefillS = serviceS(random());
    return { arrivedS, prefillS, outputTokens: 1, startedS: NaN, firstTokenS: NaN, finishedS: NaN };
  });
}

/** Mean wait and the half width of its 99.9 % interval, by means of 20 batches after a warm-up. */
function meanWait(jobs: Job[]) {
  const kept = jobs.slice(jobs.length / 20).map((j) => j.startedS - j.arrivedS);
  const size = kept.length / 20;
  const means = Array.from({ length: 20 }, (_, b) => {
    const batch = kept.slice(b * size, (b + 1) * size);
    return batch.reduce((a, w) => a + w, 0) / batch.length;
  });
  const mean = means.reduce((a, m) => a + m, 0) / 20;
  const variance = means.reduce((a, m) => a + (m - mean) ** 2, 0) / 19;
  // Student's t with 19 degrees of freedom, 99.95 %.
  return { mean, halfWidth: 3.883 * Math.sqrt(variance / 20) };
}

/** Erlang's probability of waiting among c servers offered a erlangs. */
function erlangC(c: number, a: number): number {
  let blocked = 1;
  for (let n = 1; n <= c; n++) blocked = (a * blocked) / (n + a * blocked);
  return blocked / (1 - (a / c) * (1 - blocked));
}

describe('a site whose requests are prompts alone', () => {
  it('is M/D/1 with one server', () => {
    for (const u of [0.5, 0.8]) {
      const jobs = poisson(3, 200_000, u, () => 1);
      serve(siteWith({ servers: 1, batch: 1024 }), jobs, 1000);
      const { mean, halfWidth } = meanWait(jobs);
      const expected = u / (2 * (1 - u));
      expect(halfWidth).toBeLessThan(0.1 * expected);
      expect(Math.abs(mean - expected)).toBeLessThan(halfWidth);
    }
  });

  it('is M/M/c with c servers: who is through soonest is who would be free first', () => {
    for (const [c, u] of [
      [2, 0.7],
      [6, 0.85],
    ] as const) {
      const jobs = poisson(5, 500_000, c * u, (x) => -Math.log(1 - x));
      serve(siteWith({ servers: c, batch: 1024 }), jobs, 1000, 0, 1);
      const { mean, halfWidth } = meanWait(jobs);
      const expected = erlangC(c, c * u) / (c * (1 - u));
      expect(halfWidth).toBeLessThan(0.2 * expected);
      expect(Math.abs(mean - expected)).toBeLessThan(halfWidth);
    }
  });
});

describe('a site that answers in full', () => {
  const hw = hardwareProfiles[registered.hardware.profile];
  const crowd = (count: number): Job[] => {
    const random = randomOf(1, 'crowd');
    return Array.from({ length: count }, () => ({
      arrivedS: 0,
      prefillS: 0.0855,
      outputTokens: 1 + Math.floor(random() * 421),
      startedS: NaN,
      firstTokenS: NaN,
      finishedS: NaN,
    }));
  };

  it('carries at full load what the model takes a server to carry', () => {
    const jobs = crowd(4000);
    const site = siteWith({ servers: 2, batch: 32 });
    const { endS } = serve(site, jobs, 100);
    const tokens = jobs.reduce((sum, j) => sum + j.outputTokens, 0) / jobs.length;
    const { serverS } = requestWork(hw, [1155], tokens, 32);
    // Batches are full but at the end, and the first token of each needs no step.
    expect(endS / ((jobs.length * serverS) / 2)).toBeGreaterThan(0.98);
    expect(endS / ((jobs.length * serverS) / 2)).toBeLessThan(1.02);
  });

  it('meters every server-second once, and the energy of its phases', () => {
    for (const idle of ['sleep', 'always-on'] as const) {
      const site = siteWith({ servers: 3, batch: 4 }, idle);
      const jobs = poisson(7, 300, 1, (u) => 0.1 + 0.1 * u).map((j) => ({
        ...j,
        outputTokens: 60,
      }));
      const toS = 200;
      const { meter } = serve(site, jobs, toS);
      const { asleep, idle: idleS, prefill, decode } = meter.phaseS;
      expect(asleep + idleS + prefill + decode).toBeCloseTo(3 * toS, 6);
      expect(idle === 'sleep' ? asleep : idleS).toBeGreaterThan(0);
      if (idle === 'always-on') expect(asleep).toBe(0);
      const w = hw.gpusPerServer * hw.serverFactor;
      const joules =
        asleep * site.cost.sleepServerKw * 1000 +
        w * (idleS * hw.idleW + prefill * hw.prefillW + decode * hw.decodeW);
      expect(meter.itKwhBySlot.reduce((a, b) => a + b)).toBeCloseTo(joules / 3.6e6, 9);
      expect(meter.sequenceS / decode).toBeLessThanOrEqual(4);
    }
  });

  it('keeps headroom awake, and puts servers to sleep once they are through', () => {
    const site = siteWith({ servers: 4, batch: 32 }, 'sleep');
    const { meter } = serve(site, crowd(1), 100, 1);
    expect(meter.phaseS.idle + meter.phaseS.prefill + meter.phaseS.decode).toBeGreaterThan(199);
    expect(meter.phaseS.asleep).toBeGreaterThan(199);
  });
});
