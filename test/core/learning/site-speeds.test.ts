import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../../src/core/accounting/receipt.ts';
import { estimateSpeed } from '../../../src/core/learning/estimate.ts';
import {
  agedTo,
  emptyTiming,
  type SiteTiming,
  siteTimingSchema,
  takeHour,
} from '../../../src/core/learning/site-speeds.ts';
import { Timings, timingOf } from '../../../src/core/learning/timing.ts';
import { estimateRttMs } from '../../../src/core/model/geo.ts';
import { decodeStepMs, hardwareProfiles, prefillMs } from '../../../src/core/model/hardware.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { embeddedFleet } from '../support/fleets.ts';

const fleet = embeddedFleet();
const site = { ...fleet.sites.find((s) => s.id === 'adelaide')! };
site.hardware = { ...site.hardware, servers: 4 };
const zones = ['adelaide', 'sydney', 'perth'].map((id) => fleet.zones.find((z) => z.id === id)!);
const hw = hardwareProfiles[site.hardware.profile];

interface Truth {
  prefill: number;
  decode: number;
  /** Of the estimated round trip. */
  network: number;
  /** By zone and on top of it, ms. */
  overheadMs: number;
}
const asRegistry: Truth = { prefill: 1, decode: 1, network: 1, overheadMs: 0 };

function uniform(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1_664_525) + 1_013_904_223) >>> 0;
    return (s + 0.5) / 2 ** 32;
  };
}

function receipt(promptTokens: number, completionTokens: number, hourUtcMs: number): Receipt {
  const usage = { promptTokens, completionTokens, cachedTokens: 0 };
  return { usage, hourUtcMs } as Receipt;
}

/**
 * Streams of an hour at a site of this truth: Poisson arrivals, queued first come first served for its
 * servers, with prompts and answers of exponential lengths.
 * @param load share of its true capacity
 * @param disturb what the gateway sees in place of a time to first token
 */
function hourOf(
  truth: Truth,
  hourUtcMs: number,
  { seed = 1, load = 0.3, most = 400, disturb = (ms: number, _: () => number) => ms } = {},
) {
  const random = uniform(seed + hourUtcMs / MS_PER_HOUR);
  const exponential = (mean: number) => -mean * Math.log(random());
  const timings = new Timings();
  const free = Array.from({ length: site.hardware.servers }, () => 0);
  const stepMs = decodeStepMs(hw, 8) * truth.decode;
  const meanMs = truth.prefill * prefillMs(hw, 1000) + (200 * stepMs) / site.hardware.batch;
  let atMs = 0;
  for (let n = 0; n < most; n++) {
    atMs += exponential(meanMs / (load * site.hardware.servers));
    const zone = zones[Math.floor(random() * zones.length)]!;
    const prompt = 50 + Math.round(exponential(950));
    const answer = 20 + Math.round(exponential(180));
    const prefill = truth.prefill * prefillMs(hw, prompt);
    const first = free.indexOf(Math.min(...free));
    const beginMs = Math.max(atMs, free[first]!);
    free[first] = beginMs + prefill + (answer * stepMs) / site.hardware.batch;
    const ttftMs =
      truth.network * estimateRttMs(zone, site) +
      truth.overheadMs +
      random() * stepMs +
      prefill +
      (beginMs - atMs);
    const decodeMs = (answer - 1) * stepMs * (0.9 + 0.2 * random());
    const stream = { ttftMs: disturb(ttftMs, random), decodeMs };
    timings.add(timingOf(receipt(prompt, answer, hourUtcMs), site, zone, stream));
  }
  return { rows: timings.rows(), forMs: Math.min(MS_PER_HOUR, atMs) };
}

function learned(hours: number, truth: Truth, of: Parameters<typeof hourOf>[2] = {}): SiteTiming {
  let state = emptyTiming(site);
  for (let h = 1; h <= hours; h++) {
    const { rows, forMs } = hourOf(truth, h * MS_PER_HOUR, of);
    state = takeHour(state, site, fleet.classes, h * MS_PER_HOUR, rows, forMs);
  }
  return state;
}

