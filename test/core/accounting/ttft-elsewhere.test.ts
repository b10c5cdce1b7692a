import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ttftElsewhereMs } from '../../../src/core/accounting/ttft-elsewhere.ts';
import { requestTtftMs } from '../../../src/core/model/eligibility.ts';
import type { PublicSite, RequestClass, Zone } from '../../../src/core/model/fleet.ts';
import { decodeStepMs, hardwareIds, hardwareProfiles } from '../../../src/core/model/hardware.ts';
import { fleet } from '../../../src/workers/fleet.ts';

const zone = fleet.zones.find((z) => z.id === 'sydney') as Zone;
const cls = fleet.classes.find((c) => c.id === 'chat') as RequestClass;
const siteOf = (id: string) => fleet.sites.find((s) => s.id === id) as PublicSite;
const [sydney, perth] = [siteOf('sydney'), siteOf('perth')];
const request = { zone, cls, promptTokens: 1000, tokensBefore: 0 };

test('the nearer site is quicker by the way between, and no more where servers are alike', () => {
  const wayMs = requestTtftMs(zone, perth, cls, 1000) - requestTtftMs(zone, sydney, cls, 1000);
  expect(wayMs).toBeGreaterThan(20);
  expect(ttftElsewhereMs(500, request, perth, sydney)).toBe(Math.round(500 - wayMs));
  // Whatever is decoded before the first byte takes as long at both.
  const whole = { ...request, tokensBefore: 300 };
  expect(ttftElsewhereMs(9000, whole, perth, sydney)).toBe(Math.round(9000 - wayMs));
});

test('other servers take their own time to decode what comes before the first byte', () => {
  const [quick, slow] = [...hardwareIds].sort((a, b) => stepMs(a) - stepMs(b));
  const there = (profile: typeof quick) =>
    ({ ...sydney, hardware: { ...sydney.hardware, profile } }) as PublicSite;
  const one = ttftElsewhereMs(9000, request, there(quick), there(slow));
  const whole = { ...request, tokensBefore: 100 };
  const all = ttftElsewhereMs(9000, whole, there(quick), there(slow));
  const more = 100 * (stepMs(slow as string) - stepMs(quick as string));
  expect(more).toBeGreaterThan(0);
  expect(Math.abs(Number(all) - Number(one) - more)).toBeLessThanOrEqual(1);
});

test('unknown, and not 0, where servers were quicker than the way that is saved', () => {
  const wayMs = requestTtftMs(zone, perth, cls, 1000) - requestTtftMs(zone, sydney, cls, 1000);
  const enoughMs = Math.ceil(wayMs) + 1;
  expect(ttftElsewhereMs(enoughMs, request, perth, sydney)).toBeGreaterThan(0);
  expect(ttftElsewhereMs(Math.floor(wayMs) - 1, request, perth, sydney)).toBeNull();
  expect(ttftElsewhereMs(0, request, sydney, perth)).toBe(Math.round(wayMs));
});

test('a whole number above 0, or unknown; the same site has the same', () => {
  const anySite = fc.constantFrom(...fleet.sites);
  const counts = fc.nat(100_000);
  fc.assert(
    fc.property(anySite, anySite, counts, counts, counts, (a, b, ms, promptTokens, before) => {
      const asked = { zone, cls, promptTokens, tokensBefore: before };
      const there = ttftElsewhereMs(ms, asked, a, b);
      expect(a === b || there === null || (Number.isSafeInteger(there) && there > 0)).toBe(true);
      expect(ttftElsewhereMs(ms, asked, a, a)).toBe(ms);
    }),
  );
});

function stepMs(profile: string): number {
  const { batch } = sydney.hardware;
  return decodeStepMs(hardwareProfiles[profile as keyof typeof hardwareProfiles], batch);
}
