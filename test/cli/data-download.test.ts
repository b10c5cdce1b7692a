import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { download } from '../../src/cli/data-download.ts';
import type { Kind } from '../../src/cli/data-jobs.ts';
import { downloadText } from '../../src/cli/data-report.ts';
import { monthsOf } from '../../src/cli/months.ts';
import { publicFleet } from '../../src/core/model/fleet.ts';
import { readDataset } from '../../src/sim/dataset.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { archivedWeather, networkEmissions, priceAndDemand } from '../feeds/support/archives.ts';
import { type Answer, HOUR, playUpstream } from '../feeds/support/upstream.ts';
import { emptyFolder } from './support/run.ts';

/** Downloads from a fake of the three services, which speaks their formats. */

const upstream = playUpstream();
const fleet = embeddedFleet();
const two = ['sydney', 'perth'];
const sites = publicFleet(fleet).sites.filter((s) => two.includes(s.id));
const from = Date.parse('2022-01-30T00:00Z');
const to = Date.parse('2022-02-02T00:00Z');
let waits: number[] = [];
let progress: [label: string, share: number][] = [];
/** Answers in place of the usual one, one a request. */
let troubles: Answer[] = [];
/** Weather that Open-Meteo does not have yet, from this instant on. */
let unknownFrom = Number.POSITIVE_INFINITY;

beforeEach(() => {
  waits = [];
  progress = [];
  troubles = [];
  unknownFrom = Number.POSITIVE_INFINITY;
  upstream.seen.length = 0;
  upstream.answer = (request, response) => {
    const host = new URL(request.headers['x-meant-for'] as string).hostname;
    const usual = {
      'aemo.com.au': priceAndDemand,
      'api.openelectricity.org.au': networkEmissions,
    }[host];
    (troubles.shift() ?? usual ?? archivedWeather(() => unknownFrom))(request, response);
  };
});

function run(dir: string, kinds: Kind[] = ['weather', 'price', 'carbon'], change = {}) {
  const io = upstream.io({ timeoutMs: 5000, ...change });
  return download(
    { fromUtcMs: from, toUtcMs: to, dir, sites, kinds },
    {
      ...io,
      sleep: async (ms) => {
        waits.push(ms);
      },
      progress: (label, share) => progress.push([label, share]),
    },
  );
}

