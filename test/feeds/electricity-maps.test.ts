import { describe, expect, test } from 'vitest';
import { electricityMaps } from '../../src/feeds/electricity-maps.ts';
import { faultOf, HOUR, json, outages, playUpstream, site, THIS_HOUR } from './support/upstream.ts';

/**
 * The answer's shape is that of GET /v3/carbon-intensity/forecast in docs.electricitymaps.com; fields of
 * its other endpoints (emissionFactorType) may come with it.
 */
const forecast = (values: (number | null)[], change: object = {}) => ({
  zone: 'AU-NSW',
  forecast: values.map((carbonIntensity, t) => ({
    carbonIntensity,
    datetime: new Date(THIS_HOUR + t * HOUR).toISOString(),
  })),
  updatedAt: new Date(THIS_HOUR - HOUR).toISOString(),
  temporalGranularity: 'hourly',
  ...change,
});

const upstream = playUpstream();
const sydney = site('sydney');
const feed = electricityMaps({ kind: 'electricity-maps', emissionFactors: 'lifecycle' }, sydney);

describe('Electricity Maps', () => {
  test('grams to kilograms, with the time the source made them; null is no hour', async () => {
    upstream.answer = json(forecast([620, null, 31]));
    expect(await feed.fetch([sydney, site('canberra')], upstream.io())).toEqual(
      ['sydney', 'canberra'].map((id) => ({
        site: id,
        issuedUtcMs: THIS_HOUR - HOUR,
        hours: [
          { utcMs: THIS_HOUR, carbonKgPerKwh: 0.62 },
          { utcMs: THIS_HOUR + 2 * HOUR, carbonKgPerKwh: 0.031 },
        ],
      })),
    );
    expect(upstream.seen.at(-1)!.href).toBe(
      'https://api.electricitymaps.com/v3/carbon-intensity/forecast?zone=AU-NSW&horizonHours=72&emissionFactorType=lifecycle',
    );
    expect(upstream.headers.at(-1)?.['auth-token']).toBe('the ELECTRICITY_MAPS_TOKEN');
  });

  test('what is counted is in the name of the source', () => {
    const direct = electricityMaps({ kind: 'electricity-maps', emissionFactors: 'direct' }, sydney);
    expect([feed.source, direct.source]).toEqual([
      'Electricity Maps, average life-cycle emissions',
      'Electricity Maps, average direct emissions',
    ]);
    expect(direct.id).not.toBe(feed.id);
  });

  test('a key is not sent on to where the service redirects', async () => {
    const asked = upstream.seen.length;
    upstream.answer = (_, r) => r.writeHead(302, { location: 'https://elsewhere.example/' }).end();
    expect((await faultOf(feed, [sydney], upstream.io())).message).toMatch(/HTTP 302$/);
    expect(upstream.seen.length).toBe(asked + 1);
  });

  test.each(outages)('%s', async (_, answer, fault, timeoutMs = 20_000) => {
    upstream.answer = answer;
    expect((await faultOf(feed, [sydney], upstream.io({ timeoutMs }))).message).toMatch(fault);
  });

  test.each([
    ['the caller’s own zone', forecast([1], { zone: 'DE' }), /zone DE, not AU-NSW/],
    ['other factors', forecast([1], { emissionFactorType: 'direct' }), /direct factors/],
    ['no updatedAt', forecast([1], { updatedAt: undefined }), /updatedAt/],
    [
      'local times',
      forecast([1], { updatedAt: '2026-01-15T00:00:00' }),
      /no instant with an offset/,
    ],
    ['a refusal with status 200', { message: 'Access denied' }, /zone/],
  ])('%s', async (_, body, fault) => {
    upstream.answer = json(body);
    expect((await faultOf(feed, [sydney], upstream.io())).message).toMatch(fault);
  });

  test('an old updatedAt is the age, and beyond twelve hours too old', async () => {
    upstream.answer = json(forecast([500], { updatedAt: '2026-01-13T00:00:00.000Z' }));
    const [answer] = await feed.fetch([sydney], upstream.io());
    expect(upstream.io().nowMs - answer!.issuedUtcMs).toBeGreaterThan(feed.staleMs);
  });

  test('a zone is named where none is known', async () => {
    const own = site('sydney', { gridRegion: 'NZ' });
    const config = { kind: 'electricity-maps', emissionFactors: 'lifecycle' } as const;
    const { message } = await faultOf(electricityMaps(config, own), [own], upstream.io());
    expect(message).toMatch(/no zone is known for NZ/);
    upstream.answer = json(forecast([90], { zone: 'NZ-NZN' }));
    const named = electricityMaps({ ...config, zone: 'NZ-NZN' }, own);
    expect((await named.fetch([own], upstream.io()))[0]?.hours).toHaveLength(1);
  });
});
