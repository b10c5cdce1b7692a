import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { mayWait } from '../../../src/core/model/request-class.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { facilityKwAt, type SitePlant } from '../../../src/core/optimizer/site-plant/plant.ts';
import type { PutOff } from '../../../src/core/planning/put-off.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { Asked } from '../../../src/sim/loop/asked.ts';
import {
  closedLoop,
  type LoopResult,
  type LoopSpec,
  loopRuns,
} from '../../../src/sim/loop/closed-loop.ts';
import { stepPlant } from '../../../src/sim/loop/plant-step.ts';
import { PutOffWork } from '../../../src/sim/loop/put-off-work.ts';
import { fleetWithDigest } from '../../core/support/fleets.ts';
import { plantedFleet } from '../../core/support/planted.ts';
import { bursty } from '../support/traces.ts';

/** What goes on from plan to plan in a closed loop: charge of batteries, and work that was put off. */

const startUtcMs = Date.parse('2026-02-03T00:00Z');
const HOURS = 10;

/** Requests of a span, by class. */
function came({ fleet, asked, hours }: LoopSpec): number[] {
  const K = fleet.classes.length;
  const reqPerS = asked.reqPerS(startUtcMs, hours * MS_PER_HOUR);
  return fleet.classes.map(
    (_, k) => hours * 3600 * reqPerS.reduce((sum, x, n) => sum + (n % K === k ? x : 0), 0),
  );
}

function spec(fleet: Fleet, change: Partial<LoopSpec> = {}): LoopSpec {
  return {
    fleet,
    truth: embeddedInputs(publicFleet(fleet), startUtcMs - 24 * MS_PER_HOUR, 24 + HOURS),
    startUtcMs,
    hours: HOURS,
    asked: new Asked(
      fleet,
      fleet.classes.map(() => bursty),
      startUtcMs - 168 * MS_PER_HOUR,
    ),
    weatherErrors: { source: 'none', issues: new Map() },
    historyHours: 168,
    demandMargin: 1,
    replanMinutes: 60,
    stepMinutes: 20,
    gapTarget: 1e-3,
    ...change,
  };
}

/** Six sites with plants, and a class more whose work may wait. */
function plantedWithDigest(): Fleet {
  const planted = plantedFleet();
  const { sites, zones, ...fleet } = fleetWithDigest();
  return {
    ...fleet,
    zones: zones.slice(0, planted.zones.length),
    sites: planted.sites.map((site, j) => ({
      ...(sites[j] as Fleet['sites'][number]),
      cost: site.cost,
    })),
  };
}

function assertForesightIsNoWorse({ totals }: LoopResult): void {
  const within = 1.005 * totals.forecast.objectiveAud;
  expect(totals.foresight.objectiveAud).toBeLessThan(within);
}

describe('a loop with plants and work that may wait', () => {
  const fleet = plantedWithDigest();
  const whole = spec(fleet);
  const result = closedLoop(whole);

  test('keeps the energy of every plant, step upon step', () => {
    for (const run of loopRuns) {
      const readings = result.plants?.[run] ?? [];
      expect(readings.map((r) => r.site)).toEqual(['sydney', 'melbourne', 'brisbane', 'adelaide']);
      for (const r of readings) {
        const battery = fleet.sites.find((s) => s.id === r.site)?.cost.battery;
        const [inEff, outEff] = [battery?.chargeEfficiency ?? 1, battery?.dischargeEfficiency ?? 1];
        const stored = r.storedFromKwh + inEff * r.chargedKwh - r.dischargedKwh / outEff;
        expect(r.storedToKwh).toBeCloseTo(stored, 6);
        expect(r.storedToKwh).toBeGreaterThanOrEqual(0);
        expect(r.storedToKwh).toBeLessThanOrEqual(battery?.capacityKwh ?? 0);
        const given = r.importKwh + r.solarKwh + r.dischargedKwh;
        expect(given).toBeCloseTo(r.facilityKwh + r.exportKwh + r.chargedKwh, 6);
      }
    }
    // Something was to be carried at all.
    const used = result.plants?.forecast.reduce((sum, r) => sum + r.dischargedKwh, 0);
    expect(used).toBeGreaterThan(1);
  });

  test('serves every request once: none is lost, and none is served twice', () => {
    const counts = came(whole);
    const all = counts.reduce((a, b) => a + b, 0);
    const waiting = fleet.classes.reduce(
      (sum, c, k) => sum + (mayWait(c) ? (counts[k] as number) : 0),
      0,
    );
    for (const run of loopRuns) {
      const { requests, batch } = result.totals[run];
      expect(requests / all).toBeCloseTo(1, 9);
      expect((batch?.requests as number) / waiting).toBeCloseTo(1, 9);
      expect(batch?.unservedRequests).toBeLessThan(1e-6 * waiting);
    }
    expect(result.totals.nearest.batch?.movedShare).toBe(0);
    expect(result.totals.forecast.batch?.movedShare).toBeGreaterThan(0.02);
  });

  test('costs no less from forecasts than with foresight, and less than at the nearest sites', () => {
    assertForesightIsNoWorse(result);
    expect(result.totals.foresight.objectiveAud).toBeLessThan(result.totals.nearest.objectiveAud);
  });
});

