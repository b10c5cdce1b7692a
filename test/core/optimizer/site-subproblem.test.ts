import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lateSlope } from '../../../src/core/model/lateness.ts';
import { waitingSlope } from '../../../src/core/model/queueing.ts';
import {
  answerQuery,
  loadOf,
  type SiteProblem,
  type SiteQuery,
} from '../../../src/core/optimizer/site-subproblem.ts';
import { randomInstance, usualShape } from '../support/instances.ts';
import { dice } from '../support/random.ts';

/** A random site with T slots and K classes, and a query at a random proposal. */
function randomCase(seed: number): { site: SiteProblem; query: SiteQuery } {
  const d = dice(seed);
  const shape = {
    sites: 1,
    classes: d.integer(1, 3),
    slots: 3,
    waitingAud: d.chance(0.2) ? 0 : 10 ** d.uniform(-2, 2),
    negativeShare: 0.4,
    closedShare: d.chance(0.2) ? 0.3 : 0,
    lateAud: seed % 3 === 0 ? 10 ** d.uniform(-1, 2) : 0,
  };
  const site = randomInstance(seed, shape).sites[0]!;
  const TK = site.slotCount * site.classCount;
  const box = new Float64Array(TK);
  const totals = new Float64Array(TK);
  for (let i = 0; i < TK; i++) {
    const k = i % site.classCount;
    const limit = site.maxLoad[Math.floor(i / site.classCount)]!;
    const most = limit / site.loadPerReqPerS[k]!;
    // Boxes from nothing, over a part of the site, to several times what it can carry.
    box[i] = d.chance(0.15) ? 0 : Math.max(most, 1) * d.uniform(0.05, 3);
    totals[i] = Math.min(box[i]!, (most * d.uniform(0, 1)) / site.classCount);
  }
  const prices = Float64Array.from({ length: TK }, () => d.uniform(-1, 3));
  const query: SiteQuery = { round: 3, totals, prices, box };
  query.proximal = {
    penalty: Float64Array.from({ length: TK }, () => 10 ** d.uniform(-3, 2)),
    center: Float64Array.from(totals, (z) => z + d.uniform(-10, 10)),
  };
  return { site, query };
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

/** g_t(N) − p·N. */
function profit(site: SiteProblem, t: number, totals: Float64Array, prices: Float64Array): number {
  const K = site.classCount;
  const all = new Float64Array(site.slotCount * K);
  all.set(totals, t * K);
  const query = { round: 0, totals: all, prices: all, box: all };
  let value = answerQuery(site, query).costAud[t]!;
  for (let k = 0; k < K; k++) value -= prices[t * K + k]! * totals[k]!;
  return value;
}

describe('figures at the proposal', () => {
  test('cost, marginal cost and slope are each other’s derivatives', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { site, query } = randomCase(seed);
        const K = site.classCount;
        const here = answerQuery(site, query);
        for (let t = 0; t < site.slotCount; t++) {
          // At no load the queue's second derivative jumps.
          if (loadOf(site.loadPerReqPerS, query.totals, t) < 0.01) continue;
          for (let k = 0; k < K; k++) {
            const h = 1e-5 / site.loadPerReqPerS[k]!;
            const shifted = (by: number) => {
              const totals = query.totals.slice();
              totals[t * K + k] = totals[t * K + k]! + by;
              return answerQuery(site, { ...query, totals });
            };
            const up = shifted(h);
            const down = shifted(-h);
            const scale = Math.abs(here.marginalAud[t * K + k]!) + 1;
            const slope = (up.costAud[t]! - down.costAud[t]!) / (2 * h);
            expect(Math.abs(slope - here.marginalAud[t * K + k]!) / scale).toBeLessThan(1e-4);
            const change = up.marginalAud[t * K + k]! - down.marginalAud[t * K + k]!;
            const second = change / (2 * h * site.loadPerReqPerS[k]! ** 2);
            const size = here.slopeAud[t]! + 1e-3;
            expect(Math.abs(second - here.slopeAud[t]!) / size).toBeLessThan(1e-2);
          }
        }
      }),
      { seed: 10, numRuns: 60 },
    );
  });

  test('an idle site costs its base', () => {
    const site = randomInstance(1, { sites: 1 }).sites[0]!;
    const zero = new Float64Array(site.slotCount * site.classCount);
    const answer = answerQuery(site, { round: 1, totals: zero, prices: zero, box: zero });
    expect([...answer.costAud]).toEqual([...site.baseAud]);
    expect([...answer.boundAud]).toEqual([...site.baseAud]);
    expect([...answer.marginalAud]).toEqual([...site.rateAud]);
  });
});

