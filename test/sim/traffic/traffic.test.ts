import { describe, expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { expectedDemand } from '../../../src/core/planning/inputs.ts';
import { Traffic, type TrafficRequest } from '../../../src/sim/traffic/traffic.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

const fleet = publicFleet(embeddedFleet());
const NOON = Date.UTC(2026, 0, 15, 2);

/** Requests by second over hours of a constant clock, of one class. */
function bySecond(model: string, reqPerS: number, seconds: number) {
  const only = { ...fleet, classes: fleet.classes.filter((c) => c.model === model) };
  const atNoon = expectedDemand(only, NOON, 1, 1).reduce((a, b) => a + b, 0);
  const meanOfDay = expectedDemand(only, 0, 24, 1).reduce((a, b) => a + b, 0) / 24;
  const traffic = new Traffic(only, (reqPerS * meanOfDay) / atNoon, 7);
  const counts = Array.from({ length: seconds }, (_, s) => {
    let count = 0;
    for (let tenth = 0; tenth < 10; tenth++) {
      count += traffic.between(s + tenth / 10, s + (tenth + 1) / 10, NOON).length;
    }
    return count;
  });
  return { counts, traffic };
}

/** Standard deviation of counts in windows, over their mean. */
function variation(counts: number[], windowS: number): number {
  const sums = Array.from({ length: Math.floor(counts.length / windowS) }, (_, n) =>
    counts.slice(n * windowS, (n + 1) * windowS).reduce((a, b) => a + b, 0),
  );
  const mean = sums.reduce((a, b) => a + b, 0) / sums.length;
  return Math.sqrt(sums.reduce((a, b) => a + (b - mean) ** 2, 0) / sums.length) / mean;
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('bursts', () => {
  // Counts of Azure's traces at their own rates, by second, 10 s and minute: see profiles.ts.
  test.each([
    ['isotherm-chat', 5.53, [0.5, 0.26, 0.22]],
    ['isotherm-code', 2.57, [2.27, 1.67, 1.04]],
  ])('%s comes as in the trace', (model, reqPerS, traced) => {
    const { counts } = bySecond(model, reqPerS, 60_000);
    expect(mean(counts) / reqPerS).toBeGreaterThan(0.95);
    expect(mean(counts) / reqPerS).toBeLessThan(1.05);
    [1, 10, 60].forEach((windowS, n) => {
      expect(Math.abs(variation(counts, windowS) / (traced[n] as number) - 1)).toBeLessThan(0.1);
    });
  });
});

describe('a day of requests', () => {
  const hours = (seed: number, everyH = 1): TrafficRequest[] => {
    const traffic = new Traffic(fleet, 20, seed);
    return Array.from({ length: 24 / everyH }, (_, h) => h * everyH).flatMap((h) =>
      Array.from({ length: 600 }, (_, s) =>
        traffic.between(3600 * h + s, 3600 * h + s + 1, NOON + 3_600_000 * h),
      ).flat(),
    );
  };
  const day = hours(1);

  test('has the rate asked for, zones by their demand, and lengths of the classes', () => {
    expect(day.length / (24 * 600 * 20)).toBeGreaterThan(0.93);
    expect(day.length / (24 * 600 * 20)).toBeLessThan(1.07);
    const people = fleet.zones.reduce((sum, z) => sum + z.population, 0);
    for (const { id, population } of fleet.zones.slice(0, 5)) {
      const share = day.filter((r) => r.zone === id).length / day.length;
      expect(Math.abs(share / (population / people) - 1)).toBeLessThan(0.15);
    }
    for (const { model, meanInputTokens, meanOutputTokens } of fleet.classes) {
      const own = day.filter((r) => r.model === model);
      expect(Math.abs(mean(own.map((r) => r.promptTokens)) / meanInputTokens - 1)).toBeLessThan(
        0.05,
      );
      expect(Math.abs(mean(own.map((r) => r.answerTokens)) / meanOutputTokens - 1)).toBeLessThan(
        0.05,
      );
    }
    expect(new Set(day.map((r) => r.session)).size).toBe(day.length);
  });

  test('is the same again from the same seed, and another from another', () => {
    const some = hours(1, 6);
    expect(hours(1, 6)).toEqual(some);
    expect(hours(2, 6)).not.toEqual(some);
  });
});
