import { describe, expect, test } from 'vitest';
import { FeedError } from '../../src/feeds/feed.ts';
import { openElectricity } from '../../src/feeds/open-electricity.ts';
import { plausible } from '../../src/feeds/plausible.ts';
import { faultOf, HOUR, json, outages, playUpstream, site, THIS_HOUR } from './support/upstream.ts';

/**
 * The answer's shape is that of test_response_shape.py of the Python client (production 4.5.16): a
 * block a metric, `columns.region`, network-local times with their offset; and of docs.openelectricity
 * .org.au/api-reference/data/get-network-data for the query.
 */
type Points = [time: string, value: number | null][];

const block = (metric: string, unit: string, regions: Record<string, Points>, change = {}) => ({
  network_code: 'NEM',
  metric,
  unit,
  interval: '1h',
  date_start: '2026-01-08T10:00:00+10:00',
  date_end: '2026-01-15T09:00:00+10:00',
  groupings: ['network_region'],
  network_timezone_offset: '+10:00',
  results: Object.entries(regions).map(([region, data]) => ({
    name: `${metric}_${region}`,
    date_start: '2026-01-08T10:00:00+10:00',
    date_end: '2026-01-15T09:00:00+10:00',
    columns: { region },
    data,
  })),
  ...change,
});
const answerOf = (...data: object[]) => ({
  version: '4.5.16',
  created_at: '2026-01-15T11:20:00+11:00',
  success: true,
  data,
});

/** Network time with its offset, as the API writes it. */
const nem = (utcMs: number) => `${new Date(utcMs + 10 * HOUR).toISOString().slice(0, 19)}+10:00`;
/** A value for each of the last hours, counted back from the present one: 1 is the latest. */
const last = (hours: number, value: (back: number) => number | null): Points =>
  Array.from({ length: hours }, (_, n): Points[number] => {
    const back = hours - n;
    return [nem(THIS_HOUR - back * HOUR), value(back)];
  });
const week = 168;
const upstream = playUpstream();
const sydney = site('sydney', { paysSpot: true });
const hobart = site('hobart');
const carbon = openElectricity('carbon', sydney);
const price = openElectricity('price', sydney);
const energy = block('energy', 'MWh', {
  NSW1: last(week, () => 8000),
  TAS1: last(week, () => 1000),
});
const emissions = block('emissions', 't', {
  NSW1: last(week, (back) => (back > 24 ? 4000 : 8000)),
  TAS1: last(week, () => 0),
});

