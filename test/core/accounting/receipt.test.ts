import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonTail } from '../../../src/core/accounting/json-tail.ts';
import { prometheusText, ttftBucket } from '../../../src/core/accounting/metrics.ts';
import {
  disclosedFactors,
  estimatedFactors,
  workKwh,
} from '../../../src/core/accounting/receipt.ts';

const hardware = { profile: 'h100-tp8', servers: 4, batch: 32 } as const;
const usage = { promptTokens: 1155, completionTokens: 211, cachedTokens: 0 };

test('work is that of docs/model.md; cached tokens need no prefill', () => {
  expect(workKwh(hardware, usage) * 1000).toBeCloseTo(0.557, 3);
  const cached = workKwh(hardware, { ...usage, cachedTokens: 1000 });
  expect(cached).toBeLessThan(workKwh(hardware, usage));
  expect(workKwh(hardware, { promptTokens: 0, completionTokens: 0, cachedTokens: 0 })).toBe(0);
});

test('what nobody disclosed is estimated from the air, and has no price', () => {
  const grid = { rhPct: 50, carbonKgPerKwh: 0.5, gridWaterLPerKwh: 1 };
  const cold = estimatedFactors({ tempC: 5, ...grid });
  const hot = estimatedFactors({ tempC: 40, ...grid });
  expect(cold).toMatchObject({ costAud: null, energyKwh: 1.08 });
  expect(cold.basis).toEqual({
    basis: 'estimated',
    energyBasis: 'estimated',
    costBasis: null,
  });
  expect(hot.energyKwh).toBeGreaterThan(cold.energyKwh);
  expect(hot.carbonKg).toBeCloseTo(hot.energyKwh * 0.5, 12);
});

test('a site’s own word goes before estimates as far as it goes', () => {
  const now = { tempC: 5, rhPct: 50, carbonKgPerKwh: 0.5, gridWaterLPerKwh: 1 };
  const reference = { ...now, referenceAudPerKwh: 0.3 };
  const some = { carbonKg: 0.7, waterL: 2 };
  const all = { ...some, energyKwh: 1.3, energyAud: -0.02 };
  const disclosed = 'disclosed';
  const estimated = 'estimated';
  expect(disclosedFactors(now, some)).toEqual({
    ...some,
    energyKwh: 1.08,
    costAud: null,
    basis: { basis: disclosed, energyBasis: estimated, costBasis: null },
  });
  expect(disclosedFactors(reference, some)).toMatchObject({
    costAud: 1.08 * 0.3,
    basis: { basis: disclosed, energyBasis: estimated, costBasis: estimated },
  });
  // A negative tariff is one; the operator's guess is not asked.
  expect(disclosedFactors(reference, all)).toEqual({
    ...some,
    energyKwh: 1.3,
    costAud: -0.02,
    basis: { basis: disclosed, energyBasis: disclosed, costBasis: disclosed },
  });
});

test('usage at the end of a long answer is found wherever it is cut', () => {
  const text = `{"data":[${'0.125,'.repeat(3000)}1],"usage": {"prompt_tokens":8,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":2}}}`;
  const bytes = new TextEncoder().encode(text);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
      const tail = new JsonTail();
      let from = 0;
      for (const to of [...cuts.sort((a, b) => a - b), bytes.length]) {
        tail.push(bytes.slice(from, to));
        from = to;
      }
      expect(tail.usage()).toEqual({ promptTokens: 8, completionTokens: 0, cachedTokens: 2 });
    }),
  );
});

test('a histogram is cumulative, and its buckets end at seconds', () => {
  const labels = 'site="s"';
  const batch = [{ class: 'digest', requests: 90, unservedRequests: 3, movedShare: 0.5 }];
  const rise = (name: string, l: string, value: number) => ({ name, labels: l, value });
  const text = prometheusText(
    [
      rise('ttft_bucket', `${labels},le="${ttftBucket(40)}"`, 2),
      rise('ttft_bucket', `${labels},le="${ttftBucket(99_000)}"`, 1),
      rise('ttft_ms_sum', labels, 99_080),
      rise('requests', 'site="s",status="200"', 3),
    ],
    { version: 7, ageSeconds: 12.5, gap: 0.001, unservedShare: 0.02, batch },
  );
  expect(text).toContain('isotherm_ttft_seconds_bucket{site="s",le="0.05"} 2\n');
  expect(text).toContain('isotherm_ttft_seconds_bucket{site="s",le="30"} 2\n');
  expect(text).toContain('isotherm_ttft_seconds_bucket{site="s",le="+Inf"} 3\n');
  expect(text).toContain('isotherm_ttft_seconds_sum{site="s"} 99.08\n');
  expect(text).toContain('isotherm_ttft_seconds_count{site="s"} 3\n');
  expect(text).toContain('isotherm_requests_total{site="s",status="200"} 3\n');
  expect(text).toContain('isotherm_plan_gap 0.001\n');
  expect(text).toContain('isotherm_plan_unserved_share 0.02\n');
  expect(text).toContain('isotherm_plan_batch_unserved_requests{class="digest"} 3\n');
  expect(text).toContain('isotherm_plan_batch_moved_share{class="digest"} 0.5\n');
});
