import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FeedGroup, feedGroups } from '../../src/core/model/feeds.ts';
import { publicFleet } from '../../src/core/model/fleet.ts';
import { assertInputs } from '../../src/core/planning/inputs.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import type { Feed, FeedIo, SiteHours } from '../../src/feeds/feed.ts';
import { hourlyMeans } from '../../src/feeds/hours.ts';
import { type FedHour, mergeFed, NOTHING_FED } from '../../src/feeds/merge.ts';
import { faultText, soundHours } from '../../src/feeds/sound.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { HOUR, NOW, site, THIS_HOUR } from './support/upstream.ts';

const io: FeedIo = {
  fetch: () => Promise.reject(new Error('nothing is fetched here')),
  nowMs: NOW,
  secret: () => undefined,
  timeoutMs: 1,
};
const sites = [site('sydney'), site('hobart')];

/** A feed that has just these hours. */
const feedOf = (group: FeedGroup, answers: SiteHours[]): Feed => ({
  id: 'x',
  group,
  source: 'X',
  everyMs: HOUR,
  staleMs: 12 * HOUR,
  fetch: async () => answers,
});
const price = (id: string, issuedUtcMs: number, spotAudPerMwh = 50): SiteHours => ({
  site: id,
  issuedUtcMs,
  hours: [{ utcMs: THIS_HOUR, spotAudPerMwh }],
});

describe('what of a feed can be used', () => {
  test('data issued too long ago is refused, site by site, and said so', async () => {
    const feed = feedOf('price', [
      price('sydney', NOW - 13 * HOUR),
      price('hobart', NOW - 11 * HOUR),
    ]);
    expect(await soundHours({ feed, sites }, io)).toEqual({
      rows: [{ site: 'hobart', issuedUtcMs: NOW - 11 * HOUR, utcMs: THIS_HOUR, spotAudPerMwh: 50 }],
      refused: 1,
      refusedWhy: 'sydney: issued 2026-01-14T11:20:00.000Z, too long ago',
    });
  });

  test('where nothing is left the feed has failed, with the first reason', async () => {
    const stale = feedOf('price', [price('sydney', NOW - 99 * HOUR)]);
    await expect(soundHours({ feed: stale, sites }, io)).rejects.toThrow(
      /^nothing usable: sydney: issued .* too long ago$/,
    );
    const absurd = feedOf('price', [price('sydney', NOW, 1e6)]);
    await expect(soundHours({ feed: absurd, sites }, io)).rejects.toThrow(/1000000 AUD\/MWh/);
    const empty = feedOf('price', []);
    await expect(soundHours({ feed: empty, sites }, io)).rejects.toThrow(
      /^it has no hours to come$/,
    );
  });

  test('sites that nobody asked for are left out', async () => {
    const feed = feedOf('price', [price('paris', NOW), price('sydney', NOW)]);
    expect((await soundHours({ feed, sites }, io)).rows.map((r) => r.site)).toEqual(['sydney']);
  });

  test('of errors not foreseen only the name is told: their words may hold a key', () => {
    expect(faultText(new TypeError('https://x.example/?apikey=secret'))).toBe('TypeError');
  });
});

const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -2000, max: 40_000 }),
  fc.constant(Number.NaN),
);
const hour = fc.record({
  utcMs: fc.integer({ min: -30, max: 30 }).map((t) => THIS_HOUR + t * HOUR),
  tempC: fc.option(number, { nil: undefined }),
  rhPct: fc.option(number, { nil: undefined }),
  spotAudPerMwh: fc.option(number, { nil: undefined }),
  carbonKgPerKwh: fc.option(number, { nil: undefined }),
});

const fleet = publicFleet(embeddedFleet());
const paying = { ...fleet, sites: fleet.sites.map((s) => ({ ...s, paysSpot: true })) };
const blank = { ...NOTHING_FED, updatedUtcMs: NOW };

describe('whatever a source answers', () => {
  test('a plan can be made of it, and every value is either the source’s or embedded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...feedGroups),
        fc.array(hour, { maxLength: 40 }),
        async (group, hours) => {
          const feed = feedOf(group, [{ site: 'sydney', issuedUtcMs: NOW, hours }]);
          const { rows } = await soundHours({ feed, sites }, io).catch(() => ({ rows: [] }));
          const embedded = embeddedInputs(paying, THIS_HOUR, 24).sites[0]!;
          const inputs = embeddedInputs(paying, THIS_HOUR, 24);
          const fed = rows.map(({ site: siteId, issuedUtcMs: _, ...h }) => ({
            ...blank,
            siteId,
            ...h,
          }));
          mergeFed(paying, inputs, fed as FedHour[], { nowMs: NOW, feedOf: () => ({}) });
          assertInputs(paying, inputs);
          const { sources, ...series } = inputs.sites[0]!;
          for (const name of ['tempC', 'rhPct', 'spotAudPerMwh', 'carbonKgPerKwh'] as const) {
            const told = new Set(rows.map((r) => r[name]));
            series[name].forEach((v, t) => {
              expect(told.has(v) || Object.is(v, embedded[name][t])).toBe(true);
            });
          }
          const own = new Set(
            rows.map((r) => r.utcMs).filter((ms) => ms >= THIS_HOUR && ms < THIS_HOUR + 24 * HOUR),
          );
          expect(sources[group].fallbackSlots).toBe(24 - own.size);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('the order of its readings does not matter, nor do repetitions', () => {
    const reading = fc.record({
      utcMs: fc.integer({ min: 0, max: 40 }).map((n) => n * 5 * 60_000),
      value: fc.option(fc.integer({ min: -1000, max: 17_000 })),
    });
    fc.assert(
      fc.property(
        fc.array(reading, { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (readings, seed) => {
          const shuffled = readings
            .flatMap((r) => [r, r])
            .map((r) => ({ r, key: seed.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ r }) => r);
          const sorted = (m: Map<number, number>) => [...m].sort(([a], [b]) => a - b);
          const before = sorted(hourlyMeans(readings));
          const after = sorted(hourlyMeans(shuffled));
          expect(after.map(([t]) => t)).toEqual(before.map(([t]) => t));
          after.forEach(([, v], n) => {
            expect(v).toBeCloseTo(before[n]![1], 8);
          });
        },
      ),
    );
  });
});