describe('bound', () => {
  test('no point of a dense sample of the box lies below it', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { site, query } = randomCase(seed);
        const K = site.classCount;
        const { boundAud } = answerQuery(site, query);
        const d = dice(seed + 1);
        for (let t = 0; t < site.slotCount; t++) {
          for (let n = 0; n < 60; n++) {
            // Faces of the box included: each class empty, full, or between.
            const totals = Float64Array.from({ length: K }, (_, k) => {
              const max = query.box[t * K + k]!;
              const where = d.uniform(-0.3, 1.3);
              return max * Math.min(1, Math.max(0, where));
            });
            const load = loadOf(site.loadPerReqPerS, totals, 0);
            const fit = load > site.maxLoad[t]! ? site.maxLoad[t]! / load : 1;
            for (let k = 0; k < K; k++) totals[k] = totals[k]! * fit;
            const value = profit(site, t, totals, query.prices);
            expect(boundAud[t]!).toBeLessThanOrEqual(value + 1e-9 * (1 + Math.abs(value)));
          }
        }
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test('is attained: a fine search over the load reaches it', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { site, query } = randomCase(seed);
        const K = site.classCount;
        const { boundAud } = answerQuery(site, query);
        for (let t = 0; t < site.slotCount; t++) {
          // At a given load, the classes that gain most per busy server fill first.
          const order = Array.from({ length: K }, (_, k) => k).sort((a, b) => {
            const gain = (k: number) =>
              (query.prices[t * K + k]! - site.rateAud[t * K + k]!) / site.loadPerReqPerS[k]!;
            return gain(b) - gain(a);
          });
          let best = Number.POSITIVE_INFINITY;
          for (let n = 0; n <= 500; n++) {
            let left = (site.maxLoad[t]! * n) / 500;
            const totals = new Float64Array(K);
            for (const k of order) {
              const s = site.loadPerReqPerS[k]!;
              totals[k] = Math.min(query.box[t * K + k]!, left / s);
              left -= totals[k]! * s;
            }
            best = Math.min(best, profit(site, t, totals, query.prices));
          }
          expect(best - boundAud[t]!).toBeLessThan(5e-3 * (1 + Math.abs(best)));
        }
      }),
      { seed: 12, numRuns: 40 },
    );
  });

  test('negative prices of energy fill the site to its limit, and stay bounded', () => {
    const site = randomInstance(7, { sites: 1, slots: 1, classes: 1, waitingAud: 0 }).sites[0]!;
    site.rateAud[0] = -5;
    const box = Float64Array.of(1e6);
    const totals = Float64Array.of(0);
    const answer = answerQuery(site, { round: 1, totals, prices: Float64Array.of(0), box });
    const most = site.maxLoad[0]! / site.loadPerReqPerS[0]!;
    expect(answer.boundAud[0]).toBeCloseTo(site.baseAud[0]! - 5 * most, 9);
  });

  test('a closed site is worth its base whatever the prices', () => {
    const site = randomInstance(3, { sites: 1, slots: 1 }).sites[0]!;
    site.maxLoad[0] = 0;
    const TK = site.classCount;
    const prices = new Float64Array(TK).fill(1e3);
    const totals = new Float64Array(TK);
    const proximal = {
      penalty: new Float64Array(TK).fill(1),
      center: new Float64Array(TK).fill(9),
    };
    const box = new Float64Array(TK).fill(50);
    const answer = answerQuery(site, { round: 1, totals, prices, box, proximal });
    expect(answer.boundAud[0]).toBe(site.baseAud[0]);
    expect([...answer.proximal!]).toEqual([0, 0]);
  });
});

