import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { planPricesSchema, pricesOf, pricesWithParts } from '../../../src/core/planning/plan.ts';
import { tinyFleet } from '../support/fleets.ts';

const fleet = publicFleet(tinyFleet());
const prices = { carbonAudPerT: 100, waterAudPerKl: 3 };

test('marginal prices are per request, their carbon and water with what these come to', () => {
  const impacts = { carbonKg: Float64Array.of(1.8), waterL: Float64Array.of(3.6) };
  const slot = pricesOf(fleet, Float64Array.of(0.36), 0.5, impacts);
  const of = (value: number) => ({ chat: { sydney: expect.closeTo(value, 12) } });
  expect(planPricesSchema.parse(slot)).toEqual(slot);
  expect(pricesWithParts(slot, prices)).toEqual({
    audPerRequest: of(0.36 / 1800),
    carbonKgPerRequest: of(1e-3),
    carbonAudPerRequest: of(1e-4),
    waterLPerRequest: of(2e-3),
    waterAudPerRequest: of(6e-6),
  });
});

test('without figures of carbon and water there are prices alone, as in plans of old', () => {
  const slot = pricesOf(fleet, Float64Array.of(0.36), 1);
  expect(slot).toEqual({ audPerRequest: { chat: { sydney: expect.closeTo(1e-4, 12) } } });
  expect(pricesWithParts(slot, prices)).toEqual(slot);
  expect(planPricesSchema.parse(slot.audPerRequest)).toEqual(slot);
});