describe('a download', () => {
  test('is a folder that plans and backtests read', async () => {
    const dir = emptyFolder();
    const { files } = await run(dir);
    expect(files.map((f) => [f.name, f.state, f.holes])).toEqual([
      ['weather_sydney_2022-01-30_2022-01-31.csv', 'fetched', 0],
      ['weather_perth_2022-01-30_2022-01-31.csv', 'fetched', 0],
      ['nem_price_demand_2022-01-30_2022-01-31_hourly.csv', 'fetched', 0],
      ['carbon_direct_2022-01-30_2022-01-31_hourly.csv', 'fetched', 0],
      ['weather_sydney_2022-02-01_2022-02-01.csv', 'fetched', 0],
      ['weather_perth_2022-02-01_2022-02-01.csv', 'fetched', 0],
      ['nem_price_demand_2022-02-01_2022-02-01_hourly.csv', 'fetched', 0],
      ['carbon_direct_2022-02-01_2022-02-01_hourly.csv', 'fetched', 0],
    ]);
    const data = readDataset(dir, fleet, { startUtcMs: from, hours: 72 });
    expect(data.fleet.sites.map((s) => s.id)).toEqual(two);
    const [sydney, perth] = data.inputs.sites;
    expect([...sydney!.tempC.slice(0, 3)]).toEqual([20, 20.1, 20.2]);
    expect([...sydney!.rhPct]).toEqual(Array(72).fill(61));
    // Hours of UTC, from end-stamped five minutes of UTC+10, over the end of the month as well.
    const prices = Array.from({ length: 72 }, (_, t) => (t % 24 === 23 ? -1000 : t % 24));
    expect([...sydney!.spotAudPerMwh]).toEqual(prices);
    expect([...perth!.spotAudPerMwh]).toEqual(Array(72).fill(Number.NaN));
    expect([...perth!.carbonKgPerKwh]).toEqual(Array(72).fill(0.625));
    expect(readFileSync(join(dir, 'SOURCES.md'), 'utf8')).toMatch(/CC BY-NC 4\.0/);
    expect(readdirSync(dir).filter((f) => f.endsWith('.part'))).toEqual([]);
    // A month of NEM time that two of UTC share is fetched once.
    const months = upstream.seen.filter((url) => url.pathname.includes('PRICE_AND_DEMAND'));
    expect(months.map((url) => url.pathname.slice(-15))).toEqual([
      '202201_NSW1.csv',
      '202202_NSW1.csv',
    ]);
  });

  test('goes on where it was ended, and asks for nothing twice', async () => {
    const dir = emptyFolder();
    troubles = [archivedWeather(), (_, response) => response.writeHead(404).end()];
    await expect(run(dir)).rejects.toThrow('aemo.com.au: HTTP 404');
    expect(readdirSync(dir).sort()).toEqual([
      'weather_perth_2022-01-30_2022-01-31.csv',
      'weather_sydney_2022-01-30_2022-01-31.csv',
    ]);
    upstream.seen.length = 0;
    const { files } = await run(dir);
    expect(files.filter((f) => f.state === 'kept')).toHaveLength(2);
    expect(upstream.seen.filter((u) => u.hostname.includes('meteo'))).toHaveLength(1);
    upstream.seen.length = 0;
    const again = await run(dir);
    expect(again.files.every((f) => f.state === 'kept')).toBe(true);
    expect(upstream.seen).toEqual([]);
  });

  test('a file with holes is fetched again; holes are empty cells, never zero', async () => {
    const dir = emptyFolder();
    unknownFrom = to - 5 * HOUR;
    const { files } = await run(dir, ['weather']);
    expect(files.map((f) => f.holes)).toEqual([0, 0, 20, 20]);
    const text = readFileSync(join(dir, 'weather_sydney_2022-02-01_2022-02-01.csv'), 'utf8');
    expect(text.trim().split('\n').at(-1)).toBe('2022-02-01T23:00Z,,,,');
    unknownFrom = Number.POSITIVE_INFINITY;
    const later = await run(dir, ['weather']);
    expect(later.files.map((f) => [f.state, f.holes])).toEqual([
      ['kept', 0],
      ['kept', 0],
      ['fetched', 0],
      ['fetched', 0],
    ]);
  });

  test('a file that was cut short is no file', async () => {
    const dir = emptyFolder();
    await run(dir, ['weather']);
    const file = join(dir, 'weather_sydney_2022-01-30_2022-01-31.csv');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, whole.lastIndexOf('2022-01-31T20')));
    rmSync(join(dir, 'weather_perth_2022-02-01_2022-02-01.csv'));
    await run(dir, ['weather']);
    expect(readFileSync(file, 'utf8')).toBe(whole);
    expect(existsSync(join(dir, 'weather_perth_2022-02-01_2022-02-01.csv'))).toBe(true);
  });

  test('tells what it is at, and how much of all is done, what is there already included', async () => {
    const dir = emptyFolder();
    await run(dir, ['weather', 'price']);
    const told = [
      ['weather 2022-01-30_2022-01-31', 0],
      ['price 2022-01-30_2022-01-31', 0.25],
      ['weather 2022-02-01_2022-02-01', 0.5],
      ['price 2022-02-01_2022-02-01', 0.75],
      ['done', 1],
    ];
    expect(progress).toEqual(told);
    progress = [];
    await run(dir, ['weather', 'price']);
    expect(progress).toEqual(told);
  });

  test('names those whose data is there, and nobody else', async () => {
    const dir = emptyFolder();
    const sources = () => readFileSync(join(dir, 'SOURCES.md'), 'utf8');
    const first = await run(dir, ['price']);
    expect(sources()).toMatch(/AEMO/);
    expect(sources()).not.toMatch(/Open-Meteo|Open Electricity/);
    expect(downloadText(first, dir, true)).not.toMatch(/Open-Meteo|Open Electricity/);
    await run(dir, ['weather']);
    expect(sources()).toMatch(/weather_.*Open-Meteo\.com.*CC BY 4\.0/);
    expect(sources()).toMatch(/AEMO/);
  });

  test('waits where a source asks for it, longer each time where it does not', async () => {
    troubles = [
      (_, r) => r.writeHead(429, { 'retry-after': '60' }).end(),
      (_, r) => r.writeHead(503).end(),
      (_, r) => r.socket?.destroy(),
    ];
    await run(emptyFolder(), ['weather']);
    expect(waits).toEqual([60_000, 4000, 8000]);
  });

  test('gives up after five tries, and at once where trying is of no use', async () => {
    troubles = Array.from({ length: 9 }, () => (_, r) => r.writeHead(500).end());
    await expect(run(emptyFolder(), ['weather'])).rejects.toThrow(/HTTP 500/);
    expect(waits).toHaveLength(4);
    waits = [];
    const keyless = { secret: () => undefined };
    await expect(run(emptyFolder(), ['carbon'], keyless)).rejects.toThrow(
      /OPENELECTRICITY_API_KEY/,
    );
    expect(waits).toEqual([]);
  });

  test.each<[string, string, RegExp]>([
    ['other columns', 'A,B\n1,2\n', /columns "A,B" for 202201 NSW1/],
    [
      'another region',
      'REGION,SETTLEMENTDATE,TOTALDEMAND,RRP,PERIODTYPE\nVIC1,2022/01/01 00:05:00,1,1,TRADE\n',
      /line 2 of 202201 NSW1/,
    ],
  ])('AEMO with %s', async (_, body, fault) => {
    troubles = Array.from({ length: 9 }, () => (_r, response) => response.writeHead(200).end(body));
    await expect(run(emptyFolder(), ['price'])).rejects.toThrow(fault);
  });
});

describe('months', () => {
  const names = (a: string, b: string) =>
    monthsOf({ fromUtcMs: Date.parse(a), toUtcMs: Date.parse(b) }).map((m) => m.name);

  test('whole ones by their name, parts by their days', () => {
    expect(names('2023-12-01', '2024-03-02')).toEqual([
      '2023-12',
      '2024-01',
      '2024-02',
      '2024-03-01_2024-03-01',
    ]);
    expect(names('2024-02-10', '2024-02-12')).toEqual(['2024-02-10_2024-02-11']);
  });
});
