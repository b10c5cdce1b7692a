import { expect, test } from 'vitest';
import {
  ageHours,
  type CountedHour,
  countHours,
  forecastDemand,
  seriesKey,
} from '../../../src/core/forecast/demand.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { expectedDemand } from '../../../src/core/planning/inputs.ts';
import { embeddedFleet, fleetWithDigest } from '../support/fleets.ts';

const fleet = publicFleet(embeddedFleet());
const startUtcMs = Date.parse('2026-01-19T00:00Z');
const horizon = { startUtcMs, slotCount: 24, slotHours: 1 };
const K = fleet.classes.length;
const at = (t: number, zone: string, cls: string) =>
  (t * fleet.zones.length + fleet.zones.findIndex((z) => z.id === zone)) * K +
  fleet.classes.findIndex((c) => c.id === cls);

/** The hours before the horizon, as much asked in each as the population's demand times a factor. */
function counted(hours: number, factorOf: (zone: string, cls: string) => number): CountedHour[] {
  const from = startUtcMs - hours * MS_PER_HOUR;
  const expected = expectedDemand(fleet, from, hours, 1);
  return Array.from({ length: hours }, (_, t) => ({
    utcMs: from + t * MS_PER_HOUR,
    requests: new Map(
      fleet.zones.flatMap((z) =>
        fleet.classes.map((c): [string, number] => [
          seriesKey(z.id, c.id),
          Math.round((expected[at(t, z.id, c.id)] as number) * 3600 * factorOf(z.id, c.id)),
        ]),
      ),
    ),
  }));
}

test('before anything is counted demand is the population’s', () => {
  const demand = forecastDemand(fleet, new Map(), horizon);
  expect(demand.reqPerS).toEqual(expectedDemand(fleet, startUtcMs, 24, 1));
  expect(demand).toMatchObject({ counted: 0, countable: fleet.zones.length * K, hoursSeen: 0 });
  expect(ageHours(demand, startUtcMs)).toBeUndefined();
});

test('zones and classes find their own scale, and the band holds the sum', () => {
  const factors: Record<string, number> = { sydney: 3, hobart: 0.2 };
  const hours = counted(96, (zone, cls) => (factors[zone] ?? 1) * (cls === 'code' ? 2 : 1));
  const demand = forecastDemand(fleet, countHours(fleet, new Map(), hours), horizon);
  const expected = expectedDemand(fleet, startUtcMs, 24, 1);
  for (const [zone, cls, factor] of [
    ['sydney', 'chat', 3],
    ['hobart', 'chat', 0.2],
    ['perth', 'code', 2],
  ] as const) {
    for (let t = 0; t < 24; t++) {
      const n = at(t, zone, cls);
      const ratio = (demand.reqPerS[n] as number) / (expected[n] as number) / factor;
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.1);
    }
  }
  demand.band.forEach(([low, high], t) => {
    const slot = demand.reqPerS.subarray(
      t * fleet.zones.length * K,
      (t + 1) * fleet.zones.length * K,
    );
    const sum = slot.reduce((a, b) => a + b, 0);
    expect(low).toBeLessThan(sum);
    expect(high).toBeGreaterThan(sum);
  });
  expect(demand).toMatchObject({ counted: fleet.zones.length * K, hoursSeen: 96 });
  expect(ageHours(demand, startUtcMs + MS_PER_HOUR / 2)).toBe(0.5);
});

test('a zone nobody asks from is planned for a request an hour, so that it has shares', () => {
  const hours = counted(72, (zone) => (zone === 'darwin' ? 0 : 1));
  const demand = forecastDemand(fleet, countHours(fleet, new Map(), hours), horizon);
  for (let t = 0; t < 24; t++) {
    const reqPerS = demand.reqPerS[at(t, 'darwin', 'chat')] as number;
    expect(reqPerS).toBeGreaterThanOrEqual(1 / 3600);
    expect(reqPerS).toBeLessThan(3 / 3600);
  }
});

test('what is taken in hour by hour is what is taken in at once, and hours come once', () => {
  const hours = counted(30, () => 1.5);
  const atOnce = countHours(fleet, new Map(), hours);
  const inParts = [hours.slice(0, 11), hours.slice(5, 30)].reduce(
    (states, part) => countHours(fleet, states, part),
    new Map(),
  );
  expect(inParts).toEqual(atOnce);
});

test('work that may wait keeps the population’s demand', () => {
  const patient = publicFleet(fleetWithDigest());
  const key = seriesKey('sydney', 'digest');
  const hours = [{ utcMs: startUtcMs - MS_PER_HOUR, requests: new Map([[key, 7]]) }];
  const states = countHours(patient, new Map(), hours);
  expect(states.has(key)).toBe(false);
  const demand = forecastDemand(patient, states, horizon);
  const digests = (values: Float64Array) => values.filter((_, n) => n % 3 === 2);
  expect(digests(demand.reqPerS)).toEqual(digests(expectedDemand(patient, startUtcMs, 24, 1)));
});
