import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { waitingCurvature, waitingSlope } from '../../../src/core/model/queueing.ts';
import { congestionCurve } from '../../../src/core/optimizer/congestion-curve.ts';
import type { Curve } from '../../../src/core/optimizer/prior-curve.ts';
import type { SiteCapability } from '../../../src/core/optimizer/problem.ts';
import {
  emptyCurve,
  learn,
  MAX_SAMPLES,
  type SlotCurve,
} from '../../../src/core/optimizer/site-curve.ts';
import { dice } from '../support/random.ts';

const seeds = fc.integer({ min: 1, max: 1_000_000 });

function site(servers: number, variability: number, costAudPerWaiting: number): SiteCapability {
  return {
    id: 'a',
    loadPerReqPerS: Float64Array.of(0.3, 0.5),
    maxLoad: Float64Array.of(0.9 * servers),
    prior: { servers, variability, costAudPerWaiting },
  };
}

/** φ' and φ'' of a queue whose waiting costs w per request. */
function truth(servers: number, variability: number, w: number, load: number) {
  const q = { servers, variability };
  return {
    congestion: (w / servers) * waitingSlope(q, load / servers),
    slope: (w / servers ** 2) * waitingCurvature(q, load / servers),
  };
}

function value(curve: Curve, load: number): { value: number; slope: number } {
  const out = { value: Number.NaN, slope: Number.NaN };
  curve.at(load, out);
  return out;
}

/** Teaches a curve the true marginal costs of a queue at some loads. */
function teach(
  curve: SlotCurve,
  capability: SiteCapability,
  w: number,
  loads: number[],
  rates = [0.2, -0.1],
): void {
  const { servers, variability } = capability.prior;
  for (const load of loads) {
    const t = truth(servers, variability, w, load);
    const marginal = Float64Array.from(
      rates,
      (a, k) => a + capability.loadPerReqPerS[k]! * t.congestion,
    );
    learn(curve, capability, load, marginal, t.slope);
  }
}

function randomCurve(seed: number) {
  const d = dice(seed);
  const servers = d.integer(1, 30);
  const w = d.chance(0.15) ? 0 : 10 ** d.uniform(-2, 1);
  const prior = d.chance(0.15) ? 0 : w * 10 ** d.uniform(-1, 1);
  const capability = site(servers, d.uniform(0.5, 4), prior);
  const loads = Array.from({ length: d.integer(1, 8) }, () => servers * d.uniform(0, 0.93));
  const curve = emptyCurve(2);
  teach(curve, capability, w, loads);
  return { capability, curve, w, servers, loads };
}

describe('any curve through true samples', () => {
  test('never falls, and its slope is never negative', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { capability, curve, servers } = randomCurve(seed);
        const c = congestionCurve(curve.samples, capability);
        let last = Number.NEGATIVE_INFINITY;
        for (let n = 0; n <= 300; n++) {
          const here = value(c, (servers * 0.95 * n) / 300);
          const rising = here.value >= last - 1e-9 * (1 + Math.abs(last));
          if (!Number.isFinite(here.value) || !(here.slope >= 0) || !rising) return false;
          last = here.value;
        }
        return true;
      }),
      { seed: 20, numRuns: 300 },
    );
  });

  test('its slope is the derivative of its value', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.02, max: 0.9, noNaN: true }), (seed, u) => {
        const { capability, curve, servers } = randomCurve(seed);
        const c = congestionCurve(curve.samples, capability);
        const load = u * servers;
        const h = 1e-6 * servers * (1 - u);
        if (curve.samples.some((q) => Math.abs(q.load - load) < 2 * h)) return;
        const slope = (value(c, load + h).value - value(c, load - h).value) / (2 * h);
        const stated = value(c, load).slope;
        const steepest = Math.max(value(c, load + h).slope, value(c, load - h).slope, 1e-3);
        expect(Math.abs(slope - stated) / steepest).toBeLessThan(1e-3);
      }),
      { seed: 21, numRuns: 300 },
    );
  });

  test('its integral is the area below it, whichever way it is taken', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { capability, curve, servers } = randomCurve(seed);
        const late = { servers, decay: Float64Array.of(4, 30), fullAud: Float64Array.of(1, 1) };
        const prior = { ...capability.prior, ...(seed % 2 === 0 && { lateness: late }) };
        const c = congestionCurve(curve.samples, { ...capability, prior });
        const d = dice(seed + 1);
        const from = servers * d.uniform(0, 0.95);
        const to = servers * d.uniform(0, 0.95);
        const steps = 4000;
        let area = 0;
        let size = 0;
        for (let n = 0; n < steps; n++) {
          const here = value(c, from + ((n + 0.5) * (to - from)) / steps).value;
          area += (here * (to - from)) / steps;
          size += Math.abs(here * (to - from)) / steps;
        }
        expect(Math.abs(c.integralAud(from, to) - area)).toBeLessThan(2e-3 * size + 1e-9);
        expect(c.integralAud(to, from)).toBeCloseTo(-c.integralAud(from, to), 9);
      }),
      { seed: 24, numRuns: 200 },
    );
  });

  test('passes its samples, with their slope where the shape allows', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { capability, curve } = randomCurve(seed);
        const c = congestionCurve(curve.samples, capability);
        for (const sample of curve.samples) {
          const here = value(c, sample.load);
          const scale = 1e-6 * (1 + Math.abs(sample.congestionAud));
          expect(Math.abs(here.value - sample.congestionAud)).toBeLessThan(scale);
          expect(Math.abs(here.slope - sample.slopeAud)).toBeLessThan(
            1e-6 * (1 + sample.slopeAud) + 1e-9,
          );
        }
      }),
      { seed: 22, numRuns: 300 },
    );
  });

  test('offsets make the newest sample exact in every class', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { capability, curve, w, loads, servers } = randomCurve(seed);
        const load = loads[loads.length - 1]!;
        const { congestion } = truth(servers, capability.prior.variability, w, load);
        const modelled = value(congestionCurve(curve.samples, capability), load).value;
        [0.2, -0.1].forEach((a, k) => {
          const s = capability.loadPerReqPerS[k]!;
          const scale = 1 + Math.abs(s * congestion);
          const error = curve.offsetAud[k]! + s * modelled - (a + s * congestion);
          expect(Math.abs(error) / scale).toBeLessThan(1e-6);
        });
      }),
      { seed: 23, numRuns: 300 },
    );
  });
});

