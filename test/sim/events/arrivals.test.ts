import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalKinds, arrivals } from '../../../src/sim/events/arrivals.ts';
import { randomOf } from '../../../src/sim/events/random.ts';
import { readTrace, squaredVariation } from '../../../src/sim/events/trace.ts';
import { folderWith, traceLines } from './support.ts';

const dir = folderWith({ 'trace.csv': traceLines(1, 1000, 100) });
const trace = readTrace(join(dir, 'trace.csv'));

const timesOf = (...args: Parameters<typeof arrivals>) =>
  Float64Array.from([...arrivals(...args)], (a) => a.timeS);

describe('arrivals', () => {
  it('come in order, within the span, at the rate of the slot, alike for a seed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...arrivalKinds),
        fc.double({ min: 0.2, max: 9, noNaN: true }),
        fc.double({ min: 0.2, max: 9, noNaN: true }),
        fc.nat(1000),
        (kind, first, second, seed) => {
          // Each slot is eight of the trace's lengths, or what they become when stretched.
          const slotS = 2400;
          const profile = { slotS, reqPerS: Float64Array.of(first, second) };
          const span = { fromS: -100, toS: 2 * slotS + 50 };
          const times = timesOf(trace, profile, span, kind, seed, 'zone class');
          expect(times).toEqual(timesOf(trace, profile, span, kind, seed, 'zone class'));
          expect(times.every((t, n) => n === 0 || t >= (times[n - 1] as number))).toBe(true);
          expect(times[0]).toBeGreaterThanOrEqual(span.fromS);
          expect(times.at(-1)).toBeLessThan(span.toS);
          [first, second].forEach((rate, slot) => {
            const came = times.filter((t) => t >= slot * slotS && t < (slot + 1) * slotS).length;
            // Five deviations of a Poisson count, and a trace's length too many or too few.
            const slack = 5 * Math.sqrt(rate * slotS) + (kind === 'stretched' ? 600 : 0);
            expect(Math.abs(came - rate * slotS)).toBeLessThan(slack);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are none where nobody asks', () => {
    const profile = { slotS: 60, reqPerS: Float64Array.of(0) };
    for (const kind of arrivalKinds) {
      expect(timesOf(trace, profile, { fromS: 0, toS: 60 }, kind, 1, 'x')).toHaveLength(0);
    }
  });

  it('keep the variation of the gaps when stretched', () => {
    const gaps = (t: Float64Array) => t.slice(1).map((s, n) => s - (t[n] as number));
    const own = squaredVariation(gaps(trace.timeS));
    const profile = { slotS: 3600, reqPerS: Float64Array.of(20) };
    const times = timesOf(trace, profile, { fromS: 0, toS: 3000 }, 'stretched', 1, 'x');
    expect(squaredVariation(gaps(times))).toBeCloseTo(own, 1);
  });

  it('keep the variance of counts over their mean when superposed, and lose it as poisson', () => {
    const dispersion = (t: Float64Array, toS: number) => {
      const counts = new Float64Array(toS / 20);
      for (const s of t) counts[Math.floor(s / 20)] = (counts[Math.floor(s / 20)] as number) + 1;
      const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
      return squaredVariation(counts) * mean;
    };
    // Whole lengths of the trace, from random points of it, one copy or six.
    const toS = 300;
    const mean = (kind: 'superposed' | 'poisson', copies: number) => {
      const profile = { slotS: 1e6, reqPerS: Float64Array.of((copies * 600) / trace.durationS) };
      const seeds = Array.from({ length: 60 }, (_, seed) => seed);
      const times = seeds.map((n) => timesOf(trace, profile, { fromS: 0, toS }, kind, n, 'x'));
      return times.reduce((sum, t) => sum + dispersion(t, toS), 0) / seeds.length;
    };
    const own = mean('superposed', 1);
    expect(own).toBeGreaterThan(5);
    expect(Math.abs(mean('superposed', 6) / own - 1)).toBeLessThan(0.2);
    expect(mean('poisson', 6)).toBeLessThan(1.3);
  });
});

describe('randomOf', () => {
  it('gives each name and seed a uniform stream of its own', () => {
    const draws = (seed: number, name: string) => {
      const random = randomOf(seed, name);
      return Array.from({ length: 10_000 }, random);
    };
    const a = draws(1, 'a');
    expect(a).toEqual(draws(1, 'a'));
    for (const other of [draws(1, 'b'), draws(2, 'a')]) {
      const same = a.filter((u, n) => Math.abs(u - (other[n] as number)) < 0.01).length;
      expect(same).toBeLessThan(300);
    }
    const tenths = new Array(10).fill(0);
    for (const u of a) tenths[Math.floor(10 * u)]++;
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
