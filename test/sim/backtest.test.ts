import { describe, expect, it } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { type PlanningInputs, slotUtcMs } from '../../src/core/planning/inputs.ts';
import { policiesFor } from '../../src/core/planning/policies/index.ts';
import { backtest, type PolicyResult, slice } from '../../src/sim/backtest.ts';
import { type Dataset, readDataset } from '../../src/sim/dataset.ts';
import { withCooling, withTariff } from '../../src/sim/overrides.ts';
import { constantInputs, embeddedFleet } from '../core/support/fleets.ts';
import { planFaults } from '../core/support/plans.ts';
import { dice } from '../core/support/random.ts';
import { chargeByHand, recorded } from './support/charges.ts';
import { folderOf, START_MS } from './support/folder.ts';

/** Two whole blocks of a day, and one of two hours. */
const HOURS = 50;
const settings = { gapTarget: 1e-6 };
/** Those of a fleet in which nothing may wait. */
const policies = policiesFor(embeddedFleet());
const policy = (id: string) => policies.find((p) => p.id === id)!;

/** Three cities' days with random weather, prices (some below zero) and carbon, read from files. */
function world(seed: number): Dataset {
  const d = dice(seed);
  const wave = (mean: number, swing: number, noise: number) => {
    const peak = d.integer(0, 23);
    return (h: number) =>
      mean + swing * Math.cos((2 * Math.PI * (h - peak)) / 24) + d.uniform(-noise, noise);
  };
  const weather = (meanC: number) => {
    const [tempC, rhPct] = [wave(meanC, 7, 2), wave(55, 20, 5)];
    return (h: number): [number, number] => [tempC(h), rhPct(h)];
  };
  const dir = folderOf({
    hours: HOURS,
    weather: { sydney: weather(24), melbourne: weather(17), hobart: weather(13) },
    price: { NSW: wave(90, 120, 40), VIC: wave(60, 110, 40), TAS: wave(70, 40, 20) },
    carbon: { NSW: wave(600, 150, 20), VIC: wave(500, 200, 20), TAS: wave(60, 20, 5) },
  });
  // Hobart on the spot market, the other two on their contracts.
  const fleet = embeddedFleet();
  const onSpot = withTariff(fleet, 'spot');
  fleet.sites = fleet.sites.map((s, j) => (s.id === 'hobart' ? onSpot.sites[j]! : s));
  return readDataset(dir, fleet, { startUtcMs: START_MS, hours: HOURS });
}

/** Every policy's result, with what it was shown and chose. */
function run(fleet: Fleet, inputs: PlanningInputs) {
  const spies = policies.map(recorded);
  const results = backtest(
    fleet,
    inputs,
    spies.map((s) => s.policy),
    settings,
  );
  return results.map((result, n) => ({ result, blocks: spies[n]!.blocks }));
}

const { fleet, inputs } = world(1);
const runs = run(fleet, inputs);