test('what finds no room by the end of its time is counted as unserved, and once', () => {
  const fleet = fleetWithDigest();
  fleet.sites = fleet.sites.slice(0, 6);
  fleet.zones = fleet.zones.slice(0, 6);
  for (const site of fleet.sites) site.hardware.servers = Math.ceil(site.hardware.servers / 4);
  const tight = spec(fleet, { hours: 6 });
  const { totals } = closedLoop(tight);
  const counts = came(tight);
  const all = counts.reduce((a, b) => a + b, 0);
  for (const run of loopRuns) {
    const { requests, unservedRequests, batch } = totals[run];
    expect(requests / all).toBeCloseTo(1, 9);
    expect(batch?.unservedRequests).toBeGreaterThan(0.001 * (batch?.requests as number));
    expect(unservedRequests).toBeGreaterThanOrEqual(
      (batch?.unservedRequests as number) * (1 - 1e-9),
    );
  }
});

describe('work that is put off', () => {
  const open = publicFleet(fleetWithDigest());
  const K = open.classes.length;
  const digest = open.classes.findIndex(mayWait);
  const delayHours = open.classes[digest]?.maxDelayHours as number;
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  test('is served or unserved, each request once, and none later than its time', () => {
    const hour = fc.record({
      reqPerS: fc.double({ min: 0, max: 50, noNaN: true }),
      later: fc.array(fc.tuple(fc.integer({ min: 1, max: delayHours - 1 }), share), {
        maxLength: 3,
      }),
      lost: fc.tuple(share, fc.boolean()),
    });
    fc.assert(
      fc.property(fc.array(hour, { minLength: 1, maxLength: 30 }), (hours) => {
        const work = new PutOffWork(open, startUtcMs + hours.length * MS_PER_HOUR);
        let [asked, done, lostForGood] = [0, 0, 0];
        hours.forEach(({ reqPerS, later, lost }, h) => {
          const hourMs = startUtcMs + h * MS_PER_HOUR;
          const planned = later.map(([slots, s]): [number, number] => [
            slots,
            (s * 10) / later.length,
          ]);
          const zone = open.zones[0]?.id as string;
          const putOff: PutOff = {
            [open.classes[digest]?.id as string]: {
              [zone]: { cameReqPerS: 10, backReqPerS: 0, later: planned },
            },
          };
          for (const half of [0, 1]) {
            const demand = new Float64Array(open.zones.length * K);
            demand[digest] = reqPerS;
            asked += reqPerS * 1800;
            work.begin(demand, hourMs + half * 1_800_000, 1_800_000, putOff);
            const now = demand[digest] as number;
            const unserved = new Float64Array(demand.length);
            unserved[digest] = now * (lost[1] ? lost[0] : 0);
            done += (now - (unserved[digest] as number)) * 1800;
            work.end(unserved, hourMs + half * 1_800_000);
            lostForGood += (unserved[digest] as number) * 1800;
          }
        });
        const { requests, unservedRequests, meanDelayHours } = work.totals();
        const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, asked);
        return (
          near(requests, asked) &&
          near(unservedRequests, lostForGood) &&
          near(requests - unservedRequests, done) &&
          meanDelayHours <= delayHours - 1 + 1e-9
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('a step of a plant', () => {
  const kw = fc.double({ min: 0, max: 80, noNaN: true });
  const plant = fc
    .record({
      solar: kw,
      tariff: fc.double({ min: -0.2, max: 2, noNaN: true }),
      gridKw: fc.oneof(kw, fc.constant(Number.POSITIVE_INFINITY)),
      exportKw: kw,
      capacity: fc.double({ min: 1, max: 100, noNaN: true }),
      charge: fc.double({ min: 1, max: 50, noNaN: true }),
      discharge: fc.double({ min: 1, max: 50, noNaN: true }),
    })
    .map((v): SitePlant => {
      const one = (x: number) => Float64Array.of(x);
      return {
        slotHours: 1 / 12,
        baseItKw: one(10),
        kwPerReqPerS: one(1),
        ppue: one(1.3),
        overheadKw: 2,
        importAud: one(v.tariff + 0.01),
        tariffAud: one(v.tariff),
        exportAud: one(Math.min(0.05, v.tariff)),
        itAud: one(0),
        importCarbonKg: one(0.5),
        importWaterL: one(1),
        itWaterL: one(0),
        solarKw: one(v.solar),
        battery: {
          capacityKwh: v.capacity,
          chargeKw: v.charge,
          dischargeKw: v.discharge,
          chargeEfficiency: 0.9,
          dischargeEfficiency: 0.95,
          initialKwh: 0,
          finalKwh: 0,
        },
        facilityKw: Number.POSITIVE_INFINITY,
        gridKw: v.gridKw,
        exportKw: v.exportKw,
        dayOf: new Int32Array(1),
        waterCapL: one(Number.POSITIVE_INFINITY),
        carbonCapKg: one(Number.POSITIVE_INFINITY),
        unservedAud: 1,
      };
    });
  /** What is left of a day's cap, in what five minutes may take. */
  const cap = fc.oneof(
    fc.double({ min: 0, max: 10, noNaN: true }),
    fc.constant(Number.POSITIVE_INFINITY),
  );
  const order = fc.record({
    chargeKw: kw,
    dischargeKw: kw,
    exportKw: kw,
    peakKw: fc.oneof(kw, fc.constant(Number.POSITIVE_INFINITY)),
  });

  test('balances power, keeps the battery within its bounds, and sheds before a limit is broken', () => {
    fc.assert(
      fc.property(
        plant,
        order,
        kw,
        fc.double({ min: 0, max: 1, noNaN: true }),
        cap,
        cap,
        (p, o, itKw, full, waterLeftL, carbonLeftKg) => {
          const b = p.battery as NonNullable<SitePlant['battery']>;
          const storedKwh = full * b.capacityKwh;
          const stock = { storedKwh, waterLeftL, carbonLeftKg };
          const s = stepPlant(p, 0, itKw, o, stock);
          const draw = facilityKwAt(p, 0, 10 + s.servedShare * itKw);
          const after = storedKwh + p.slotHours * (0.9 * s.chargeKw - s.dischargeKw / 0.95);
          const least = -1e-9;
          expect(s.importKw + s.solarKw + s.dischargeKw).toBeCloseTo(
            draw + s.exportKw + s.chargeKw,
            9,
          );
          for (const v of [s.importKw, s.exportKw, s.solarKw, s.chargeKw, s.dischargeKw]) {
            expect(v).toBeGreaterThanOrEqual(least);
          }
          expect(after).toBeGreaterThanOrEqual(least);
          expect(after).toBeLessThanOrEqual(b.capacityKwh - least);
          expect(s.chargeKw / b.chargeKw + s.dischargeKw / b.dischargeKw).toBeLessThanOrEqual(
            1 - least,
          );
          expect(s.solarKw).toBeLessThanOrEqual((p.solarKw[0] as number) - least);
          expect(s.exportKw).toBeLessThanOrEqual(p.exportKw - least);
          // With nothing served a limit may be what the site alone breaks.
          if (s.servedShare > 1e-9) {
            expect(s.importKw).toBeLessThanOrEqual(p.gridKw + 1e-6);
            // Litres at one a kWh, carbon at half a kg, in five minutes.
            expect(s.importKw / 12).toBeLessThanOrEqual(waterLeftL + 1e-6);
            expect(s.importKw / 24).toBeLessThanOrEqual(carbonLeftKg + 1e-6);
          }
          // An order to charge costs no request.
          const uncharged = stepPlant(p, 0, itKw, { ...o, chargeKw: 0 }, stock);
          expect(s.servedShare).toBeGreaterThanOrEqual(uncharged.servedShare - 1e-9);
        },
      ),
      { numRuns: 300 },
    );
  });
});