describe('proximal point', () => {
  /** Largest violation of the KKT conditions in slot t, relative to the marginal costs' size. */
  function residual(site: SiteProblem, query: SiteQuery, point: Float64Array, t: number): number {
    const K = site.classCount;
    const { penalty, center } = query.proximal!;
    const load = loadOf(site.loadPerReqPerS, point, t);
    const limit = site.maxLoad[t]!;
    expect(load).toBeLessThanOrEqual(limit * (1 + 1e-12) + 1e-15);
    const { servers } = site.queue;
    const w = site.waitingAud[t]!;
    const waiting = w > 0 ? w * waitingSlope(site.queue, load / servers) : 0;
    const late = site.lateness ? lateSlope(site.lateness, load / servers) : 0;
    const congestion = (waiting + late) / servers;
    // Each class says which capacity prices κ ≥ 0 make it stationary: an interval.
    let low = 0;
    let high = load < limit * (1 - 1e-9) ? 0 : Number.POSITIVE_INFINITY;
    let scale = 1e-9;
    const intervals: [number, number][] = [];
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const s = site.loadPerReqPerS[k]!;
      const n = point[at]!;
      const max = query.box[at]!;
      expect(n).toBeGreaterThanOrEqual(0);
      expect(n).toBeLessThanOrEqual(max * (1 + 1e-12));
      const gradient = site.rateAud[at]! + s * congestion + penalty[at]! * (n - center[at]!);
      scale = Math.max(
        scale,
        Math.abs(gradient / s),
        (penalty[at]! * Math.abs(center[at]!)) / s,
        congestion,
      );
      const kappa = -gradient / s;
      const tight = 1e-9 * Math.max(max, 1);
      if (max <= tight) continue;
      if (n <= tight) intervals.push([kappa, Number.POSITIVE_INFINITY]);
      else if (n >= max - tight) intervals.push([Number.NEGATIVE_INFINITY, kappa]);
      else intervals.push([kappa, kappa]);
    }
    for (const [a, b] of intervals) {
      low = Math.max(low, a);
      high = Math.min(high, b);
    }
    return Math.max(0, low - high) / scale;
  }

  test('satisfies its KKT conditions on random sites, negative prices included', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { site, query } = randomCase(seed);
        const { proximal } = answerQuery(site, query);
        for (let t = 0; t < site.slotCount; t++) {
          expect(residual(site, query, proximal!, t)).toBeLessThan(1e-6);
        }
      }),
      { seed: 13, numRuns: 400 },
    );
  });

  test('zero demand: the box is empty, and so is the answer', () => {
    const { site, query } = randomCase(5);
    query.box.fill(0);
    query.totals.fill(0);
    expect(answerQuery(site, query).proximal!.every((n) => n === 0)).toBe(true);
  });

  test('a limit in the query holds where it is below the site’s own', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { site, query } = randomCase(seed);
        const d = dice(seed + 2);
        const maxLoad = site.maxLoad.map((most) => most * d.uniform(0, 1.5));
        const lower = site.maxLoad.map((most, t) => Math.min(most, maxLoad[t]!));
        expect(answerQuery(site, { ...query, maxLoad })).toEqual(
          answerQuery({ ...site, maxLoad: lower }, query),
        );
      }),
      { seed: 14, numRuns: 50 },
    );
  });

  test('identical sites answer identically', () => {
    const { site, query } = randomCase(6);
    expect(answerQuery(structuredClone(site), query)).toEqual(answerQuery(site, query));
  });

  test('a heavy penalty holds the centre, no price of waiting leaves a plain shift', () => {
    const site = randomInstance(9, { ...usualShape, sites: 1, slots: 1, classes: 1, waitingAud: 0 })
      .sites[0]!;
    const box = Float64Array.of(1e3);
    const totals = Float64Array.of(0);
    const ask = (rho: number, center: number) =>
      answerQuery(site, {
        round: 1,
        totals,
        prices: totals,
        box,
        proximal: { penalty: Float64Array.of(rho), center: Float64Array.of(center) },
      }).proximal![0]!;
    expect(ask(1e9, 0.5)).toBeCloseTo(0.5, 6);
    expect(ask(2, 1)).toBeCloseTo(Math.max(0, 1 - site.rateAud[0]! / 2), 12);
    expect(ask(1, 1e6)).toBeCloseTo(site.maxLoad[0]! / site.loadPerReqPerS[0]!, 9);
  });
});

test('pure: the same query twice, the same answer, and nothing of it changed', () => {
  const { site, query } = randomCase(8);
  const before = structuredClone({ site, query });
  const first = answerQuery(site, query);
  expect(answerQuery(site, query)).toEqual(first);
  expect({ site, query }).toEqual(before);
});
