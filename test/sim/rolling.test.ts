import { describe, expect, it } from 'vitest';
import { type Policy, policiesFor } from '../../src/core/planning/policies/index.ts';
import { isotherm } from '../../src/core/planning/policies/isotherm.ts';
import { nearest } from '../../src/core/planning/policies/nearest.ts';
import { backtest } from '../../src/sim/backtest.ts';
import { readDataset } from '../../src/sim/dataset.ts';
import { decideRolling, rollingIssue, rollingTasks } from '../../src/sim/rolling.ts';
import { backtestHourly } from '../../src/sim/rolling-pool.ts';
import { embeddedFleet, fleetWithDigest } from '../core/support/fleets.ts';
import { plantedFleet } from '../core/support/planted.ts';
import { folderOf, START_MS } from './support/folder.ts';

const GAP = 1e-6;

/** Two cities whose weather and prices change from hour to hour, each in its own way. */
function twoCities(hours: number) {
  const wave = (h: number, hoursLong: number) => Math.cos((2 * Math.PI * h) / hoursLong);
  const dir = folderOf({
    hours,
    weather: {
      sydney: (h) => [22 + 8 * wave(h, 24), 50],
      melbourne: (h) => [16 + 7 * wave(h, 31), 60],
    },
    price: { NSW: (h) => 90 + 60 * wave(h, 11), VIC: (h) => 70 + 90 * wave(h, 17) },
    carbon: { NSW: () => 600, VIC: (h) => 500 + 90 * wave(h, 13) },
  });
  const { fleet, inputs } = readDataset(dir, embeddedFleet(), { startUtcMs: START_MS, hours });
  return { fleet, inputs, settings: { gapTarget: GAP } };
}

/** The same policy, and what it was shown each time. */
function watched(policy: Policy) {
  const seen: { slots: number; fromMs: number; warm: boolean }[] = [];
  const decide: Policy['decide'] = (context) => {
    const { inputs, learned } = context;
    seen.push({
      slots: inputs.slotCount,
      fromMs: inputs.startUtcMs,
      warm: learned !== undefined,
    });
    return policy.decide(context);
  };
  return { policy: { ...policy, decide }, seen };
}

describe('planning anew every hour', () => {
  it('looks a day ahead each time, to the end of what is known, warm from the plan before', () => {
    const { fleet, inputs, settings } = twoCities(30);
    const means = { ppue: 1.2, onSiteWaterLPerKwh: 0, rateAud: new Float64Array(4) };
    const { policy, seen } = watched(isotherm);
    const task = { from: 2, to: 30 };
    const { plans, flow } = decideRolling(fleet, inputs, policy, task, settings, means);
    expect({ plans, hours: flow.length }).toEqual({ plans: 28, hours: 28 });
    expect(seen.map((s) => s.slots)).toEqual(
      Array.from({ length: 28 }, (_, n) => Math.min(24, 28 - n)),
    );
    expect(seen.map((s) => (s.fromMs - START_MS) / 3_600_000)).toEqual(
      Array.from({ length: 28 }, (_, n) => 2 + n),
    );
    expect(seen.map((s) => s.warm)).toEqual([false, ...Array.from({ length: 27 }, () => true)]);
  });

  it('does what a day at a time does, where no slot depends on another', async () => {
    const data = twoCities(50);
    const all = policiesFor(data.fleet);
    const daily = backtest(data.fleet, data.inputs, all, data.settings);
    const hourly = await backtestHourly(data, all, { threads: 2 });
    expect(hourly.map((r) => r.policy)).toEqual(daily.map((r) => r.policy));
    hourly.forEach((r, n) => {
      const other = daily[n]!;
      expect(r.requests).toBeCloseTo(other.requests, 3);
      const apart = Math.abs(r.objectiveAud / other.objectiveAud - 1);
      // Each plan within its gap of the same optimum; what policies minimize is not all they are charged.
      expect(apart, r.policy).toBeLessThan(r.maxGap === undefined ? 1e-12 : 1e-4);
      if (r.policy === 'isotherm') expect(apart).toBeLessThan(2 * GAP);
    });
  });

  it('comes to the same bytes with one thread and with three', async () => {
    const data = twoCities(50);
    const taskSlots = 20;
    expect(rollingTasks([nearest], 50, taskSlots)).toEqual([
      { policy: 'nearest', from: 0, to: 20 },
      { policy: 'nearest', from: 20, to: 40 },
      { policy: 'nearest', from: 40, to: 50 },
    ]);
    const [one, three] = await Promise.all(
      [1, 3].map((threads) => backtestHourly(data, [nearest, isotherm], { threads, taskSlots })),
    );
    expect(JSON.stringify(three)).toBe(JSON.stringify(one));
  });

  it('passes on what goes wrong in a thread', async () => {
    const data = twoCities(2);
    const unknown = { ...nearest, id: 'nobody' };
    await expect(backtestHourly(data, [unknown], { threads: 1 })).rejects.toThrow(
      'no policy "nobody"',
    );
  });

  it('says which fleets it cannot carry from plan to plan', () => {
    expect(rollingIssue(embeddedFleet())).toBeUndefined();
    expect(rollingIssue(fleetWithDigest())).toBe('class "digest" may wait');
    expect(rollingIssue(plantedFleet())).toMatch(/^site "\w+" has a plant$/);
  });
});
