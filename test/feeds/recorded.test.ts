import { describe, expect, test } from 'vitest';
import { aemo } from '../../src/feeds/aemo.ts';
import { aemoMonth } from '../../src/feeds/archives.ts';
import { electricityMaps } from '../../src/feeds/electricity-maps.ts';
import { openElectricity } from '../../src/feeds/open-electricity.ts';
import { openMeteo } from '../../src/feeds/open-meteo.ts';
import { wattTime } from '../../src/feeds/watttime.ts';
import { listing, nemTime, zippedReport } from './support/nem.ts';
import { HOUR, json, playUpstream, site, THIS_HOUR } from './support/upstream.ts';

/**
 * Answers as public repositories have them from the services: names, order and types of fields are
 * theirs, values our own. What the documents do not tell is in them: fields beside those documented,
 * further versions of tables, statuses, nulls.
 */

const upstream = playUpstream();
const sydney = site('sydney', { paysSpot: true });
const MINUTE = HOUR / 60;

describe('AEMO', () => {
  /** Tables and columns of a report of August 2026, captured by a test of a NEM dashboard; PRICE is version 5. */
  const dispatched = (endUtcMs: number, rrp: number) =>
    [
      'C,NEMP.WORLD,DISPATCHIS,AEMO,PUBLIC,2026/01/15,10:15:04,0000000531645400,DISPATCHIS,0000000531645389',
      'I,DISPATCH,CASE_SOLUTION,2,SETTLEMENTDATE,RUNNO,INTERVENTION,CASESUBTYPE,SOLUTIONSTATUS',
      `D,DISPATCH,CASE_SOLUTION,2,"${nemTime(endUtcMs)}",1,0,,0`,
      'I,DISPATCH,PRICE,5,SETTLEMENTDATE,RUNNO,REGIONID,DISPATCHINTERVAL,INTERVENTION,RRP,EEP,ROP,APCFLAG,MARKETSUSPENDEDFLAG,LASTCHANGED,PRICE_STATUS',
      ...['NSW1', 'QLD1', 'SA1'].map(
        (region, n) =>
          `D,DISPATCH,PRICE,5,"${nemTime(endUtcMs)}",1,${region},20260115076,0,${rrp + n},0,${rrp + n},0,0,"${nemTime(endUtcMs - 5 * MINUTE)}",FIRM`,
      ),
      'I,DISPATCH,REGIONSUM,9,SETTLEMENTDATE,RUNNO,REGIONID,DISPATCHINTERVAL,INTERVENTION,TOTALDEMAND,AVAILABLEGENERATION',
      `D,DISPATCH,REGIONSUM,9,"${nemTime(endUtcMs)}",1,NSW1,20260115076,0,9600.5,13400.25`,
      'C,"END OF REPORT",10',
      '',
    ].join('\r\n');

  /**
   * Where a reader of live reports finds region, intervention, price and interval: columns 6, 8, 9 and
   * 28. Periods have two digits, and a row names the market as a whole (NEM1), which is no region.
   */
  const preDispatched = () => {
    const between =
      'RAISE6SECRRP,RAISE60SECRRP,RAISE5MINRRP,RAISEREGRRP,LOWER6SECRRP,LOWER60SECRRP,LOWER5MINRRP,LOWERREGRRP';
    const row = (region: string, period: number, intervention: number, rrp: number) =>
      `D,PREDISPATCH,REGION_PRICES,2,2026011513,1,${region},0${period},${intervention},${rrp},0,,,,,,,,,1,1,1,1,1,1,1,1,` +
      `"${nemTime(THIS_HOUR + 3 * MINUTE)}","${nemTime(THIS_HOUR + period * 30 * MINUTE)}"`;
    return [
      'C,NEMP.WORLD,PREDISPATCHIS,AEMO,PUBLIC,2026/01/15,10:03:00,0000000469000001,PREDISPATCH,0000000469000000',
      `I,PREDISPATCH,REGION_PRICES,2,PREDISPATCHSEQNO,RUNNO,REGIONID,PERIODID,INTERVENTION,RRP,EEP,RRP1,EEP1,RRP2,EEP2,RRP3,EEP3,RRP4,EEP4,${between},LASTCHANGED,DATETIME`,
      row('NSW1', 1, 0, 61.5),
      row('NSW1', 2, 0, 57.5),
      row('NSW1', 1, 1, 999),
      row('NEM1', 1, 0, 10),
      row('NSW1', 3, 0, -3),
      row('NSW1', 4, 0, 5),
      'C,"END OF REPORT",9',
      '',
    ].join('\r\n');
  };

  test('price table of version 5 among others, of pre-dispatch what is the price of a region', async () => {
    const forecast = 'PUBLIC_PREDISPATCHIS_202601151030_20260115100300.zip';
    const present = 'PUBLIC_DISPATCHIS_202601151020_0000000531645400.zip';
    const files: Record<string, Uint8Array> = {
      [forecast]: await zippedReport(forecast, preDispatched()),
      [present]: await zippedReport(present, dispatched(THIS_HOUR + 20 * MINUTE, 110)),
    };
    upstream.answer = (request, response) => {
      const [folder = '', name = ''] = (request.url ?? '').split('/').slice(-2);
      const names = Object.keys(files).filter(
        (n) => folder.startsWith('Pre') === n.includes('PRE'),
      );
      response.writeHead(200).end(name === '' ? listing(folder, names) : files[name]);
    };
    const [answer] = await aemo().fetch([sydney], upstream.io());
    expect(answer?.hours).toEqual([
      { utcMs: THIS_HOUR, spotAudPerMwh: (110 + 57.5) / 2 },
      { utcMs: THIS_HOUR + HOUR, spotAudPerMwh: 1 },
    ]);
  });

  test.each([
    ['of today, five minutes, without quotes', '2022/01/15 10:05:00'],
    ['of the nineties, quoted and without seconds', '"1998/12/07 02:00"'],
  ])('aggregated months: %s', async (_, time) => {
    const rows = [
      'REGION,SETTLEMENTDATE,TOTALDEMAND,RRP,PERIODTYPE',
      `NSW1,${time},8900.5,-95.5,TRADE`,
    ];
    upstream.answer = (_q, response) => response.writeHead(200).end(`${rows.join('\r\n')}\r\n`);
    const { priceAudPerMwh, demandMw } = await aemoMonth(upstream.io(), 'NSW1', '202201');
    expect([[...priceAudPerMwh.values()], [...demandMw.values()]]).toEqual([[-95.5], [8900.5]]);
  });
});

