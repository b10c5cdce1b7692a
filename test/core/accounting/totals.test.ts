import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountsOf, shown } from '../../../src/core/accounting/micro.ts';
import { rowSums, Totals, type UsageRow } from '../../../src/core/accounting/totals.ts';
import { usageCsv } from '../../../src/core/accounting/usage-export.ts';

const amount = fc.nat(2_000_000_000);
const row: fc.Arbitrary<UsageRow> = fc.record({
  keyId: fc.constantFrom('a', 'b'),
  model: fc.constantFrom('m', 'n'),
  zone: fc.constant('z'),
  site: fc.constantFrom('s', 't'),
  hourUtcMs: fc.constantFrom(0, 3_600_000),
  requests: fc.constant(1),
  estimated: fc.nat(1),
  unpriced: fc.nat(1),
  promptTokens: amount,
  cachedTokens: amount,
  completionTokens: amount,
  energyMilliWh: amount,
  carbonMg: amount,
  waterMicroL: amount,
  costNanoAud: amount.map((a) => a - 1_000_000_000),
  nearestEnergyMilliWh: amount,
  nearestCarbonMg: amount,
  nearestWaterMicroL: amount,
  nearestCostNanoAud: amount,
  spreadRequests: fc.nat(1),
  spreadEnergyMilliWh: amount,
  spreadCarbonMg: amount,
  spreadWaterMicroL: amount,
  spreadCostNanoAud: amount,
  ttftRequests: fc.nat(1),
  ttftMs: amount,
  nearestTtftRequests: fc.nat(1),
  nearestTtftMs: amount,
});

function totalOf(rows: readonly UsageRow[], name: (typeof rowSums)[number]): number {
  return rows.reduce((a, r) => a + r[name], 0);
}

describe('sums of receipts', () => {
  test('are the same, to the last unit, in any order and grouping', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.nat(), (rows, seed) => {
        const parts = [new Totals(), new Totals(), new Totals()];
        rows.forEach((r, i) => {
          parts[(i * 7 + seed) % 3]?.add(r);
        });
        const all = new Totals();
        for (const part of parts.reverse()) for (const r of part.rows()) all.add(r);
        for (const name of rowSums) expect(totalOf(all.rows(), name)).toBe(totalOf(rows, name));
        expect(all.size).toBeLessThanOrEqual(16);
      }),
    );
  });

  test('that would not be exact any more are refused', () => {
    const [one] = fc.sample(row, { numRuns: 1, seed: 1 }) as [UsageRow];
    const totals = new Totals();
    totals.add({ ...one, energyMilliWh: Number.MAX_SAFE_INTEGER });
    expect(() => totals.add({ ...one, energyMilliWh: 1 })).toThrow(/energyMilliWh/);
  });
});

test('what a receipt shows is the whole number that is summed', () => {
  const quantity = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(quantity, quantity, quantity, quantity, (energyKwh, carbonKg, waterL, costAud) => {
      const amounts = amountsOf({ energyKwh, carbonKg, waterL, costAud });
      const s = shown(amounts);
      expect(Math.round(s.energyWh * 1000)).toBe(amounts.energyMilliWh);
      expect(Math.round(s.carbonG * 1000)).toBe(amounts.carbonMg);
      expect(Math.round((s.costAud as number) * 1e9)).toBe(amounts.costNanoAud);
    }),
  );
});

test('an unknown cost stays unknown; nonsense is refused', () => {
  const known = { energyKwh: 1, carbonKg: 1, waterL: 1 };
  expect(shown(amountsOf({ ...known, costAud: null })).costAud).toBeNull();
  expect(() => amountsOf({ ...known, costAud: Number.NaN })).toThrow(/cost/);
});

test('CSV quotes what would break it', () => {
  const csv = usageCsv(
    [
      { key: 'a,b', requests: 1 },
      { key: 'say "x"', requests: 2 },
    ],
    ['key', 'requests'],
  );
  expect(csv).toBe('key,requests\r\n"a,b",1\r\n"say ""x""",2\r\n');
});
