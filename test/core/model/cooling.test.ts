import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chillerCop } from '../../../src/core/model/cooling/air-cooled-chiller.ts';
import {
  type Cooling,
  coolingKinds,
  coolingSchema,
  onSiteWaterLPerKwh,
  ppue,
} from '../../../src/core/model/cooling/index.ts';
import { issueLines } from '../../../src/core/model/errors.ts';
import { wueTowerLPerKwh } from '../../../src/core/model/water.ts';
import { airOf } from '../../../src/core/model/weather.ts';

const at = (cooling: Cooling, tempC: number, rhPct = 50) => ppue(cooling, airOf(tempC, rhPct));
const parse = (value: unknown) => coolingSchema.parse(value);

const TABLE = parse({
  kind: 'table',
  points: [
    { tempC: 0, ppue: 1.1 },
    { tempC: 20, ppue: 1.2, onSiteWaterLPerKwh: 0.5 },
    { tempC: 40, ppue: 1.5, onSiteWaterLPerKwh: 1.5 },
  ],
});
const everyModel: Cooling[] = coolingKinds.map((kind) => {
  if (kind === 'fixed') return parse({ kind, ppue: 1.3 });
  return kind === 'table' ? TABLE : parse({ kind });
});

describe('air-cooled chiller', () => {
  test.each([
    [10, 4.26],
    [15, 4.17],
    [20, 3.95],
    [25, 3.67],
    [30, 3.38],
    [35, 3.11],
    [40, 2.87],
    [45, 2.67],
  ])('COP at %d °C is %f', (tempC, cop) => {
    expect(Math.abs(chillerCop(tempC) - cop)).toBeLessThan(0.006);
  });

  test('COP falls as ambient rises above 10 °C, and is held below it', () => {
    for (let t = 10; t < 50; t += 0.25) {
      expect(chillerCop(t + 0.25)).toBeLessThan(chillerCop(t));
    }
    expect(chillerCop(-15)).toBe(chillerCop(10));
    expect(chillerCop(60)).toBe(chillerCop(50));
  });

  test('is proportional to the rated COP', () => {
    expect(chillerCop(30, 6)).toBeCloseTo(2 * chillerCop(30, 3), 12);
  });

  test('pPUE adds fans to 1/COP', () => {
    const chiller = parse({ kind: 'air-cooled-chiller' });
    expect(at(chiller, 35)).toBeCloseTo(1.06 + 1 / 3.11, 3);
    expect(at(chiller, 15)).toBeCloseTo(1.06 + 1 / 4.17, 3);
  });
});

describe('economizer quadratic (Xu, Feng, Li)', () => {
  const xu = parse({ kind: 'economizer-quadratic' });

  test.each([
    [35, 1.3],
    [21.1, 1.21],
    [15.6, 1.17],
    [10, 1.1],
    [-3.9, 1.05],
  ])('within 0.023 of the published table at %d °C', (tempC, published) => {
    expect(Math.abs(at(xu, tempC) - published)).toBeLessThan(0.0235);
  });

  test('exact at the fit', () => {
    expect(at(xu, 20)).toBeCloseTo(7.1705e-5 * 400 + 0.082 + 1.0743, 12);
  });

  test('held at its minimum below the vertex, −28.6 °C', () => {
    expect(at(xu, -40)).toBe(at(xu, -28.6 - 1));
    expect(at(xu, -28)).toBeGreaterThan(at(xu, -28.5));
  });

  test('a linear curve has no vertex', () => {
    const line = parse({ kind: 'economizer-quadratic', quadraticPerC2: 0 });
    expect(at(line, 30)).toBeCloseTo(1.0743 + 0.123, 12);
    expect(at(line, -40)).toBe(1);
  });
});

describe('mixed mode', () => {
  const mixed = parse({ kind: 'mixed-mode' });

  test('outside air below the band, chiller above it', () => {
    expect(at(mixed, 14)).toBeCloseTo(1.08, 12);
    expect(at(mixed, -5)).toBeCloseTo(1.08, 12);
    expect(at(mixed, 22)).toBeCloseTo(1.06 + 1 / chillerCop(22), 12);
    expect(at(mixed, 38)).toBeCloseTo(1.06 + 1 / chillerCop(38), 12);
  });

  test('linear and continuous across the band', () => {
    const middle = (1.08 + 1.06 + 1 / chillerCop(22)) / 2;
    expect(at(mixed, 18)).toBeCloseTo(middle, 12);
    expect(at(mixed, 14 + 1e-9)).toBeCloseTo(at(mixed, 14), 8);
    expect(at(mixed, 22 - 1e-9)).toBeCloseTo(at(mixed, 22), 8);
  });
});