describe('Open Electricity', () => {
  /** opennem/openelectricity-python, tests/models: trimmed from production 4.5.16, and 4.0.3 before it. */
  const points = (utc: boolean, value: number) =>
    Array.from({ length: 168 }, (_, n): [string, number | null] => {
      const utcMs = THIS_HOUR - (168 - n) * HOUR;
      const text = new Date(utcMs + (utc ? 0 : 10 * HOUR)).toISOString().slice(0, 19);
      return [`${text}${utc ? 'Z' : '+10:00'}`, n === 9 ? null : value];
    });

  const live = {
    version: '4.5.16',
    created_at: '2026-01-15T11:07:20+11:00',
    success: true,
    data: ['price', 'demand'].map((metric, m) => ({
      network_code: 'NEM',
      metric,
      unit: ['$/MWh', 'MW'][m],
      interval: '1h',
      date_start: '2026-01-08T10:00:00+10:00',
      date_end: '2026-01-15T09:00:00+10:00',
      groupings: [],
      network_timezone_offset: '+10:00',
      results: ['NSW1', 'VIC1'].map((region) => ({
        name: `${metric}_${region}`,
        date_start: '2026-01-08T10:00:00+10:00',
        date_end: '2026-01-15T09:00:00+10:00',
        columns: { region },
        data: points(false, 144.25),
      })),
    })),
  };
  const before = {
    version: '4.0.3.dev0',
    created_at: '2026-01-15T11:07:28+11:00',
    success: true,
    data: [
      {
        network_code: 'NEM',
        metric: 'price',
        unit: '$/MWh',
        interval: '1h',
        start: '2026-01-08T00:00:00',
        end: '2026-01-15T00:00:00',
        groupings: ['network_region'],
        results: [
          {
            name: 'price_NSW1',
            date_start: '2026-01-08T00:00:00',
            date_end: '2026-01-15T00:00:00',
            columns: { network_region: 'NSW1' },
            data: points(true, 144.25),
          },
        ],
        network_timezone_offset: '+10:00',
      },
    ],
  };

  test.each([
    ['4.5: network time, region; a metric more than asked for', live],
    ['4.0: UTC, network_region, no date_start of the block', before],
  ])('%s', async (_, answer) => {
    upstream.answer = json(answer);
    const [prices] = await openElectricity('price', sydney).fetch([sydney], upstream.io());
    expect(prices?.hours).toHaveLength(48);
    expect(prices?.hours.every((h) => h.spotAudPerMwh === 144.25)).toBe(true);
  });
});