describe('priors', () => {
  test('without samples the curve is the prior', () => {
    const capability = site(8, 1.5, 2);
    const c = congestionCurve([], capability);
    for (const load of [0, 2, 5, 7.5]) {
      const t = truth(8, 1.5, 2, load);
      expect(value(c, load).value).toBeCloseTo(t.congestion, 12);
      expect(value(c, load).slope).toBeCloseTo(t.slope, 12);
    }
  });

  test('a true prior is reproduced: exactly beyond the samples, closely between them', () => {
    for (const loads of [[3], [3, 6.5], [6.5, 3, 0.5]]) {
      const capability = site(8, 1.5, 2);
      const curve = emptyCurve(2);
      teach(curve, capability, 2, loads);
      const c = congestionCurve(curve.samples, capability);
      const from = Math.min(...loads);
      const to = Math.max(...loads);
      const rise = truth(8, 1.5, 2, to).congestion - truth(8, 1.5, 2, from).congestion;
      for (let load = 0; load < 7.6; load += 0.1) {
        const t = truth(8, 1.5, 2, load).congestion;
        const between = load > from && load < to;
        // Between samples the bent coordinate gives a tenth of its say to the chord.
        const error = Math.abs(value(c, load).value - t);
        expect(error).toBeLessThan(between ? 0.08 * rise : 1e-9 * (1 + t));
      }
    }
  });

  test.each([0, 2 / 3, 6])(
    'a prior of %f instead of 2: close again after five samples',
    (prior) => {
      const capability = site(8, 1.5, prior);
      const curve = emptyCurve(2);
      const loads = [2, 7, 5, 6, 7.5];
      teach(curve, capability, 2, loads);
      const c = congestionCurve(curve.samples, capability);
      for (let load = 2; load <= 7.5; load += 0.25) {
        const t = truth(8, 1.5, 2, load).congestion;
        expect(Math.abs(value(c, load).value - t)).toBeLessThan(0.15 * t + 0.08);
      }
    },
  );

  test('a prior with fewer servers than the site has load stays finite', () => {
    const capability = site(4, 1, 1);
    const c = congestionCurve([], capability);
    expect(Number.isFinite(value(c, 40).value)).toBe(true);
    expect(Number.isFinite(value(c, 40).slope)).toBe(true);
  });
});

describe('learning', () => {
  test('keeps few samples, those near the newest', () => {
    const capability = site(20, 1, 1);
    const curve = emptyCurve(2);
    teach(
      curve,
      capability,
      1,
      Array.from({ length: 30 }, (_, i) => 1 + 0.5 * i),
    );
    expect(curve.samples).toHaveLength(MAX_SAMPLES);
    expect(curve.samples.at(-1)!.load).toBeCloseTo(15.5, 12);
    expect(curve.samples[0]!.load).toBeCloseTo(15.5 - 0.5 * (MAX_SAMPLES - 1), 12);
  });

  test('samples rise by load; one that contradicts the newest is dropped', () => {
    const capability = site(8, 1, 0);
    const curve = emptyCurve(1);
    const one = { ...capability, loadPerReqPerS: Float64Array.of(1) };
    learn(curve, one, 2, Float64Array.of(1), 0.1);
    learn(curve, one, 6, Float64Array.of(5), 0.1);
    learn(curve, one, 4, Float64Array.of(9), 0.1);
    expect(curve.samples.map((q) => q.load)).toEqual([2, 4]);
    learn(curve, one, 4, Float64Array.of(3), 0.1);
    expect(curve.samples.map((q) => q.congestionAud)).toEqual([0, 2]);
  });

  test('a negative slope is taken as none', () => {
    const capability = site(8, 1, 0);
    const curve = emptyCurve(2);
    learn(curve, capability, 2, Float64Array.of(1, 1), -3);
    expect(curve.samples[0]!.slopeAud).toBe(0);
  });
});
