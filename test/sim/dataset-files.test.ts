import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/core/model/errors.ts';
import { readDataset } from '../../src/sim/dataset.ts';
import { embeddedFleet } from '../core/support/fleets.ts';
import { folderOf, newFolder, START_MS, utc, writeHours, writeText } from './support/folder.ts';

const HOURS = 24;
const span = { startUtcMs: START_MS, hours: HOURS };
const fleet = embeddedFleet();
const weather = { sydney: (): [number, number] => [20, 50] };

describe('several files of one kind', () => {
  it('hold their own hours; where they overlap, the last by name', () => {
    const dir = newFolder();
    const columns = 'temp_c,rh_pct';
    writeHours(dir, 'weather_sydney_b.csv', columns, HOURS, (h) =>
      h >= 10 ? [30, 40] : undefined,
    );
    writeHours(dir, 'weather_sydney_a.csv', columns, HOURS, (h) =>
      h <= 12 ? [20, 60] : undefined,
    );
    const { inputs } = readDataset(dir, fleet, span);
    const { tempC, rhPct, sources } = inputs.sites[0]!;
    expect([...tempC.slice(8, 14)]).toEqual([20, 20, 30, 30, 30, 30]);
    expect([rhPct[9], rhPct[10]]).toEqual([60, 40]);
    expect(sources.weather.source).toBe('weather_sydney_a.csv, weather_sydney_b.csv');
  });

  it('an empty cell of a later file takes nothing away', () => {
    const dir = folderOf({ hours: HOURS, weather, carbon: { NSW: () => 300 } });
    const row = (h: number) => [h === 3 ? 900 : ''];
    writeHours(dir, 'carbon_later_hourly.csv', 'NSW_gco2e_kwh', HOURS, row);
    const { carbonKgPerKwh } = readDataset(dir, fleet, span).inputs.sites[0]!;
    expect([...carbonKgPerKwh.slice(2, 5)]).toEqual([0.3, 0.9, 0.3]);
  });

  it('a name that only begins like a site’s is another site’s', () => {
    const dir = folderOf({ hours: HOURS, weather: { ...weather, sydneywest: () => [45, 5] } });
    writeText(dir, 'weather_sydney_2022.csv.bak', 'not,a,series\n');
    expect(readDataset(dir, fleet, span).inputs.sites[0]!.tempC[0]).toBe(20);
  });
});

it('columns of other quantities are ignored', () => {
  const dir = newFolder();
  const columns = 'pressure_hpa,rh_pct,temp_c';
  writeHours(dir, 'weather_sydney_2022.csv', columns, HOURS, () => [1012, 55, 21]);
  const prices = 'NSW_demand_mw,NSW_price_aud_mwh';
  writeHours(dir, 'nem_price_demand_x_hourly.csv', prices, HOURS, () => [7000, 80]);
  const { tempC, rhPct, spotAudPerMwh } = readDataset(dir, fleet, span).inputs.sites[0]!;
  expect([tempC[5], rhPct[5], spotAudPerMwh[5]]).toEqual([21, 55, 80]);
});

it('columns of other quantities are ignored even if they hold text', () => {
  const dir = newFolder();
  const columns = 'station,temp_c,rh_pct';
  writeHours(dir, 'weather_sydney_2022.csv', columns, HOURS, () => ['Observatory Hill', 21, 55]);
  // No site is in Tasmania.
  const sydney = { ...fleet, sites: fleet.sites.filter((s) => s.id === 'sydney') };
  const carbon = 'NSW_gco2e_kwh,TAS_gco2e_kwh';
  writeHours(dir, 'carbon_x_hourly.csv', carbon, HOURS, () => [500, 'n/a']);
  const { tempC, carbonKgPerKwh } = readDataset(dir, sydney, span).inputs.sites[0]!;
  expect([tempC[5], carbonKgPerKwh[5]]).toEqual([21, 0.5]);
});

describe('a region of the user’s own', () => {
  const own = { ...fleet, sites: structuredClone(fleet.sites.slice(0, 1)) };
  own.sites[0]!.gridRegion = 'NZ';
  const folder = (grams: (h: number) => number | '') =>
    folderOf({ hours: HOURS, weather, carbon: { NZ: grams } });

  it('with a full carbon series needs no embedded factor', () => {
    const { inputs, notes } = readDataset(
      folder(() => 120),
      own,
      span,
    );
    const { carbonKgPerKwh, gridWaterLPerKwh, sources } = inputs.sites[0]!;
    expect(carbonKgPerKwh.every((v) => v === 0.12)).toBe(true);
    expect(notes.filter((n) => n.includes('carbon'))).toEqual([]);
    // Between Tasmania's hydro and Queensland's coal.
    expect(gridWaterLPerKwh[0]).toBeGreaterThan(0.5);
    expect(gridWaterLPerKwh[0]).toBeLessThan(1.2);
    expect(sources.water.placeholder).toBe(true);
    expect(sources.water.source).toContain('NZ');
  });

  it('without one is refused, since nothing could stand in', () => {
    const dir = folder((h) => (h < 20 ? 120 : ''));
    expect(() => readDataset(dir, own, span)).toThrow(InvalidInputError);
    expect(() => readDataset(dir, own, span)).toThrow(
      '--data: the carbon of sydney lacks 4 of 24 h (column NZ_gco2e_kwh), ' +
        'the embedded feeds do not know region "NZ", and the site has no "grid" of its own',
    );
  });

  it('without one has the registry’s annual mean where the site gives it', () => {
    const withGrid = structuredClone(own);
    withGrid.sites[0]!.grid = { carbonKgPerKwh: 0.09, waterLPerKwh: 0.3 };
    const { inputs, notes } = readDataset(
      folder((h) => (h < 20 ? 120 : '')),
      withGrid,
      span,
    );
    const { carbonKgPerKwh, gridWaterLPerKwh, sources } = inputs.sites[0]!;
    expect([...carbonKgPerKwh]).toEqual([...Array(20).fill(0.12), ...Array(4).fill(0.09)]);
    expect(gridWaterLPerKwh[0]).toBe(0.3);
    expect(sources.carbon).toEqual({ source: 'carbon series', placeholder: true });
    expect(notes.filter((n) => n.includes('carbon'))).toEqual([
      'sydney: carbon of 4 of 24 h from the annual mean that the registry gives (placeholder)',
    ]);
  });
});

