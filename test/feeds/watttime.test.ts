import { describe, expect, test } from 'vitest';
import { wattTime } from '../../src/feeds/watttime.ts';
import {
  type Answer,
  faultOf,
  HOUR,
  json,
  outages,
  playUpstream,
  site,
  THIS_HOUR,
} from './support/upstream.ts';

/** Shapes of GET /login and GET /v3/forecast in docs.watttime.org (openapi.json, version V3). */
const forecast = (values: (number | null)[], meta: object = {}) => ({
  data: values.map((value, n) => ({
    point_time: new Date(THIS_HOUR + (n * HOUR) / 12).toISOString().replace('.000Z', '+00:00'),
    value,
  })),
  meta: {
    data_point_period_seconds: 300,
    region: 'NEM_NSW',
    warnings: [],
    signal_type: 'co2_moer',
    model: { date: '2026-01-01', type: 'binned_regression' },
    units: 'lbs_co2_per_mwh',
    generated_at_period_seconds: 300,
    generated_at: '2026-01-15T00:15:00+00:00',
    ...meta,
  },
});

const upstream = playUpstream();
const sydney = site('sydney');
const feed = wattTime({ kind: 'watttime' }, sydney);
const loggedIn =
  (answer: Answer): Answer =>
  (request, response) =>
    (request.url === '/login' ? json({ token: 'abc' }) : answer)(request, response);

describe('WattTime', () => {
  test('pounds a MWh by five minutes to kilograms a kWh by the hour', async () => {
    upstream.answer = loggedIn(json(forecast(Array.from({ length: 24 }, (_, n) => 1000 + n))));
    const [answer] = await feed.fetch([sydney], upstream.io());
    expect(answer?.issuedUtcMs).toBe(Date.parse('2026-01-15T00:15Z'));
    const kg = answer!.hours.map((h) => h.carbonKgPerKwh!);
    expect(kg[0]).toBeCloseTo(1005.5 * 0.45359237e-3, 12);
    expect(kg[1]).toBeCloseTo(1017.5 * 0.45359237e-3, 12);
    expect(upstream.seen.at(-1)!.href).toBe(
      'https://api.watttime.org/v3/forecast?region=NEM_NSW&signal_type=co2_moer&horizon_hours=72',
    );
    const basic = btoa('the WATTTIME_USERNAME:the WATTTIME_PASSWORD');
    expect(upstream.headers.slice(-2).map((h) => h.authorization)).toEqual([
      `Basic ${basic}`,
      'Bearer abc',
    ]);
    expect(feed.source).toBe('WattTime, marginal direct emissions');
  });

  test('one login for all regions of a refresh', async () => {
    upstream.seen.length = 0;
    upstream.answer = (request, response) => {
      const region = new URL(request.url ?? '', 'http://x').searchParams.get('region');
      loggedIn(json(forecast([900], { region })))(request, response);
    };
    const io = upstream.io();
    const hobart = site('hobart');
    await Promise.all([
      feed.fetch([sydney], io),
      wattTime({ kind: 'watttime' }, hobart).fetch([hobart], io),
    ]);
    expect(upstream.seen.filter((url) => url.pathname === '/login')).toHaveLength(1);
  });

  test.each(outages)('%s', async (_, answer, fault, timeoutMs = 20_000) => {
    upstream.answer = answer;
    expect((await faultOf(feed, [sydney], upstream.io({ timeoutMs }))).message).toMatch(fault);
    upstream.answer = loggedIn(answer);
    expect((await faultOf(feed, [sydney], upstream.io({ timeoutMs }))).message).toMatch(fault);
  });

  test.each([
    ['other units', forecast([1], { units: 'kg_co2_per_mwh' }), /meta\.units/],
    ['another signal', forecast([1], { signal_type: 'co2_aoer' }), /meta\.signal_type/],
    [
      'the free region',
      forecast([1], { region: 'CAISO_NORTH' }),
      /region CAISO_NORTH, not NEM_NSW/,
    ],
    ['no time of making', forecast([1], { generated_at: undefined }), /meta\.generated_at/],
  ])('%s', async (_, body, fault) => {
    upstream.answer = loggedIn(json(body));
    expect((await faultOf(feed, [sydney], upstream.io())).message).toMatch(fault);
  });

  test('a wrong password: the fault tells neither it nor the name', async () => {
    upstream.answer = (_, response) => response.writeHead(401).end();
    const { message } = await faultOf(feed, [sydney], upstream.io());
    expect(message).toBe('api.watttime.org: HTTP 401');
  });

  test('a region is named where none is known', async () => {
    const perth = site('perth');
    const { message } = await faultOf(
      wattTime({ kind: 'watttime' }, perth),
      [perth],
      upstream.io(),
    );
    expect(message).toMatch(/no region is known for WEM/);
    upstream.answer = loggedIn(json(forecast([900, null], { region: 'WA' })));
    const named = wattTime({ kind: 'watttime', region: 'WA' }, perth);
    expect((await named.fetch([perth], upstream.io()))[0]?.hours).toHaveLength(1);
  });
});
