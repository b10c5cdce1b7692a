import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../src/core/model/fleet.ts';
import {
  forecastSolarKw,
  isCurrent,
  type PlantState,
  parsePlantReport,
} from '../../../src/core/model/plant-state.ts';
import { operatePlant } from '../../../src/core/optimizer/site-plant/operate.ts';
import type { SitePlant } from '../../../src/core/optimizer/site-plant/plant.ts';
import { assembleSite } from '../../../src/core/planning/assemble.ts';
import { conditionsAt } from '../../../src/core/planning/inputs.ts';
import { constantInputs, tinyFleet } from '../support/fleets.ts';

const HOURS = 24;
const battery = { capacityKwh: 40, chargeKw: 10, dischargeKw: 10, initialKwh: 20 };

/** Dear evenings, a battery and a demand charge. */
const fleet: Fleet = tinyFleet((f) => {
  const site = f.sites[0]!;
  site.cost = {
    ...site.cost,
    battery: { ...battery, chargeEfficiency: 0.9, dischargeEfficiency: 0.9 },
    demandCharge: { audPerKwMonth: 1, paidKw: 30 },
    tariff: {
      kind: 'time-of-use',
      bands: [
        { fromHour: 6, toHour: 18, rateAudPerKwh: 0.1 },
        { fromHour: 18, toHour: 6, rateAudPerKwh: 0.4 },
      ],
    },
  };
});
const site = fleet.sites[0]!;
const startUtcMs = Date.parse('2026-01-15T00:00Z');

/** The site's day from an hour on, at 6 req/s. */
function dayFrom(hour: number, state?: PlantState) {
  const inputs = constantInputs(fleet, { slotCount: HOURS, demandReqPerS: 6 });
  inputs.startUtcMs = startUtcMs + hour * 3_600_000;
  const problem = assembleSite(
    site,
    fleet.classes,
    fleet.prices,
    inputs,
    (t) => conditionsAt(inputs, 0, t),
    state,
  );
  const plant = problem.plant as SitePlant;
  const totals = inputs.demandReqPerS.slice(0, HOURS);
  return { plant, operation: operatePlant(problem, plant, totals), problem, totals };
}

describe('a plan begins with the state reported', () => {
  test('without a report with what the registry has', () => {
    const { plant } = dayFrom(0);
    expect(plant.battery).toMatchObject({ initialKwh: 20, finalKwh: 20 });
    expect(plant.peak).toEqual({ audPerKw: 1, paidKw: 30 });
  });

  test.each([
    [0, 0],
    [7, 7],
    [20, 20],
    [33, 20],
    // A battery that holds more than it is said to is full.
    [41, 20],
  ])('with %i kWh it ends with %i at least', (storedKwh, finalKwh) => {
    const { plant } = dayFrom(0, { utcMs: startUtcMs, storedKwh, peakKw: 55 });
    expect(plant.battery).toMatchObject({ initialKwh: Math.min(40, storedKwh), finalKwh });
    expect(plant.peak?.paidKw).toBe(55);
  });

  test('plan upon plan, a battery gives no more than it was given', () => {
    // Each hour a plan is made of what is left, and its first hour happens.
    const runOn = (first: number, hours: number, reports: boolean) => {
      let storedKwh = first;
      let peakKw = 0;
      let highestKwh = first;
      let gaveKwh = 0;
      let tookKwh = 0;
      for (let hour = 0; hour < hours; hour++) {
        const state = reports ? { utcMs: startUtcMs, storedKwh, peakKw } : undefined;
        const { plant, operation } = dayFrom(hour, state);
        const drawn = operation.importKw[0] as number;
        const gave = operation.dischargeKw[0] as number;
        const used = facilityKw(plant, 6);
        const took = Math.max(0, drawn - used + gave);
        gaveKwh += gave;
        tookKwh += took;
        peakKw = Math.max(peakKw, drawn);
        storedKwh += 0.9 * took - gave / 0.9;
        highestKwh = Math.max(highestKwh, storedKwh);
      }
      return { storedKwh, highestKwh, gaveKwh, tookKwh };
    };
    fc.assert(
      fc.property(fc.double({ min: 0, max: 40, noNaN: true }), (first) => {
        const { storedKwh, highestKwh, gaveKwh, tookKwh } = runOn(first, 12, true);
        expect(storedKwh).toBeGreaterThan(-1e-3);
        expect(highestKwh).toBeLessThan(40 + 1e-3);
        expect(gaveKwh).toBeLessThanOrEqual(0.9 * (first + 0.9 * tookKwh) + 1e-3);
      }),
      { seed: 1, numRuns: 8 },
    );
    // Without reports each plan begins half full, and together they store what it cannot hold.
    expect(runOn(20, 12, false).highestKwh).toBeGreaterThan(45);
  });

  function facilityKw(plant: SitePlant, reqPerS: number): number {
    const itKw = (plant.baseItKw[0] as number) + (plant.kwPerReqPerS[0] as number) * reqPerS;
    return (plant.ppue[0] as number) * itKw + plant.overheadKw;
  }
});