const factor = fc.double({ min: 0.4, max: 3, noNaN: true });
const truths = fc.record({
  prefill: factor,
  decode: factor,
  network: fc.double({ min: 0.8, max: 1.5, noNaN: true }),
  overheadMs: fc.double({ min: 0, max: 40, noNaN: true }),
});

describe('a site’s speed', () => {
  test('is the registry’s, and as unsure as assumed, before anything was measured', () => {
    const speed = estimateSpeed(emptyTiming(site), site, zones);
    expect(speed.prefill).toEqual({ factor: 1, se: 0.5 });
    expect(speed.decode).toEqual({ factor: 1, se: 0.5 });
    expect(speed.rttMs).toEqual({});
  });

  test('comes to be what it is, from requests that queue', () => {
    fc.assert(
      fc.property(truths, fc.nat(1e6), (truth, seed) => {
        const speed = estimateSpeed(learned(10, truth, { seed }), site, zones);
        expect(Math.abs(speed.prefill.factor / truth.prefill - 1)).toBeLessThan(0.1);
        // Decoding was at eight a batch, which is known within a quarter of a profile's range.
        expect(Math.abs(speed.decode.factor / truth.decode - 1)).toBeLessThan(0.1);
        // What a plan takes a request's way to its first token for, with nobody waiting.
        const stepMs = [8, site.hardware.batch].map((b) => decodeStepMs(hw, b)) as [number, number];
        for (const zone of zones) {
          const trueMs =
            truth.network * estimateRttMs(zone, site) +
            truth.overheadMs +
            (truth.decode * stepMs[0]) / 2 +
            truth.prefill * prefillMs(hw, 1000);
          const plannedMs =
            speed.rttMs[zone.id]!.ms +
            (speed.decode.factor * stepMs[1]) / 2 +
            speed.prefill.factor * prefillMs(hw, 1000);
          expect(Math.abs(plannedMs - trueMs)).toBeLessThan(20 + 0.1 * trueMs);
        }
        expect(speed.prefill.se).toBeLessThan(0.1);
      }),
      { numRuns: 15 },
    );
  });

  test('is hardly moved by few requests, and less by fewer', () => {
    const slow = { ...asRegistry, prefill: 3, decode: 3 };
    const offs = [1, 5, 50, 2000].map((most) => {
      const { prefill, decode } = estimateSpeed(learned(1, slow, { most }), site, zones);
      return [prefill.factor - 1, decode.factor - 1] as const;
    });
    expect(offs[0]?.[0]).toBeLessThan(0.3);
    expect(offs[0]?.[1]).toBeLessThan(0.6);
    for (const k of [0, 1] as const) {
      const one = offs.map((o) => o[k]);
      expect(one).toEqual(one.toSorted((a, b) => a - b));
      expect(one[3]).toBeGreaterThan(1.7);
    }
  });

  test('is not learned from congestion: neither from hours of it, nor from those that are quiet', () => {
    for (const load of [0.7, 0.9, 1.2]) {
      const busy = estimateSpeed(learned(10, asRegistry, { load }), site, zones);
      // A wait does not know its request's prompt; of busy hours nothing else is used.
      expect(Math.abs(busy.prefill.factor - 1)).toBeLessThan(0.25);
      expect(busy.rttMs).toEqual({});
    }
    const quiet = estimateSpeed(learned(10, asRegistry, { load: 0.45 }), site, zones);
    expect(Math.abs(quiet.prefill.factor - 1)).toBeLessThan(0.1);
    for (const zone of zones) {
      expect(Math.abs(quiet.rttMs[zone.id]!.ms - estimateRttMs(zone, site))).toBeLessThan(20);
    }
  });

  test('is learned of a site that is always busy, too, as far as prompts tell', () => {
    const truth = { ...asRegistry, prefill: 2, decode: 2 };
    const { prefill, decode } = estimateSpeed(learned(10, truth, { load: 0.8 }), site, zones);
    expect(Math.abs(prefill.factor / 2 - 1)).toBeLessThan(0.25);
    expect(Math.abs(decode.factor / 2 - 1)).toBeLessThan(0.1);
  });

  test('of one in fifty that hangs for a minute: moved by less than a fifth', () => {
    const hang = (ms: number, random: () => number) => (random() < 0.02 ? ms + 60_000 : ms);
    const clean = estimateSpeed(learned(10, asRegistry), site, zones);
    const spoilt = estimateSpeed(learned(10, asRegistry, { disturb: hang }), site, zones);
    expect(Math.abs(spoilt.prefill.factor - clean.prefill.factor)).toBeLessThan(0.2);
    for (const zone of zones) {
      const byMs = spoilt.rttMs[zone.id]!.ms - clean.rttMs[zone.id]!.ms;
      expect(Math.abs(byMs)).toBeLessThan(15);
    }
  });

  test('a step of the network’s is no step of the servers’', () => {
    const far = estimateSpeed(learned(10, { ...asRegistry, overheadMs: 80 }), site, zones);
    expect(Math.abs(far.prefill.factor - 1)).toBeLessThan(0.1);
    for (const zone of zones) {
      const byMs = far.rttMs[zone.id]!.ms - estimateRttMs(zone, site);
      expect(byMs).toBeGreaterThan(60);
      expect(byMs).toBeLessThan(100);
    }
  });

  test('goes back to the registry’s when nothing more is heard', () => {
    const state = learned(10, { ...asRegistry, prefill: 2, decode: 2 });
    const days = [0, 5, 10, 20, 60].map((d) => {
      const speed = estimateSpeed(
        agedTo(state, state.lastUtcMs + d * 24 * MS_PER_HOUR),
        site,
        zones,
      );
      return speed.prefill.factor;
    });
    expect(days).toEqual(days.toSorted((a, b) => b - a));
    expect(days[0]).toBeGreaterThan(1.8);
    expect(days[4]).toBeCloseTo(1, 6);
  });
});