describe('Open Electricity', () => {
  test('carbon is emissions ÷ energy of the same hour of seven days, in network time', async () => {
    upstream.answer = json(answerOf(energy, emissions));
    const answers = await carbon.fetch([sydney, hobart], upstream.io());
    expect(answers.map((a) => [a.site, a.issuedUtcMs, a.hours.length])).toEqual([
      ['sydney', THIS_HOUR, 48],
      ['hobart', THIS_HOUR, 48],
    ]);
    // Six days at 0.5 and one at 1 kg/kWh.
    const [first] = answers[0]!.hours;
    expect(first?.utcMs).toBe(THIS_HOUR);
    expect(first?.carbonKgPerKwh).toBeCloseTo(4 / 7, 12);
    expect(answers[0]!.hours[47]?.carbonKgPerKwh).toBeCloseTo(4 / 7, 12);
    // Water alone emits nothing, and Tasmania may say so.
    expect(plausible('carbon', hobart, answers[1]!.hours).kept).toHaveLength(48);
    const url = upstream.seen.at(-1)!;
    expect(url.origin + url.pathname).toBe(
      'https://api.openelectricity.org.au/v4/data/network/NEM',
    );
    expect(url.searchParams.getAll('metrics')).toEqual(['energy', 'emissions']);
    expect(url.searchParams.get('date_start')).toBe('2026-01-08T10:00:00');
    expect(url.searchParams.get('date_end')).toBe('2026-01-15T09:00:00');
    expect(upstream.headers.at(-1)?.authorization).toBe('Bearer the OPENELECTRICITY_API_KEY');
  });

  test('hours weigh by what they generated', async () => {
    upstream.answer = json(
      answerOf(
        block('energy', 'MWh', { NSW1: last(week, (b) => (b > 24 ? 1000 : 9000)) }),
        block('emissions', 'tCO2e', { NSW1: last(week, (b) => (b > 24 ? 1000 : 0)) }),
      ),
    );
    const [answer] = await carbon.fetch([sydney], upstream.io());
    expect(answer?.hours[0]?.carbonKgPerKwh).toBeCloseTo(6000 / 15_000, 12);
  });

  test('prices are medians: an hour at the cap does not carry them', async () => {
    const points = last(week, (back) => (back <= 24 ? 16_600 : back));
    upstream.answer = json(answerOf(block('price', '$/MWh', { NSW1: points })));
    const [answer] = await price.fetch([sydney], upstream.io());
    // Hours 24, 48, … 168 back; that of 24 is at the cap.
    expect(answer?.hours[0]?.spotAudPerMwh).toBe(120);
    expect(upstream.seen.at(-1)?.pathname).toBe('/v4/market/network/NEM');
  });

  test('Western Australia has a network and an offset of its own', async () => {
    const perth = site('perth', { paysSpot: true });
    const feed = openElectricity('price', perth);
    upstream.answer = json(
      answerOf(block('price', '$/MWh', { WEM: last(week, () => 60) }, { network_code: 'WEM' })),
    );
    const [answer] = await feed.fetch([perth], upstream.io());
    expect(answer?.hours[0]?.spotAudPerMwh).toBe(60);
    const url = upstream.seen.at(-1)!;
    expect(url.pathname).toBe('/v4/market/network/WEM');
    expect(url.searchParams.get('date_end')).toBe('2026-01-15T07:00:00');
  });

  test('null, or fewer than three days, is no hour', async () => {
    const sparse = last(week, (back) => (back > 48 ? null : 8000));
    upstream.answer = json(answerOf(block('energy', 'MWh', { NSW1: sparse }), emissions));
    expect((await carbon.fetch([sydney], upstream.io()))[0]?.hours).toEqual([]);
  });

  test('shuffled, doubled and older names: the answer is the same', async () => {
    const shuffled = (b: ReturnType<typeof block>) => ({
      ...b,
      results: b.results.map(({ data, columns, ...rest }) => ({
        ...rest,
        columns: { network_region: columns.region },
        // UTC, as versions before 4.5 wrote it.
        data: [...data, ...data.slice(0, 9)]
          .reverse()
          .map(([time, v]) => [new Date(time).toISOString(), v]),
      })),
    });
    upstream.answer = json(answerOf(energy, emissions));
    const plain = await carbon.fetch([sydney, hobart], upstream.io());
    upstream.answer = json(answerOf(shuffled(emissions), shuffled(energy)));
    expect(await carbon.fetch([sydney, hobart], upstream.io())).toEqual(plain);
  });

  test('its age is that of the latest hour it has', async () => {
    const late = (b: ReturnType<typeof block>) => ({
      ...b,
      results: b.results.map((r) => ({ ...r, data: r.data.slice(0, -30) })),
    });
    upstream.answer = json(answerOf(late(energy), late(emissions)));
    const [answer] = await carbon.fetch([sydney], upstream.io());
    expect(answer?.issuedUtcMs).toBe(THIS_HOUR - 30 * HOUR);
    expect(upstream.io().nowMs - answer!.issuedUtcMs).toBeGreaterThan(carbon.staleMs);
  });

  test.each(outages)('%s', async (_, answer, fault, timeoutMs = 20_000) => {
    upstream.answer = answer;
    expect((await faultOf(carbon, [sydney], upstream.io({ timeoutMs }))).message).toMatch(fault);
  });

  test.each([
    ['kilograms', answerOf(energy, { ...emissions, unit: 'kg' }), /emissions in "kg"/],
    ['GWh', answerOf({ ...energy, unit: 'GWh' }, emissions), /energy in "GWh"/],
    ['one metric only', answerOf(energy), /no emissions of NEM/],
    [
      'another network',
      answerOf({ ...energy, network_code: 'WEM' }, emissions),
      /no energy of NEM/,
    ],
    ['days for hours', answerOf({ ...energy, interval: '1d' }, emissions), /data\[0\]\.interval/],
    ['a refusal with status 200', { success: false, data: [] }, /success/],
    [
      'local times without offset',
      answerOf(block('energy', 'MWh', { NSW1: [['2026-01-15T09:00:00', 1]] }), emissions),
      /without an offset/,
    ],
    [
      'texts for numbers',
      answerOf(block('energy', 'MWh', { NSW1: [[nem(THIS_HOUR), 'NaN' as never]] }), emissions),
      /data\[0\]\.results\[0\]\.data\[0\]\[1\]/,
    ],
  ])('%s', async (_, body, fault) => {
    upstream.answer = json(body);
    const error = await faultOf(carbon, [sydney], upstream.io());
    expect(error).toBeInstanceOf(FeedError);
    expect(error.message).toMatch(fault);
  });

  test('without a key, or for a region it has not, nothing is asked', async () => {
    upstream.seen.length = 0;
    const keyless = upstream.io({ secret: () => undefined });
    expect((await faultOf(carbon, [sydney], keyless)).message).toMatch(/OPENELECTRICITY_API_KEY/);
    const darwin = site('darwin');
    const feed = openElectricity('carbon', darwin);
    expect((await faultOf(feed, [darwin], upstream.io())).message).toMatch(/no region NT/);
    expect(upstream.seen).toEqual([]);
  });
});