describe('caps of a day', () => {
  const capped = tinyFleet((f) => {
    Object.assign(f.sites[0]!.cost, { limits: { dailyWaterL: 400, dailyCarbonKg: 300 } });
  });
  /** From 20:00 in Sydney on: four hours of that day and twenty of the next. */
  const eveningMs = Date.parse('2026-01-15T09:00Z');
  const day = (state?: Partial<PlantState>) => {
    const inputs = constantInputs(capped, { slotCount: HOURS, startUtcMs: eveningMs });
    const problem = assembleSite(
      capped.sites[0]!,
      capped.classes,
      capped.prices,
      inputs,
      (t) => conditionsAt(inputs, 0, t),
      state && { utcMs: eveningMs + 600_000, ...state },
    );
    return { problem, plant: problem.plant as SitePlant };
  };
  const sum = (parts: Float64Array) => parts.reduce((a, b) => a + b, 0);
  const first = (parts: Float64Array) => sum(parts.slice(0, 4));

  test('without a report are of the plan’s hours', () => {
    const { plant } = day();
    expect(new Set(plant.dayOf)).toEqual(new Set([0]));
    expect(sum(plant.waterCapL)).toBeCloseTo(400, 9);
    expect(sum(plant.carbonCapKg)).toBeCloseTo(300, 9);
  });

  test('with one are what is left of the site’s own day, and the whole of the next', () => {
    const { plant } = day({ usedTodayWaterL: 310, usedTodayCarbonKg: 120 });
    expect([...plant.dayOf]).toEqual([...Array(4).fill(0), ...Array(20).fill(1)]);
    expect(first(plant.waterCapL)).toBeCloseTo(90, 9);
    expect(sum(plant.waterCapL)).toBeCloseTo(90 + 400, 9);
    expect(first(plant.carbonCapKg)).toBeCloseTo(180, 9);
    expect(sum(plant.carbonCapKg)).toBeCloseTo(180 + 300, 9);
  });

  test('that are used up leave what the site takes with no request, and nothing more', () => {
    const { problem, plant } = day({ usedTodayWaterL: 400, usedTodayCarbonKg: 1e6 });
    expect(first(plant.waterCapL)).toBeGreaterThan(0);
    const totals = new Float64Array(HOURS).fill(1);
    const { shedReqPerS } = operatePlant(problem, plant, totals);
    expect([...shedReqPerS.slice(0, 4)].map((s) => s.toFixed(4))).toEqual(Array(4).fill('1.0000'));
    expect(sum(shedReqPerS.slice(4))).toBeLessThan(1e-4);
  });

  test('count to the day that the report is of', () => {
    const midnightMs = Date.parse('2026-01-15T13:00Z');
    const { plant } = day({
      utcMs: midnightMs + 60_000,
      usedTodayWaterL: 100,
      usedTodayCarbonKg: 9,
    });
    // It is of the plan’s second day.
    expect(first(plant.waterCapL)).toBeCloseTo(400, 9);
    expect(sum(plant.waterCapL)).toBeCloseTo(400 + 300, 9);
  });

  test('have to be reported where the site has them', () => {
    const parse = () => parsePlantReport(capped.sites[0]!, { utc: '2026-01-15T00:00Z' });
    expect(parse).toThrow(/usedTodayWaterL: missing.*; usedTodayCarbonKg: missing/);
  });
});