test('whatever sums there are, estimates are numbers within their bounds', () => {
  const amount = fc.oneof(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.constant(0));
  const row = fc.record({
    site: fc.constant(site.id),
    zone: fc.constantFrom(...zones.map((z) => z.id), 'gone'),
    hourUtcMs: fc.constant(0),
    requests: fc.integer({ min: 1, max: 1_000_000 }),
    workMs: amount,
    tokens: fc.nat(),
    timed: fc.nat(1_000_000),
    promptMs: amount,
    ttftMs: amount,
    promptSqMs2: amount,
    productMs2: amount,
    ttftSqMs2: amount,
    steps: fc.integer({ min: 1, max: 1_000_000 }),
    decodeMs: amount,
    decodeSqMs2: amount,
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 1, max: 100 }), (rows, hour) => {
      const state = takeHour(emptyTiming(site), site, fleet.classes, hour * MS_PER_HOUR, rows);
      expect(siteTimingSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
      const { prefill, decode, rttMs } = estimateSpeed(state, site, zones);
      for (const { factor: f, se } of [prefill, decode]) {
        expect(f).toBeGreaterThanOrEqual(1 / 8);
        expect(f).toBeLessThanOrEqual(8);
        expect(se).toBeGreaterThan(0);
        expect(se).toBeLessThanOrEqual(0.5);
      }
      for (const zone of zones) {
        const estimate = rttMs[zone.id];
        if (estimate === undefined) continue;
        const apartMs = estimateRttMs(zone, site);
        expect(estimate.ms).toBeGreaterThanOrEqual((10 / 15) * (apartMs - 1) - 1e-9);
        expect(estimate.ms).toBeLessThanOrEqual(8 * (apartMs + 30));
      }
    }),
  );
});
