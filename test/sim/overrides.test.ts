import { describe, expect, it } from 'vitest';
import { ppue } from '../../src/core/model/cooling/index.ts';
import { InvalidInputError } from '../../src/core/model/errors.ts';
import { type Fleet, fleetSchema } from '../../src/core/model/fleet.ts';
import type { Tariff, TariffKind } from '../../src/core/model/tariff.ts';
import { airOf } from '../../src/core/model/weather.ts';
import type { PlanningInputs } from '../../src/core/planning/inputs.ts';
import { policies } from '../../src/core/planning/policies/index.ts';
import { backtest } from '../../src/sim/backtest.ts';
import { tariffOptions, withCooling, withTariff } from '../../src/sim/overrides.ts';
import { constantInputs, embeddedFleet } from '../core/support/fleets.ts';

/** Sydney and Melbourne on a contract; midnight there is 14:00 UTC in July. */
function pair(tariff: Tariff = { kind: 'flat', rateAudPerKwh: 0.2 }): Fleet {
  const fleet = embeddedFleet();
  fleet.sites = fleet.sites.slice(0, 2);
  fleet.zones = fleet.zones.slice(0, 2);
  for (const site of fleet.sites) site.cost.tariff = tariff;
  return fleet;
}

/** The same load and weather in every hour: what differs is the price of the hour. */
function sameHours(fleet: Fleet, slotCount: number, spotAudPerMwh?: number): PlanningInputs {
  const startUtcMs = Date.parse('2026-07-14T14:00Z');
  return constantInputs(fleet, { slotCount, startUtcMs, demandReqPerS: 4, spotAudPerMwh });
}

const charged = (fleet: Fleet, inputs: PlanningInputs) => backtest(fleet, inputs, policies, {});
const ownTou: Tariff = {
  kind: 'time-of-use',
  bands: [
    { fromHour: 22, toHour: 7, rateAudPerKwh: 0.1 },
    { fromHour: 7, toHour: 22, rateAudPerKwh: 0.3 },
  ],
};
const ownSpot: Tariff = { kind: 'spot', networkAudPerKwh: 0.05, fallbackAudPerKwh: 0.25 };

describe('--tariff', () => {
  it('knows the three kinds under their names of the command line', () => {
    expect(tariffOptions).toEqual({ spot: 'spot', flat: 'flat', tou: 'time-of-use' });
  });

  it.each(['spot', 'flat', 'time-of-use'] as TariffKind[])(
    '%s: puts every site on it, changes nothing else, and leaves a good registry',
    (kind) => {
      const fleet = embeddedFleet();
      const changed = withTariff(fleet, kind);
      expect(fleet).toEqual(embeddedFleet());
      expect(fleetSchema.parse(changed)).toEqual(changed);
      changed.sites.forEach((site, j) => {
        expect(site.cost.tariff.kind).toBe(kind);
        const own = fleet.sites[j]!;
        const restored = { ...site, cost: { ...site.cost, tariff: own.cost.tariff } };
        expect(restored).toEqual(own);
        if (own.cost.tariff.kind === kind) expect(site.cost.tariff).toEqual(own.cost.tariff);
      });
    },
  );

  it.each<[string, Tariff, number]>([
    ['flat', { kind: 'flat', rateAudPerKwh: 0.2 }, 0.2],
    // Nine hours at 0.1 and fifteen at 0.3.
    ['time-of-use', ownTou, 0.225],
    ['time-of-use and network', { ...ownTou, networkAudPerKwh: 0.05 }, 0.275],
    [
      'all-day',
      { kind: 'time-of-use', bands: [{ fromHour: 0, toHour: 24, rateAudPerKwh: 0.3 }] },
      0.3,
    ],
    ['spot', ownSpot, 0.25],
  ])('flat charges a %s contract’s mean rate, every policy, every hour', (_, own, rate) => {
    const fleet = withTariff(pair(own), 'flat');
    for (const p of charged(fleet, sameHours(fleet, 24, 500))) {
      expect(p.energyCostAud).toBeCloseTo(rate * p.facilityKwh, 6);
    }
  });

  it('time-of-use charges the same over a day of even load, but not in its hours', () => {
    const flat = pair();
    const tou = withTariff(flat, 'time-of-use');
    const day = sameHours(flat, 24);
    const before = charged(flat, day);
    charged(tou, day).forEach((p, n) => {
      expect(p.energyCostAud).toBeCloseTo(before[n]!.energyCostAud, 6);
    });
    // From midnight, local time: seven hours of night, then day, then the peak from 16 to 22.
    const rate = (hour: number) => {
      const startUtcMs = Date.parse('2026-07-14T14:00Z') + hour * 3_600_000;
      const nearest = policies.filter((p) => p.id === 'nearest');
      const inputs = constantInputs(tou, { startUtcMs, demandReqPerS: 4 });
      const [p] = backtest(tou, inputs, nearest, {});
      return p!.energyCostAud / p!.facilityKwh;
    };
    const hours = [0, 6, 7, 15, 16, 21, 22];
    const factors = [0.85, 0.85, 0.95, 0.95, 1.3, 1.3, 0.85];
    hours.forEach((hour, n) => {
      expect(rate(hour)).toBeCloseTo(0.2 * factors[n]!, 9);
    });
  });

  it('spot charges the wholesale price alone, and the contract’s mean where there is none', () => {
    const spot = withTariff(pair(ownTou), 'spot');
    const inputs = sameHours(spot, 4);
    for (const s of inputs.sites) s.spotAudPerMwh.set([80, -40, Number.NaN, 300]);
    const mean = (0.08 - 0.04 + 0.225 + 0.3) / 4;
    for (const p of charged(spot, inputs).filter((p) => p.policy === 'nearest')) {
      expect(p.energyCostAud).toBeCloseTo(mean * p.facilityKwh, 6);
      expect(p.sites[0]!.energyAudPerKwh).toBeCloseTo(mean, 12);
    }
  });

  it('spot does nothing to a spot contract: its network charge stays', () => {
    const own = pair(ownSpot);
    const inputs = sameHours(own, 3, 100);
    expect(charged(withTariff(own, 'spot'), inputs)).toEqual(charged(own, inputs));
    for (const p of charged(own, inputs)) {
      expect(p.energyCostAud).toBeCloseTo(0.15 * p.facilityKwh, 6);
    }
  });
});

