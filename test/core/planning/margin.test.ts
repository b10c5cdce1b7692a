import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { priceMargins } from '../../../src/core/planning/margin.ts';
import { constantInputs, embeddedFleet } from '../support/fleets.ts';

/** A fleet whose first two sites pay wholesale prices, and inputs with those of one slot. */
function priced(aud: [number, number], lateAudPerRequest = 0.006) {
  const fleet = embeddedFleet();
  fleet.prices.lateAudPerRequest = lateAudPerRequest;
  for (const site of fleet.sites.slice(0, 2)) {
    site.cost.tariff = { kind: 'spot', networkAudPerKwh: 0, fallbackAudPerKwh: 0.2 };
  }
  const inputs = constantInputs(fleet);
  for (const [j, price] of aud.entries()) inputs.sites[j]?.spotAudPerMwh.fill(price);
  return { fleet: publicFleet(fleet), inputs };
}

const marginAt = (aud: [number, number], late?: number, classIndex = 0, most = 1.2) => {
  const { fleet, inputs } = priced(aud, late);
  return priceMargins(fleet, inputs, most)(0, classIndex);
};
const price = fc.double({ min: -1000, max: 20_000, noNaN: true });

describe('the margin of demand', () => {
  test('is whole where nobody, or one site only, pays a wholesale price, and where prices are alike', () => {
    const fleet = publicFleet(embeddedFleet());
    expect(priceMargins(fleet, constantInputs(embeddedFleet()), 1.2)(0, 0)).toBe(1.2);
    expect(marginAt([Number.NaN, 15_000])).toBe(1.2);
    expect(marginAt([80, 80])).toBe(1.2);
  });

  test('is whole while late requests have no price: nothing then tells what room is worth', () => {
    expect(marginAt([0, 15_000], 0)).toBe(1.2);
  });

  test('looks only at sites that a plan may use for the class, in hours in which they have room', () => {
    const { fleet, inputs } = priced([0, 15_000]);
    const [, dear, ...rest] = fleet.sites;
    const inPlaceOf = (site: object, at = 0) => {
      const sites = [fleet.sites[0]!, { ...dear!, ...site }, ...rest];
      return priceMargins({ ...fleet, sites }, inputs, 1.2)(at, 0);
    };
    expect(inPlaceOf({})).toBeLessThan(1.1);
    expect(inPlaceOf({ state: 'drained' })).toBe(1.2);
    expect(inPlaceOf({ capacityShare: 0 })).toBe(1.2);
    const maintenance = [{ from: '1970-01-01T00:00Z', to: '2100-01-01T00:00Z', capacityShare: 0 }];
    expect(inPlaceOf({ maintenance })).toBe(1.2);
    const others = fleet.sites.map((s) => s.id).filter((id) => id !== dear!.id);
    const zones = fleet.zones.map((z) => ({ ...z, allowedSites: others }));
    expect(priceMargins({ ...fleet, zones }, inputs, 1.2)(0, 0)).toBe(1.2);
  });

  test('is gone where the dearest site costs a request as much more as being late does', () => {
    const { fleet } = priced([0, 0]);
    const [chat] = fleet.classes;
    const kwh = siteWork(fleet.sites[0]!, fleet.classes)[0]?.itEnergyKwh as number;
    const lateAud =
      0.006 + ((chat?.ttftSloMs as number) / 3_600_000) * fleet.prices.timeAudPerUserHour;
    const even = (1000 * lateAud) / kwh;
    expect(marginAt([0, even])).toBeCloseTo(1, 12);
    // A third of it leaves half: three in four are insured.
    expect(marginAt([0, even / 3])).toBeCloseTo(1.1, 12);
  });

  test('falls as prices part, never below what is expected, and rises with the price of late requests', () => {
    fc.assert(
      fc.property(price, price, price, fc.constantFrom(0, 1), (a, b, c, classIndex) => {
        const [low, mid, high] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
        const [wide, narrow] = [
          marginAt([low, high], 0.006, classIndex),
          marginAt([mid, high], 0.006, classIndex),
        ];
        expect(wide).toBeLessThanOrEqual(narrow + 1e-12);
        expect(wide).toBeGreaterThanOrEqual(1);
        expect(narrow).toBeLessThanOrEqual(1.2);
        expect(marginAt([low, high], 0.02, classIndex)).toBeGreaterThanOrEqual(wide - 1e-12);
        expect(marginAt([high, low], 0.006, classIndex)).toBe(wide);
      }),
      { numRuns: 20 },
    );
  });

  test('of an ordinary day with a price of late requests is nearly whole', () => {
    expect(marginAt([40, 140])).toBeGreaterThan(1.18);
    expect(marginAt([40, 140])).toBeLessThan(1.2);
  });
});
