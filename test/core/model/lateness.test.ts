import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Lateness,
  lateAtOnceShare,
  lateAud,
  lateCurvature,
  lateSlope,
  siteLateness,
} from '../../../src/core/model/lateness.ts';
import { variability, waitExponent } from '../../../src/core/model/queueing.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { embeddedFleet, letWait } from '../support/fleets.ts';

const lateness = fc
  .record({
    servers: fc.integer({ min: 1, max: 200 }),
    decay: fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 4 }),
    fullAud: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  })
  .map((l): Lateness => {
    const decay = Float64Array.from(l.decay);
    return { ...l, decay, fullAud: decay.map((_, n) => (n + 1) * l.fullAud) };
  });
/** What is paid if all are late at full load. */
const mostAud = (l: Lateness) => l.fullAud.reduce((a, b) => a + b, 0);
const utilisation = fc.double({ min: 0.01, max: 0.98, noNaN: true });

test('by hand: two classes at one site', () => {
  const fleet = embeddedFleet();
  const site = { hardware: { profile: 'h100-tp8' as const, servers: 7, batch: 32 } };
  const prices = { ...fleet.prices, lateAudPerRequest: 0.01 };
  const classes = fleet.classes.map(({ promptTokens: _, ...cls }, k) => {
    return { ...cls, ttftSloMs: [500, 350][k], arrivalScv: 1, serviceScv: 1 };
  });
  const l = siteLateness(site, classes, prices, 0.5)!;
  // Times of the mean prompts, to a few digits, and half a decode step; SLOs of 500 and 350 ms.
  const meanS = (0.34 + 0.171) / 2;
  const u = 0.8;
  const requestsPerS = (7 * u) / meanS;
  const meanWaitS = meanS / (7 * (1 - u));
  // The network gets 50 ms of what is left.
  const late = [0.5 - 0.0855 - 0.0193, 0.35 - 0.137 - 0.0193].map(
    (leftS) => u ** 3 * Math.exp(-(leftS - 0.05) / meanWaitS),
  );
  const expected = 0.01 * 1800 * requestsPerS * ((late[0]! + late[1]!) / 2);
  expect(Math.abs(lateAud(l, u) / expected - 1)).toBeLessThan(0.01);
});

test('no price, or no variability: nothing to charge', () => {
  const fleet = embeddedFleet();
  const { prices, classes } = fleet;
  expect(siteLateness(fleet.sites[0]!, classes, prices, 1)).toBeUndefined();
  const regular = classes.map((c) => ({ ...c, arrivalScv: 0, serviceScv: 0 }));
  const priced = { ...prices, lateAudPerRequest: 1 };
  expect(siteLateness(fleet.sites[0]!, regular, priced, 1)).toBeUndefined();
});

test('long prompts bear less, and those late at once are not for the site to count', () => {
  const fleet = embeddedFleet();
  const prices = { ...fleet.prices, lateAudPerRequest: 0.01 };
  const site = fleet.sites.find((s) => s.id === 'newcastle')!;
  const work = siteWork(site, fleet.classes);
  // Two of twenty prompts of either class take longer than the SLO there, however near the zone is.
  expect(work.map((w, k) => lateAtOnceShare(w, 0, fleet.classes[k]!))).toEqual([0.1, 0.1]);
  const l = siteLateness(site, fleet.classes, prices, 1)!;
  const meanS = (work[0]!.serverS + work[1]!.serverS) / 2;
  const all = (0.01 * 3600 * site.hardware.servers) / meanS;
  expect(mostAud(l)).toBeCloseTo(0.9 * all, 6);
  // Gathered, and each at its own, at some load: none counts for less, or much more.
  const own = work.flatMap((w, k) =>
    [...w.promptMs].map((ms) => {
      const leftS = (fleet.classes[k]!.ttftSloMs! - ms + w.prefillMs - w.firstTokenMs) / 1000;
      const bearsS = leftS - Math.min(leftS / 2, 0.05);
      const waitS = (variability(fleet.classes) * meanS) / (site.hardware.servers * 0.3);
      return leftS < 0 ? 0 : Math.exp(-bearsS / waitS);
    }),
  );
  const m = waitExponent(site.hardware.servers);
  const exact = (all * 0.7 ** m * own.reduce((a, b) => a + b, 0)) / own.length;
  expect(lateAud(l, 0.7) / exact).toBeGreaterThanOrEqual(1);
  expect(lateAud(l, 0.7) / exact).toBeLessThan(1.1);
});