describe('--cooling', () => {
  const inputs = constantInputs(pair(), { tempC: 29, rhPct: 40, slotCount: 2 });

  it('a fixed pPUE is charged to every policy at every site', () => {
    const fixed = withCooling(pair(), '{"kind":"fixed","ppue":1.3,"onSiteWaterLPerKwh":2}');
    const dry = withCooling(pair(), '{"kind":"fixed","ppue":1.3}');
    const withoutWater = charged(dry, inputs);
    charged(fixed, inputs).forEach((p, n) => {
      expect(p.coolingKwh / p.itKwh).toBeCloseTo(0.3, 12);
      for (const site of p.sites) expect(site.ppue).toBeCloseTo(1.3, 12);
      const onSite = p.waterL - withoutWater[n]!.waterL;
      if (p.policy === 'nearest') expect(onSite).toBeCloseTo(2 * p.itKwh, 6);
    });
  });

  it.each(['mixed-mode', 'economizer-quadratic', 'air-cooled-chiller', 'adiabatic'])(
    '%s with its defaults is what the sites are charged by',
    (kind) => {
      const fleet = withCooling(pair(), kind);
      const cooling = fleet.sites[0]!.cost.cooling;
      const expected = ppue(cooling, airOf(29, 40));
      expect(cooling.kind).toBe(kind);
      for (const p of charged(fleet, inputs)) {
        expect(p.coolingKwh / p.itKwh).toBeCloseTo(expected - 1, 9);
      }
    },
  );

  it('no two kinds charge the same', () => {
    const kinds = ['mixed-mode', 'economizer-quadratic', 'air-cooled-chiller', 'adiabatic'];
    const at = constantInputs(pair(), { tempC: 18, rhPct: 40 });
    const cost = kinds.map((kind) => charged(withCooling(pair(), kind), at)[0]!.objectiveAud);
    expect(new Set(cost.map((c) => c.toFixed(3))).size).toBe(4);
  });

  it('parameters count: outside air up to 35 °C instead of 14', () => {
    const option = '{"kind":"mixed-mode","economizerBelowC":35,"chillerAboveC":40}';
    for (const p of charged(withCooling(pair(), ` ${option}`), inputs)) {
      expect(p.coolingKwh / p.itKwh).toBeCloseTo(0.08, 9);
    }
  });

  it('changes nothing else, and not the fleet it was given', () => {
    const fleet = embeddedFleet();
    const changed = withCooling(fleet, 'adiabatic');
    expect(fleet).toEqual(embeddedFleet());
    expect(fleetSchema.parse(changed)).toEqual(changed);
    changed.sites.forEach((site, j) => {
      const own = fleet.sites[j]!;
      expect({ ...site, cost: { ...site.cost, cooling: own.cost.cooling } }).toEqual(own);
    });
  });

  it.each([
    ['freon', '--cooling: "freon", expected one of mixed-mode, economizer-quadratic, '],
    ['', '--cooling: "", expected one of '],
    ['fixed', /^--cooling: ppue: .*; try '\{"kind":"fixed","ppue":1\.3\}'$/],
    ['table', /^--cooling: points: /],
    ['{"kind":"fixed"', '--cooling: not JSON: '],
    ['{"kind":"freon"}', /^--cooling: kind: /],
    ['{"kind":"fixed","ppue":0.9}', /^--cooling: ppue: /],
    ['{"kind":"fixed","ppue":1.3,"cop":3}', /^--cooling: .*cop/],
    ['{"kind":"mixed-mode","chillerAboveC":10}', /^--cooling: chillerAboveC: must be above/],
  ])('%j is refused with the fault’s path', (option, message) => {
    expect(() => withCooling(pair(), option)).toThrow(InvalidInputError);
    expect(() => withCooling(pair(), option)).toThrow(message);
  });
});
