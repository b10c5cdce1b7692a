import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CoolingState, coolingTimes, takePower } from '../../../src/core/learning/cooling.ts';
import { ppue } from '../../../src/core/model/cooling/index.ts';
import { parsePlantReport } from '../../../src/core/model/plant-state.ts';
import { siteFactors, withCooling } from '../../../src/core/model/site-power.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { airOf } from '../../../src/core/model/weather.ts';
import { embeddedFleet } from '../support/fleets.ts';
import { seededRandom } from '../support/random.ts';

const [site] = embeddedFleet().sites;
if (!site) throw new Error('no site');

/** After so many quarter-hourly reports of a site whose overhead is so many times the model's. */
function after(reports: number, times: number, seed = 1): CoolingState | undefined {
  const random = seededRandom(seed);
  let state: CoolingState | undefined;
  for (let n = 1; n <= reports; n++) {
    const tempC = 5 + 35 * random();
    const rhPct = 20 + 60 * random();
    const itKw = 30 + 40 * random();
    const overhead = times * (ppue(site!.cost.cooling, airOf(tempC, rhPct)) - 1);
    const facilityKw = itKw * (1 + overhead * (0.9 + 0.2 * random())) + site!.cost.fixedOverheadKw;
    const power = { itKw, facilityKw, tempC, rhPct };
    state = takePower(state, site!, (n * MS_PER_HOUR) / 4, power);
  }
  return state;
}

test('cooling is the model’s before any report, and comes to be what meters say', () => {
  expect(coolingTimes(undefined, site!)).toBe(1);
  const times = fc.double({ min: 0.5, max: 2.5, noNaN: true });
  fc.assert(
    fc.property(times, fc.nat(1e6), (truth, seed) => {
      const off = Math.abs(coolingTimes(after(2000, truth, seed), site!) - truth);
      expect(off).toBeLessThan(0.15 * Math.abs(truth - 1) + 0.02);
      // Four reports of the widest cooling weigh as four of a hundred.
      expect(Math.abs(coolingTimes(after(4, truth, seed), site!) - 1)).toBeLessThan(0.081);
    }),
    { numRuns: 30 },
  );
});

test('whatever is reported, it is a number from a third to three', () => {
  const kw = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  const power = fc.record({
    itKw: kw,
    facilityKw: kw,
    tempC: fc.double({ min: -60, max: 60, noNaN: true }),
    rhPct: fc.double({ min: 0, max: 110, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(power, { maxLength: 300 }), (reports) => {
      let state: CoolingState | undefined;
      reports.forEach((p, n) => {
        state = takePower(state, site!, n * MS_PER_HOUR, p);
      });
      expect(coolingTimes(state, site!)).toBeGreaterThanOrEqual(1 / 3);
      expect(coolingTimes(state, site!)).toBeLessThanOrEqual(3);
    }),
  );
});

test('a report counts once, and its factor scales the overhead alone', () => {
  const once = after(10, 2);
  const power = { itKw: 50, facilityKw: 500, tempC: 30, rhPct: 30 };
  expect(takePower(once, site!, once!.utcMs, power)).toBe(once);
  const f = siteFactors(site!, {
    utcMs: 0,
    tempC: 30,
    rhPct: 40,
    spotAudPerMwh: 100,
    carbonKgPerKwh: 0.5,
    gridWaterLPerKwh: 1,
  });
  expect(withCooling(f, 2).ppue - 1).toBeCloseTo(2 * (f.ppue - 1), 12);
  expect(withCooling(f)).toBe(f);
});

test('a facility that draws less than its servers is refused, without figures', () => {
  const power = { itKw: 50.25, facilityKw: 49.5, tempC: 30, rhPct: 30 };
  const report = { utc: '2026-01-15T00:00Z', power };
  expect(() => parsePlantReport(site!, report)).toThrow(/power\.facilityKw: below itKw/);
  expect(() => parsePlantReport(site!, report)).not.toThrow(/49\.5|50\.25/);
  const well = { ...report, power: { ...power, facilityKw: 60 } };
  expect(parsePlantReport(site!, well).power?.facilityKw).toBe(60);
});

test('another model of cooling in the registry begins anew, and a busy hour counts for more than an idle one', () => {
  const learned = after(2000, 2);
  const other = {
    ...site!,
    cost: { ...site!.cost, cooling: { kind: 'fixed' as const, ppue: 1.3, onSiteWaterLPerKwh: 0 } },
  };
  expect(coolingTimes(learned, other)).toBe(1);
  const power = {
    itKw: 100,
    facilityKw: 100 + other.cost.fixedOverheadKw + 30,
    tempC: 20,
    rhPct: 50,
  };
  expect(takePower(learned, other, 1e13, power)?.reports).toBe(1);
  // An idle site whose fixed load the registry has too low: 2 kW that no cooling would bring down.
  let state: CoolingState | undefined;
  for (let n = 1; n <= 1000; n++) {
    const itKw = n % 2 === 0 ? 1 : 100;
    const facilityKw = itKw + other.cost.fixedOverheadKw + 0.3 * itKw + 2;
    state = takePower(state, other, n * MS_PER_HOUR, { ...power, itKw, facilityKw });
  }
  expect(coolingTimes(state, other)).toBeLessThan(1.1);
});