test('the share late at once rises with distance, to all', () => {
  const fleet = embeddedFleet();
  const cls = fleet.classes[0]!;
  const work = siteWork(fleet.sites[0]!, fleet.classes)[0]!;
  const shares = [0, 50, 100, 200, 1000].map((rttMs) => lateAtOnceShare(work, rttMs, cls));
  expect(shares[0]).toBe(0);
  expect(shares[4]).toBe(1);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares[2]).toBeGreaterThan(0);
  expect(lateAtOnceShare(work, 1000, { ...cls, ttftSloMs: undefined })).toBe(0);
});

test('work that may wait is never late, and no less of the rest is', () => {
  const fleet = letWait(embeddedFleet(), 1, 8);
  const site = fleet.sites[0]!;
  const prices = { ...fleet.prices, lateAudPerRequest: 0.01 };
  const priced = siteLateness(site, fleet.classes, prices, 1)!;
  const both = siteLateness(site, embeddedFleet().classes, prices, 1)!;
  // Classes count alike: half of the requests are the other class's, and none of those is late.
  expect(mostAud(priced)).toBeCloseTo(mostAud(both) / 2, 9);
  expect(lateAud(priced, 0.8)).toBeLessThan(lateAud(both, 0.8));
  const all = letWait(fleet, 0, 8).classes;
  expect(siteLateness(site, all, prices, 1)).toBeUndefined();
});

test('increasing and convex up to full load, and zero at none', () => {
  fc.assert(
    fc.property(
      lateness,
      utilisation,
      utilisation,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (l, a, b, share) => {
        expect(lateAud(l, 0)).toBe(0);
        expect(lateSlope(l, a)).toBeGreaterThanOrEqual(0);
        expect(lateCurvature(l, a)).toBeGreaterThanOrEqual(0);
        const between = lateAud(l, a + share * (b - a));
        const chord = lateAud(l, a) + share * (lateAud(l, b) - lateAud(l, a));
        expect(between).toBeLessThanOrEqual(chord + 1e-9 * (lateAud(l, a) + lateAud(l, b)));
      },
    ),
    { seed: 7, numRuns: 500 },
  );
});

test('slope and curvature agree with finite differences', () => {
  fc.assert(
    fc.property(lateness, fc.double({ min: 0.3, max: 0.95, noNaN: true }), (l, u) => {
      const h = 1e-6;
      const slope = (lateAud(l, u + h) - lateAud(l, u - h)) / (2 * h);
      const curvature = (lateSlope(l, u + h) - lateSlope(l, u - h)) / (2 * h);
      const scale = mostAud(l) * 1e-6;
      expect(Math.abs(slope - lateSlope(l, u))).toBeLessThan(1e-5 * lateSlope(l, u) + scale);
      expect(Math.abs(curvature - lateCurvature(l, u))).toBeLessThan(
        1e-5 * lateCurvature(l, u) + scale,
      );
    }),
    { seed: 8, numRuns: 300 },
  );
});

test('stays finite where tails vanish and at full load', () => {
  for (const a of [0, 1e-12, 1, 1e6, 1e200, Number.POSITIVE_INFINITY]) {
    const l = { servers: 4, decay: Float64Array.of(a), fullAud: Float64Array.of(1) };
    for (const u of [0, 1e-12, 0.5, 0.98]) {
      for (const f of [lateAud, lateSlope, lateCurvature]) {
        expect(f(l, u)).toBeGreaterThanOrEqual(0);
        expect(f(l, u)).toBeLessThan(Number.POSITIVE_INFINITY);
      }
    }
  }
});