describe('every policy', () => {
  const asked = inputs.demandReqPerS.reduce((sum, reqPerS) => sum + 3600 * reqPerS, 0);

  it.each(runs)('$result.policy serves the same demand, row by row', ({ result, blocks }) => {
    expect(result.requests / asked).toBeCloseTo(1, 9);
    expect(result.unservedRequests / asked).toBeLessThan(1e-12);
    expect(result.sites.reduce((sum, s) => sum + s.share, 0)).toBeCloseTo(1, 9);
    for (const { context, decision } of blocks) {
      const faults = planFaults(context.problem, decision.flow, decision.unserved);
      expect(faults.demand).toBeLessThan(1e-9);
      expect(faults.overLimit).toBeLessThan(1e-9);
      expect(faults.negative).toBeGreaterThan(-1e-12);
    }
  });

  it.each(runs)('$result.policy is charged hour by hour by the true model', (r) => {
    const sums = chargeByHand(fleet, r.blocks);
    for (const [name, byHand] of Object.entries(sums)) {
      const charged = r.result[name as keyof typeof sums];
      expect(Math.abs(charged - byHand), name).toBeLessThanOrEqual(1e-9 * Math.abs(byHand));
    }
    const { carbonAudPerT, waterAudPerKl, timeAudPerUserHour } = fleet.prices;
    const userHours = (r.result.requests * r.result.ttftMeanMs) / 3.6e6;
    const objective =
      sums.energyCostAud +
      (sums.carbonKg * carbonAudPerT + sums.waterL * waterAudPerKl) / 1000 +
      userHours * timeAudPerUserHour;
    expect(r.result.objectiveAud / objective).toBeCloseTo(1, 9);
  });

  it('decides a day at a time, shown that day and no other', () => {
    for (const { blocks } of runs) {
      expect(blocks.map((b) => b.context.inputs.slotCount)).toEqual([24, 24, 2]);
      blocks.forEach(({ context }, n) => {
        expect(context.inputs).toEqual(slice(inputs, n * 24, Math.min(n * 24 + 24, HOURS)));
        expect(context.problem.demandReqPerS).toEqual(context.inputs.demandReqPerS);
      });
    }
  });

  it('says how far its plans were proven, if it optimizes', () => {
    for (const { result, blocks } of runs) {
      const optimizes = ['isotherm', 'fixed-ppue', 'xu-unaware', 'xu-joint'].includes(
        result.policy,
      );
      const gaps = optimizes ? blocks.map((b) => b.decision.gap!) : [];
      const rounds = optimizes ? blocks.map((b) => b.decision.rounds!) : [];
      expect(result.maxGap).toBe(optimizes ? Math.max(...gaps) : undefined);
      expect(result.maxRounds).toBe(optimizes ? Math.max(...rounds) : undefined);
      if (optimizes) expect(result.maxGap).toBeLessThanOrEqual(settings.gapTarget);
    }
  });
});

it.each([2, 3, 4, 5])('isotherm costs no more than any other policy (world %i)', (seed) => {
  const w = world(seed);
  const [isotherm, ...others] = backtest(w.fleet, w.inputs, policies, settings);
  expect(others).toHaveLength(policies.length - 1);
  for (const other of others) {
    const slack = 2 * settings.gapTarget * Math.abs(other.objectiveAud);
    expect(isotherm!.objectiveAud, other.policy).toBeLessThanOrEqual(other.objectiveAud + slack);
  }
});

it('a span is the sum of its hours', () => {
  // Not the optimizing policies: fixed-ppue's constant belongs to the span.
  for (const id of ['nearest', 'cheapest', 'cleanest', 'spread', 'slit-like']) {
    const whole = runs.find((r) => r.result.policy === id)!.result;
    const hours = Array.from({ length: HOURS }, (_, t) => {
      return backtest(fleet, slice(inputs, t, t + 1), [policy(id)], settings)[0]!;
    });
    const sumOf = (value: (r: PolicyResult) => number) => hours.reduce((s, r) => s + value(r), 0);
    for (const name of ['objectiveAud', 'energyCostAud', 'coolingKwh', 'requests'] as const) {
      expect(sumOf((r) => r[name]) / whole[name]).toBeCloseTo(1, 9);
    }
    whole.sites.forEach((site, j) => {
      for (const name of ['tempC', 'ppue', 'utilisation', 'energyAudPerKwh'] as const) {
        expect(sumOf((r) => r.sites[j]![name]) / HOURS).toBeCloseTo(site[name], 9);
      }
    });
  }
});

