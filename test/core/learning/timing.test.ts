import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../../src/core/accounting/receipt.ts';
import {
  type StreamTimes,
  Timings,
  timingOf,
  timingSums,
} from '../../../src/core/learning/timing.ts';
import { estimateRttMs } from '../../../src/core/model/geo.ts';
import { decodeStepMs, hardwareProfiles, prefillMs } from '../../../src/core/model/hardware.ts';
import { embeddedFleet } from '../support/fleets.ts';

const fleet = embeddedFleet();
const site = fleet.sites.find((s) => s.id === 'perth')!;
const zone = fleet.zones.find((z) => z.id === 'sydney')!;
const hw = hardwareProfiles[site.hardware.profile];

function receipt(promptTokens: number, completionTokens: number, cachedTokens = 0): Receipt {
  const side = {
    site: site.id,
    basis: 'estimated' as const,
    energyBasis: 'estimated' as const,
    costBasis: null,
    amounts: { energyMilliWh: 0, carbonMg: 0, waterMicroL: 0, costNanoAud: null },
    ttftMs: 100,
  };
  return {
    requestId: 'r',
    keyId: 'k',
    model: 'm',
    zone: zone.id,
    planVersion: null,
    hourUtcMs: 0,
    usage: { promptTokens, completionTokens, cachedTokens },
    usageEstimated: false,
    served: side,
    counterfactual: side,
  };
}
const of = (prompt: number, completion: number, stream?: StreamTimes, cached = 0) =>
  timingOf(receipt(prompt, completion, cached), site, zone, stream);

describe('what a request says of a site', () => {
  test('a stream: its times beside what the registry has for its tokens', () => {
    const row = of(2048, 101, { ttftMs: 250, decodeMs: 4000 }, 1024);
    const x = prefillMs(hw, 1024);
    expect(row).toMatchObject({ requests: 1, tokens: 101, workMs: x, timed: 1, promptMs: x });
    expect(row).toMatchObject({ ttftMs: 250, productMs2: 250 * x, steps: 100, decodeMs: 4000 });
    expect(row.decodeSqMs2).toBe(160_000);
  });

  test('no stream, too short a one, or one that came at once: work, and nothing of its speed', () => {
    const unsaid = [
      of(2048, 101),
      of(2048, 8, { ttftMs: 250, decodeMs: 4000 }),
      of(2048, 101, { ttftMs: 4250, decodeMs: 3 }),
      of(2048, 101, { ttftMs: Number.NaN, decodeMs: 4000 }),
    ];
    for (const row of unsaid) {
      expect(row.requests).toBe(1);
      expect(row.workMs).toBe(prefillMs(hw, 2048));
      for (const name of ['timed', 'ttftMs', 'promptMs', 'steps', 'decodeMs'] as const) {
        expect(row[name]).toBe(0);
      }
    }
  });

  test('whatever it claims, it moves the sums by finite amounts, within the span of speeds', () => {
    const ms = fc.oneof(fc.double({ min: -1e6, max: 1e9 }), fc.constant(Number.NaN));
    const tokens = fc.nat(1_000_000);
    fc.assert(
      fc.property(tokens, tokens, ms, ms, (prompt, completion, ttftMs, decodeMs) => {
        const row = of(prompt, completion, { ttftMs, decodeMs });
        for (const name of timingSums) {
          expect(row[name]).toBeGreaterThanOrEqual(0);
          expect(row[name]).toBeLessThan(Number.POSITIVE_INFINITY);
        }
        if (row.timed === 0) return;
        const half = decodeStepMs(hw, site.hardware.batch) / 2;
        const expected = estimateRttMs(zone, site) + half + prefillMs(hw, prompt);
        expect(row.ttftMs).toBeLessThanOrEqual(8 * expected);
        expect(row.decodeMs / row.steps).toBeGreaterThanOrEqual(decodeStepMs(hw, 1) / 8 - 1e-9);
        expect(row.decodeMs / row.steps).toBeLessThanOrEqual(
          8 * decodeStepMs(hw, site.hardware.batch) + 1e-9,
        );
      }),
    );
  });

  test('sums are by site, zone and hour', () => {
    const timings = new Timings();
    const one = of(2048, 101, { ttftMs: 250, decodeMs: 4000 });
    for (const row of [one, one, { ...one, zone: 'perth' }, { ...one, hourUtcMs: 3_600_000 }]) {
      timings.add(row);
    }
    expect(timings.rows().map((r) => [r.zone, r.hourUtcMs, r.timed])).toEqual([
      ['sydney', 0, 2],
      ['perth', 0, 1],
      ['sydney', 3_600_000, 1],
    ]);
    // What was given is not changed.
    expect(one.timed).toBe(1);
  });
});
