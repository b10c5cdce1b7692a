import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeStepMs,
  hardwareIds,
  hardwareProfiles,
  idleServerKw,
  prefillMs,
  requestWork,
} from '../../../src/core/model/hardware.ts';
import { interpolate } from '../../../src/core/model/interpolate.ts';

const h100 = hardwareProfiles['h100-tp8'];
const a100 = hardwareProfiles['a100-tp8'];

describe('measured speeds', () => {
  test('at the measured points', () => {
    expect(prefillMs(h100, 2048)).toBe(137);
    expect(prefillMs(a100, 8192)).toBe(1550);
    expect(decodeStepMs(h100, 32)).toBe(38.6);
    expect(decodeStepMs(a100, 64)).toBe(71.6);
  });

  test('between them, proportional below the first, and on along the last two', () => {
    expect(prefillMs(h100, 1536)).toBeCloseTo((78 + 137) / 2, 12);
    expect(prefillMs(h100, 256)).toBeCloseTo(26.5, 12);
    expect(prefillMs(h100, 12_288)).toBeCloseTo(845 + (845 - 390), 12);
    expect(prefillMs(a100, 131_072)).toBeCloseTo(1550 + (30 * 4096 * (1550 - 661)) / 4096, 9);
  });
});

describe('work of a request', () => {
  test('energy per token at 2048 and batch 32 (facts: 0.37 J, 3.67 J, GPUs only)', () => {
    const { serverFactor } = h100;
    const prompt = requestWork(h100, [2048], 1e-9, 32);
    expect((prompt.itEnergyKwh * 3.6e6) / 2048 / serverFactor).toBeCloseTo(0.37, 2);
    const long = requestWork(h100, [1e-9], 1000, 32);
    expect((long.itEnergyKwh * 3.6e6) / 1000 / serverFactor).toBeCloseTo(3.67, 2);
  });

  test('the chat request by hand: 1155 tokens in, 211 out, batch 32', () => {
    const work = requestWork(h100, [1155], 211, 32);
    const prefillS = (78 + (59 * 131) / 1024) / 1000;
    const decodeS = (211 * 38.6) / 32 / 1000;
    expect(work.prefillMs).toBeCloseTo(prefillS * 1000, 9);
    expect(work.serverS).toBeCloseTo(prefillS + decodeS, 12);
    const joules = 8 * 1.6 * (prefillS * 700 + decodeS * 380);
    expect(work.itEnergyKwh).toBeCloseTo(joules / 3.6e6, 15);
    // About 0.53 Wh at 1.5 times the GPUs; 1.6 is the middle of the stated range 1.5–1.8.
    expect((work.itEnergyKwh * 1000 * 1.5) / 1.6).toBeCloseTo(0.53, 1);
    expect(Math.abs(work.itEnergyKwh * 1000 - 0.53)).toBeLessThan(0.05);
  });

  test('grows with tokens on every profile', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...hardwareIds),
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 64 }),
        (id, input, output, batch) => {
          const hw = hardwareProfiles[id];
          const less = requestWork(hw, [input], output, batch);
          const more = requestWork(hw, [input + 10], output + 10, batch);
          return more.serverS > less.serverS && more.itEnergyKwh > less.itEnergyKwh;
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });
});

test('an idle server draws its GPUs’ idle power times the server factor', () => {
  expect(idleServerKw(h100)).toBeCloseTo(0.96, 12);
  expect(idleServerKw(a100)).toBeCloseTo(0.8064, 12);
});

test('interpolation holds its ends and refuses emptiness', () => {
  const points = [
    [1, 10],
    [3, 30],
  ] as const;
  expect(interpolate(points, 2)).toBe(20);
  expect(interpolate(points, 0)).toBe(10);
  expect(interpolate(points, 9)).toBe(30);
  expect(() => interpolate([], 1)).toThrow(RangeError);
});