describe('adiabatic assist', () => {
  const pads = parse({ kind: 'adiabatic' });

  test('evaporates by the curve asked for: a tower 4.45 L/kWh at a wet bulb of 20 °C, dry none', () => {
    const tower = parse({ kind: 'adiabatic', wue: 'tower' });
    const hot = { tempC: 30, wetBulbC: 20 };
    expect(onSiteWaterLPerKwh(tower, hot)).toBeCloseTo(4.45, 2);
    expect(onSiteWaterLPerKwh(pads, hot)).toBeCloseTo(1.67, 2);
    expect(onSiteWaterLPerKwh(tower, { tempC: 20, wetBulbC: 20 })).toBe(0);
    expect(wueTowerLPerKwh(-20)).toBe(0.05);
  });

  test('drinks only above its switch temperature', () => {
    expect(onSiteWaterLPerKwh(pads, airOf(25, 40))).toBe(0);
    expect(onSiteWaterLPerKwh(pads, airOf(10, 40))).toBe(0);
    expect(onSiteWaterLPerKwh(pads, airOf(25.01, 40))).toBeGreaterThan(1);
  });

  test('below the switch it is the chiller, above it a chiller in cooler air', () => {
    expect(at(pads, 20)).toBeCloseTo(1.07 + 1 / chillerCop(20), 12);
    const air = airOf(35, 30);
    const condenserC = 35 - 0.7 * (35 - air.wetBulbC);
    expect(ppue(pads, air)).toBeCloseTo(1.07 + 1 / chillerCop(condenserC), 12);
    expect(ppue(pads, air)).toBeLessThan(1.07 + 1 / chillerCop(35));
  });

  test('in saturated air the pads gain next to nothing', () => {
    expect(at(pads, 30, 99)).toBeCloseTo(1.07 + 1 / chillerCop(30), 2);
  });

  test('rises with temperature on either side of the switch', () => {
    for (const [from, to] of [
      [10.5, 24.5],
      [25.5, 49],
    ] as const) {
      for (let t = from; t < to; t += 0.5) {
        expect(at(pads, t + 0.5)).toBeGreaterThanOrEqual(at(pads, t) - 1e-12);
      }
    }
  });
});

describe('table and fixed', () => {
  test('interpolates, and holds the ends', () => {
    expect(at(TABLE, 10)).toBeCloseTo(1.15, 12);
    expect(at(TABLE, 30)).toBeCloseTo(1.35, 12);
    expect(at(TABLE, -30)).toBe(1.1);
    expect(at(TABLE, 55)).toBe(1.5);
    expect(onSiteWaterLPerKwh(TABLE, airOf(30, 50))).toBeCloseTo(1, 12);
  });

  test('fixed is blind to weather', () => {
    const fixed = parse({ kind: 'fixed', ppue: 1.4, onSiteWaterLPerKwh: 0.3 });
    expect(at(fixed, -10)).toBe(1.4);
    expect(at(fixed, 45)).toBe(1.4);
    expect(onSiteWaterLPerKwh(fixed, airOf(45, 10))).toBe(0.3);
  });
});

describe('every model', () => {
  test.each(everyModel.map((m) => [m.kind, m] as const))('%s: pPUE ≥ 1, water ≥ 0', (_, model) => {
    fc.assert(
      fc.property(
        fc.double({ min: -40, max: 55, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (tempC, rhPct) => {
          const air = airOf(tempC, rhPct);
          return ppue(model, air) >= 1 && onSiteWaterLPerKwh(model, air) >= 0;
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  test.each(everyModel.filter((m) => m.kind !== 'adiabatic').map((m) => [m.kind, m] as const))(
    '%s: pPUE never falls as it gets hotter',
    (_, model) => {
      for (let t = -40; t < 55; t += 0.25) {
        expect(at(model, t + 0.25)).toBeGreaterThanOrEqual(at(model, t) - 1e-12);
      }
    },
  );
});

describe('schema', () => {
  const faults = (value: unknown) => {
    const result = coolingSchema.safeParse(value);
    return result.success ? [] : issueLines(result.error);
  };

  test('refuses a band the wrong way round', () => {
    const lines = faults({ kind: 'mixed-mode', economizerBelowC: 22, chillerAboveC: 18 });
    expect(lines).toContain('chillerAboveC: must be above economizerBelowC');
  });

  test('refuses outside air that costs more than the chiller', () => {
    expect(faults({ kind: 'mixed-mode', economizerOverhead: 0.9 })).toEqual([
      'economizerOverhead: must not exceed the overhead on the chiller',
    ]);
  });

  test('refuses pPUE below 1, an unknown kind and an unknown field', () => {
    expect(faults({ kind: 'fixed', ppue: 0.9 })[0]).toMatch(/^ppue: /);
    expect(faults({ kind: 'magic' })[0]).toMatch(/^kind: /);
    expect(faults({ kind: 'fixed', ppue: 1.2, pue: 1 })[0]).toMatch(/pue/);
  });

  test('refuses a table that does not rise', () => {
    const points = [
      { tempC: 10, ppue: 1.1 },
      { tempC: 10, ppue: 1.2 },
    ];
    expect(faults({ kind: 'table', points })).toEqual([
      'points: tempC must rise from point to point',
    ]);
  });

  test('refuses a quadratic that does not depend on temperature', () => {
    const flat = { kind: 'economizer-quadratic', quadraticPerC2: 0, linearPerC: 0 };
    expect(faults(flat)).toHaveLength(1);
  });
});