describe('a folder that cannot carry a plan', () => {
  const fails =
    (dir: string, at = span) =>
    () =>
      readDataset(dir, fleet, at);

  it('is one that is not there, or a file', () => {
    const file = writeText(newFolder(), 'weather_sydney_2022.csv', 'utc\n');
    for (const path of [`${newFolder()}/nowhere`, file]) {
      expect(fails(path)).toThrow(InvalidInputError);
      expect(fails(path)).toThrow(`--data: "${path}" is not a folder`);
    }
  });

  it('is an empty one, which is told what was looked for', () => {
    const dir = newFolder();
    expect(fails(dir)).toThrow(InvalidInputError);
    expect(fails(dir)).toThrow(
      `--data: "${dir}" has no weather for any site over 2022-01-24T00:00Z to 2022-01-25T00:00Z, ` +
        'expected files such as weather_sydney_2022.csv; public ones are fetched by isotherm data download --fleet …',
    );
    const [, ...others] = fleet.sites;
    expect(others.map((s) => s.id)).not.toContain('sydney');
    const inland = { ...fleet, sites: others };
    expect(() => readDataset(dir, inland, span)).toThrow(`weather_${others[0]?.id}_2022.csv;`);
  });

  it('is one of another time, which is told what lacks', () => {
    const later = { startUtcMs: START_MS + 48 * 3_600_000, hours: 24 };
    expect(fails(folderOf({ hours: HOURS, weather }), later)).toThrow(
      'has no weather for any site over 2022-01-26T00:00Z to 2022-01-27T00:00Z ' +
        '(sydney: weather lacks 24 of 24 h of 2022-01-26T00:00Z to 2022-01-27T00:00Z; ' +
        'it has weather from 2022-01-24T00:00Z to 2022-01-25T00:00Z)',
    );
  });

  it('is one with weather for sites, but for no zone', () => {
    const noZone = { ...fleet, zones: fleet.zones.filter((z) => z.id !== 'sydney') };
    const dir = folderOf({ hours: HOURS, weather });
    expect(() => readDataset(dir, noZone, span)).toThrow(
      `--data: "${dir}" has weather for sydney but for no zone`,
    );
  });
});

describe('a spoilt file is named with its line', () => {
  const [W, P, C] = [
    'weather_sydney_2023.csv',
    'nem_price_demand_2_hourly.csv',
    'carbon_2_hourly.csv',
  ];

  it.each([
    [W, `utc,rh_pct\n${utc(0)},50\n`, 'line 1: expected a column named "temp_c"'],
    [W, `utc,temp_c\n${utc(0)},20\n`, 'line 1: expected a column named "rh_pct"'],
    [W, `utc,temp_c,rh_pct\n${utc(0)},NaN,50\n`, 'line 2: temp_c is "NaN", expected a number'],
    [W, '', 'line 1: expected a column named "utc"'],
    [
      P,
      `utc,NSW_price_aud_mwh\n${utc(0)},1\n${utc(0)},2\n`,
      `line 3: hour ${utc(0)} appears twice`,
    ],
    [P, 'utc,NSW_price_aud_mwh\n2022-01-24T00:05Z,1\n', 'line 2: utc is "2022-01-24T00:05Z"'],
    [C, `utc,NSW_gco2e_kwh\n${utc(3)},$5\n`, 'line 2: NSW_gco2e_kwh is "$5", expected a number'],
    [C, `time,NSW_gco2e_kwh\n${utc(3)},5\n`, 'line 1: expected a column named "utc"'],
  ])('%s: %j', (name, text, message) => {
    // The rest of the folder is good, so the fault is this file's.
    const dir = folderOf({ hours: HOURS, weather });
    const path = writeText(dir, name as string, text);
    expect(() => readDataset(dir, fleet, span)).toThrow(InvalidInputError);
    expect(() => readDataset(dir, fleet, span)).toThrow(`${path}: ${message}`);
  });
});