describe('fixed-ppue', () => {
  // pPUE is 1 + T/100 and evaporation T/10: 10 °C for a day, then 30 °C for half of one, and a
  // second city at 40 °C.
  const points = [
    { tempC: 0, ppue: 1, onSiteWaterLPerKwh: 0 },
    { tempC: 50, ppue: 1.5, onSiteWaterLPerKwh: 5 },
  ];
  const base = embeddedFleet();
  base.sites = base.sites.slice(0, 2);
  base.zones = base.zones.slice(0, 2);
  const truth = withCooling(base, JSON.stringify({ kind: 'table', points }));
  const days = constantInputs(truth, { slotCount: 36, tempC: 40 });
  days.sites[0]!.tempC.fill(10, 0, 24).fill(30, 24);
  const meanC = ((24 * 10 + 12 * 30) / 36 + 40) / 2;
  const mean = { ppue: 1 + meanC / 100, onSiteWaterLPerKwh: meanC / 10 };
  const spy = recorded(policy('fixed-ppue'));
  const [charged] = backtest(truth, days, [spy.policy], settings);
  const believed = withCooling(base, JSON.stringify({ kind: 'fixed', ...mean }));

  it('is told the mean over sites and the whole span, in every block', () => {
    expect(spy.blocks).toHaveLength(2);
    for (const { context } of spy.blocks) {
      expect(context.spanMeans.ppue).toBeCloseTo(mean.ppue, 12);
      expect(context.spanMeans.onSiteWaterLPerKwh).toBeCloseTo(mean.onSiteWaterLPerKwh, 12);
    }
  });

  it('decides as isotherm would if that constant were true', () => {
    const other = recorded(policy('isotherm'));
    backtest(believed, days, [other.policy], settings);
    spy.blocks.forEach(({ decision }, n) => {
      decision.flow.forEach((flow, t) => {
        flow.forEach((x, e) => {
          expect(x).toBeCloseTo(other.blocks[n]!.decision.flow[t]![e]!, 6);
        });
      });
    });
  });

  it('is charged what cooling took, not what it believed', () => {
    const belief = chargeByHand(believed, spy.blocks);
    expect(belief.coolingKwh / belief.itKwh).toBeCloseTo(meanC / 100, 9);
    const fact = chargeByHand(truth, spy.blocks);
    expect(charged!.coolingKwh / fact.coolingKwh).toBeCloseTo(1, 9);
    expect(charged!.waterL / fact.waterL).toBeCloseTo(1, 9);
    expect(Math.abs(charged!.coolingKwh / belief.coolingKwh - 1)).toBeGreaterThan(0.01);
  });
});

describe('the run', () => {
  const two = [policy('spread'), policy('nearest')];

  it('keeps the order asked for, and reports each block done', () => {
    const seen: [string, number][] = [];
    const results = backtest(fleet, inputs, two, settings, (...done) => seen.push(done));
    expect(results.map((r) => r.policy)).toEqual(['spread', 'nearest']);
    expect(seen.map(([id]) => id)).toEqual([
      ...Array(3).fill('spread'),
      ...Array(3).fill('nearest'),
    ]);
    const shares = [0.24, 0.48, 0.5, 0.74, 0.98, 1];
    expect(seen.map(([, share]) => share)).toEqual(shares.map((s) => expect.closeTo(s, 12)));
  });

  it('reports the worst of a policy’s blocks', () => {
    const nearest = policy('nearest');
    const rounds = [3, 9, 4];
    const gaps = [0.2, 0.1, 0.05];
    const decide: typeof nearest.decide = (context) => ({
      ...nearest.decide(context),
      rounds: rounds.shift(),
      gap: gaps.shift(),
    });
    const [result] = backtest(fleet, inputs, [{ ...nearest, decide }], settings);
    expect(result).toMatchObject({ policy: 'nearest', maxRounds: 9, maxGap: 0.2 });
  });

  it('refuses a hole in the inputs before any policy decides', () => {
    const holed = slice(inputs, 0, HOURS);
    holed.sites = holed.sites.map((s) => ({ ...s, tempC: s.tempC.slice() }));
    holed.sites[1]!.tempC[40] = Number.NaN;
    const spy = recorded(policy('nearest'));
    expect(() => backtest(fleet, holed, [spy.policy], settings)).toThrow(
      'inputs.melbourne.tempC[40]: NaN',
    );
    expect(spy.blocks).toEqual([]);
  });

  it('cuts slots out of the inputs with their own hours and demand', () => {
    const part = slice(inputs, 30, 34);
    expect(part.startUtcMs).toBe(slotUtcMs(inputs, 30));
    expect(part.sites[2]!.rhPct).toEqual(inputs.sites[2]!.rhPct.slice(30, 34));
    const perHour = fleet.zones.length * fleet.classes.length;
    expect(part.demandReqPerS).toEqual(inputs.demandReqPerS.slice(30 * perHour, 34 * perHour));
  });
});