describe('Electricity Maps', () => {
  /**
   * Hours as jpbede/aioelectricitymaps has them recorded of /v3 history, with fields that the forecast's
   * document does not name; the envelope is what the Carbon Aware SDK reads of /v3 forecasts.
   */
  test('hours that carry more than their intensity, an estimate among them', async () => {
    const hour = (t: number, isEstimated: boolean) => ({
      zone: 'AU-NSW',
      carbonIntensity: 612 + t,
      datetime: new Date(THIS_HOUR + t * HOUR).toISOString(),
      updatedAt: '2026-01-14T23:48:54.012Z',
      createdAt: '2026-01-11T20:47:49.346Z',
      emissionFactorType: 'lifecycle',
      isEstimated,
      estimationMethod: isEstimated ? 'TIME_SLICER_AVERAGE' : null,
    });
    upstream.answer = json({
      zone: 'AU-NSW',
      forecast: [hour(0, false), hour(1, true)],
      updatedAt: '2026-01-14T23:48:54.012Z',
    });
    const feed = electricityMaps(
      { kind: 'electricity-maps', emissionFactors: 'lifecycle' },
      sydney,
    );
    const [answer] = await feed.fetch([sydney], upstream.io());
    expect(answer?.hours.map((h) => h.carbonKgPerKwh)).toEqual([0.612, 0.613]);
    expect(answer?.issuedUtcMs).toBe(Date.parse('2026-01-14T23:48:54.012Z'));
  });
});

describe('WattTime', () => {
  /** WattTime's guide from v2 to v3, and bachya/aiowatttime's fixtures: warnings are objects, a model may have no type. */
  test('with warnings, and a model of a date alone', async () => {
    const answer = json({
      data: [1048.5, 870].map((value, n) => ({
        point_time: `2026-01-15T00:0${5 * n}:00+00:00`,
        value,
      })),
      meta: {
        data_point_period_seconds: 300,
        region: 'NEM_NSW',
        warnings: [{ type: 'SOME_KIND', message: 'about its data' }],
        signal_type: 'co2_moer',
        model: { date: '2023-03-01' },
        units: 'lbs_co2_per_mwh',
        generated_at_period_seconds: 300,
        generated_at: '2026-01-15T00:15:00+00:00',
      },
    });
    upstream.answer = (request, response) =>
      (request.url === '/login' ? json({ token: 'abc' }) : answer)(request, response);
    const [forecast] = await wattTime({ kind: 'watttime' }, sydney).fetch([sydney], upstream.io());
    expect(forecast?.hours).toHaveLength(1);
    expect(forecast?.hours[0]?.carbonKgPerKwh).toBeCloseTo(959.25 * 0.45359237e-3, 7);
  });
});

describe('Open-Meteo', () => {
  /** frenck/python-open-meteo, tests/fixtures: coordinates of the cell, floats that happen to be whole, offset and zone beside. */
  test('cells some hundredths of a degree off, whole numbers, nulls at the end', async () => {
    const hours = [0, 1, 2].map((t) => THIS_HOUR / 1000 + 3600 * t);
    upstream.answer = json({
      latitude: sydney.latDeg + 0.04,
      longitude: sydney.lonDeg - 0.07,
      generationtime_ms: 26.5,
      utc_offset_seconds: 0,
      timezone: 'GMT',
      timezone_abbreviation: 'GMT',
      elevation: 29.0,
      hourly_units: { time: 'unixtime', temperature_2m: '\u00b0C', relative_humidity_2m: '%' },
      hourly: {
        time: hours,
        temperature_2m: [22, 21.5, null],
        relative_humidity_2m: [54, 63, null],
      },
    });
    const [answer] = await openMeteo({ kind: 'open-meteo' }).fetch([sydney], upstream.io());
    expect(answer?.hours).toEqual([
      { utcMs: THIS_HOUR, tempC: 22, rhPct: 54 },
      { utcMs: THIS_HOUR + HOUR, tempC: 21.5, rhPct: 63 },
    ]);
  });
});