describe('a solar forecast', () => {
  const sunny = tinyFleet((f) => {
    f.sites[0]!.cost.solar = { kind: 'hourly', kwByUtcHour: Array(24).fill(7) };
  });
  const power = (solar?: PlantState['solar']) => {
    const inputs = constantInputs(sunny, { slotCount: 4, startUtcMs });
    const at = (t: number) => conditionsAt(inputs, 0, t);
    const state = { utcMs: startUtcMs, ...(solar && { solar }) };
    const { classes, prices, sites } = sunny;
    const { plant } = assembleSite(sites[0]!, classes, prices, inputs, at, state);
    return [...(plant as SitePlant).solarKw];
  };

  test('stands in place of the registry’s figures, for the hours that it has', () => {
    expect(power()).toEqual([7, 7, 7, 7]);
    expect(power({ fromUtcMs: startUtcMs, kw: [1, 2, 3] })).toEqual([1, 2, 3, 7]);
    expect(power({ fromUtcMs: startUtcMs - 3_600_000, kw: [9, 1, 2, 3, 4] })).toEqual([1, 2, 3, 4]);
    expect(power({ fromUtcMs: startUtcMs + 3_600_000, kw: [1] })).toEqual([7, 1, 7, 7]);
    // From half past on, so the first hour of the plan is not all there.
    expect(power({ fromUtcMs: startUtcMs + 1_800_000, kw: [1, 3, 5] })).toEqual([7, 2, 4, 7]);
  });

  test('gives each slot its own share of the energy', () => {
    const kw = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
      minLength: 12,
      maxLength: 12,
    });
    fc.assert(
      fc.property(kw, fc.constantFrom(0.25, 0.5, 1, 1.5, 3), (kw, hours) => {
        const solar = { fromUtcMs: startUtcMs, kw };
        let kwh = 0;
        for (let from = 0; from < 12; from += hours) {
          kwh += hours * (forecastSolarKw(solar, startUtcMs + from * 3_600_000, hours) as number);
        }
        expect(kwh).toBeCloseTo(
          kw.reduce((sum, one) => sum + one, 0),
          3,
        );
      }),
    );
  });

  test.each<[object, RegExp]>([
    [{ kw: [1] }, /solar\.fromUtc/],
    [{ fromUtc: 'noon', kw: [1] }, /solar\.fromUtc: expected an instant/],
    [{ fromUtc: '2026-01-15T00:00Z', kw: [] }, /solar\.kw/],
    [{ fromUtc: '2026-01-15T00:00Z', kw: [1, -2] }, /solar\.kw\[1\]/],
    [{ fromUtc: '2026-01-15T00:00Z', kw: Array(193).fill(1) }, /solar\.kw/],
  ])('%j is refused', (solar, reason) => {
    const report = { utc: '2026-01-15T00:00Z', solar };
    expect(() => parsePlantReport(sunny.sites[0]!, report)).toThrow(reason);
  });

  test('is read, and refused from a site without solar power', () => {
    const solar = { fromUtc: '2026-01-15T10:00+10:00', kw: [0, 3.5] };
    const report = { utc: '2026-01-15T00:00Z', solar };
    expect(parsePlantReport(sunny.sites[0]!, report)).toEqual({
      utcMs: startUtcMs,
      solar: { fromUtcMs: startUtcMs, kw: [0, 3.5] },
    });
    const without = () => parsePlantReport(tinyFleet().sites[0]!, report);
    expect(without).toThrow(/solar: the site has none/);
  });
});

describe('a report', () => {
  const report = { utc: '2026-01-15T00:00Z', storedKwh: 12.5, peakKw: 41 };
  const parse = (value: unknown) => () => parsePlantReport(site, value);

  test('is read', () => {
    expect(parsePlantReport(site, report)).toEqual({
      utcMs: startUtcMs,
      storedKwh: 12.5,
      peakKw: 41,
    });
  });

  test.each<[unknown, RegExp]>([
    [{ ...report, utc: '2026-01-15 00:00' }, /utc: expected an instant with Z or an offset/],
    [{ ...report, utc: undefined }, /utc: /],
    [{ ...report, storedKwh: undefined }, /storedKwh: missing, the site has a battery/],
    [{ ...report, storedKwh: -1 }, /storedKwh: /],
    [{ ...report, storedKwh: 42.5 }, /storedKwh: above the battery’s capacityKwh/],
    [{ ...report, storedKwh: Number.NaN }, /storedKwh: /],
    [{ ...report, peakKw: undefined }, /peakKw: missing, the site has a demand charge/],
    [{ ...report, peakkw: 3 }, /peakkw/],
    [[], /plant report of/],
  ])('%j is refused', (value, reason) => {
    expect(parse(value)).toThrow(reason);
    expect(parse(value)).not.toThrow(/42\.5|41|12\.5/);
  });

  test('stands for an hour before a plan’s beginning, and until the next plan’s', () => {
    const at = (minutes: number) => isCurrent({ utcMs: startUtcMs + minutes * 60_000 }, startUtcMs);
    expect([-61, -60, 0, 75, 76].map(at)).toEqual([false, true, true, true, false]);
  });
});
