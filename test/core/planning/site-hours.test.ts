import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { siteWork } from '../../../src/core/model/site-power.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { Ledger } from '../../../src/core/planning/ledger.ts';
import { siteHoursOf, siteHoursSchema } from '../../../src/core/planning/site-hours.ts';
import { assemble, constantInputs, tinyFleet } from '../support/fleets.ts';

const fleet = tinyFleet();
const inputs = constantInputs(fleet, {
  slotCount: 2,
  slotHours: 0.5,
  demandReqPerS: 8,
  carbonKgPerKwh: 0.6,
  gridWaterLPerKwh: 1.1,
});
const impacts = assembleSites(fleet, inputs).map((p) => p.impacts);

/** What the ledger charges for a rate, in req/s over both slots. */
function charged(rate: number) {
  const ledger = new Ledger(fleet);
  const twice = (v: number) => [Float64Array.of(v), Float64Array.of(v)];
  ledger.add(assemble(fleet, inputs).problem, inputs, twice(rate), twice(0));
  return ledger.totals();
}

test('what a site discloses is what a request more adds to the ledger', () => {
  const [site] = fleet.sites;
  const [cls] = fleet.classes;
  const hours = siteHoursOf(publicFleet(fleet), inputs, 1, impacts);
  const own = hours[site?.id as string]?.disclosed?.[cls?.id as string];
  const workKwh = siteWork(site as NonNullable<typeof site>, fleet.classes)[0]?.itEnergyKwh ?? 0;
  const before = charged(4);
  const after = charged(5);
  const requests = after.requests - before.requests;
  const perRequest = (name: 'carbonKg' | 'waterL' | 'gridKwh' | 'energyCostAud') =>
    (after[name] - before[name]) / requests;
  expect((own?.carbonKg as number) * workKwh).toBeCloseTo(perRequest('carbonKg'), 8);
  expect((own?.waterL as number) * workKwh).toBeCloseTo(perRequest('waterL'), 8);
  expect((own?.energyKwh as number) * workKwh).toBeCloseTo(perRequest('gridKwh'), 8);
  expect((own?.energyAud as number) * workKwh).toBeCloseTo(perRequest('energyCostAud'), 8);
});

test('a site tells as much as it agrees to', () => {
  const told = (discloses: 'costs' | 'impacts' | 'all' | undefined) => {
    const reticent = tinyFleet((f) => {
      for (const site of f.sites) if (discloses) site.cost.discloses = discloses;
    });
    const of = assembleSites(reticent, inputs).map((p) => p.impacts);
    const hours = siteHoursOf(publicFleet(reticent), inputs, 0, of);
    expect(siteHoursSchema.parse(hours)).toEqual(hours);
    const { disclosed, ppue } = hours[fleet.sites[0]?.id as string] ?? {};
    expect(ppue !== undefined).toBe(discloses === 'all' || discloses === undefined);
    return disclosed && Object.keys(disclosed[fleet.classes[0]?.id as string] ?? {});
  };
  expect(told('costs')).toBeUndefined();
  expect(told('impacts')).toEqual(['carbonKg', 'waterL']);
  expect(told('all')).toEqual(['carbonKg', 'waterL', 'energyKwh', 'energyAud']);
  expect(told(undefined)).toEqual(told('all'));
});

test('a site that discloses nothing is there with what is public', () => {
  const hours = siteHoursOf(publicFleet(fleet), inputs, 0, [undefined]);
  expect(siteHoursSchema.parse(hours)).toEqual(hours);
  const hour = hours[fleet.sites[0]?.id as string];
  expect(hour).toMatchObject({ carbonKgPerKwh: 0.6, gridWaterLPerKwh: 1.1 });
  expect(hour?.disclosed).toBeUndefined();
});
