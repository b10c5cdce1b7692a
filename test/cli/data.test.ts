import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataFolder } from './support/data.ts';
import { emptyFolder, inProcess } from './support/run.ts';

/** A weather file of Sydney with one change to its text. */
function folderWith(change: (text: string) => string): string {
  const dir = dataFolder();
  const file = join(dir, 'weather_sydney_2022.csv');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  return dir;
}

describe('data check', () => {
  test('a sound folder, with what of it is read', async () => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'notes.txt'), 'mine');
    writeFileSync(join(dir, 'weather_paris_2022.csv'), 'x');
    mkdirSync(join(dir, 'more'));
    const { code, stdout } = await inProcess(['data', 'check', dir]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /weather_sydney_2022\.csv +weather +2022-01-24T00:00Z +2022-01-27T00:00Z +72 +0 +0/,
    );
    expect(stdout).toMatch(/not read: notes\.txt, weather_paris_2022\.csv/);
    expect(stdout).toMatch(/no faults/);
  });

  test('holes are counted, and are no faults', async () => {
    const dir = folderWith((text) =>
      text.replace(/^2022-01-24T05:00Z,.*\n/m, '').replace(/^(2022-01-24T07:00Z),[^,]*,/m, '$1,,'),
    );
    const { code, stdout } = await inProcess(['data', 'check', dir, '--json']);
    expect(code).toBe(0);
    const { files, valid } = JSON.parse(stdout);
    expect(valid).toBe(true);
    expect(files.find((f: { file: string }) => f.file === 'weather_sydney_2022.csv')).toEqual({
      file: 'weather_sydney_2022.csv',
      kind: 'weather',
      hours: 72,
      missingHours: 1,
      emptyCells: { temp_c: 1, rh_pct: 0 },
      faults: [],
      fromUtc: '2022-01-24T00:00Z',
      toUtc: '2022-01-27T00:00Z',
    });
  });

  test.each<[string, (text: string) => string, RegExp]>([
    [
      'Fahrenheit',
      (t) => t.replace(/^(2022-01-24T05:00Z),[^,]*/m, '$1,86'),
      /temp_c outside -60 to 60 in 1 h, first 86 at 2022-01-24T05:00Z/,
    ],
    [
      'a jump of 40 °C',
      (t) => t.replace(/^(2022-01-24T05:00Z),[^,]*/m, '$1,58'),
      /temp_c over 20 from the hour before in 2 h, first 58 at/,
    ],
    ['NaN', (t) => t.replace(/^(2022-01-24T05:00Z),[^,]*/m, '$1,NaN'), /line 7: temp_c is "NaN"/],
    ['an hour twice', (t) => t.replace('2022-01-24T05:00Z', '2022-01-24T04:00Z'), /appears twice/],
    [
      'local times',
      (t) => t.replace('2022-01-24T05:00Z', '2022-01-24T05:00'),
      /line 7: utc is "2022-01-24T05:00"/,
    ],
    ['no humidity', (t) => t.replace('rh_pct', 'rh'), /has no column rh_pct/],
    ['nothing but a header', (t) => t.slice(0, t.indexOf('\n') + 1), /has no rows/],
    [
      'humidity as a share of ten',
      (t) => t.replace(/,(\d+\.?\d*)$/m, ',$1e3'),
      /rh_pct outside 0 to 100/,
    ],
  ])('%s', async (_, change, fault) => {
    const { code, stdout, stderr } = await inProcess(['data', 'check', folderWith(change)]);
    expect(code).toBe(1);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(fault);
    expect(stderr).toMatch(/: \d faults?$/m);
  });

  test('prices and carbon beyond what can be', async () => {
    const dir = dataFolder();
    const change = (file: string, from: RegExp, to: string) => {
      const path = join(dir, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    };
    change('nem_price_demand_2022_hourly.csv', /^(2022-01-24T05:00Z),[^,]*/m, '$1,-1000.5');
    change('carbon_lca_2022_hourly.csv', /NSW_gco2e_kwh/, 'NSW_kg');
    change('carbon_lca_2022_hourly.csv', /^(2022-01-24T05:00Z,[^,]*),[^,]*/m, '$1,2001');
    const { code, stdout } = await inProcess(['data', 'check', dir]);
    expect(code).toBe(1);
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toMatch(/NSW_price_aud_mwh outside -1000 to 30000 in 1 h, first -1000\.5/);
    expect(text).toMatch(/TAS_gco2e_kwh outside 0 to 2000/);
  });

  test.each([
    ['no folder', '/no/such/folder', /is not a folder/],
    ['an empty one', emptyFolder(), /has no series/],
  ])('%s: exit code 2', async (_, dir, fault) => {
    const { code, stderr } = await inProcess(['data', 'check', dir]);
    expect(code).toBe(2);
    expect(stderr).toMatch(fault);
  });
});

describe('data download', () => {
  const args = (...more: string[]) => ['data', 'download', '--dir', emptyFolder(), ...more];

  test.each([
    ['no end', args('--from', '2022-01-01'), /--to/],
    ['no date', args('--from', 'May', '--to', '2022-01-02'), /"May" is not a date/],
    [
      'an hour',
      args('--from', '2022-01-01T05:00Z', '--to', '2022-01-02'),
      /beginning of a day of UTC/,
    ],
    [
      'an end before its beginning',
      args('--from', '2022-01-02', '--to', '2022-01-02'),
      /is not after/,
    ],
    ['the future', args('--from', '2022-01-02', '--to', '2999-01-02'), /is in the future/],
    [
      'an unknown kind',
      args('--from', '2022-01-01', '--to', '2022-01-02', '--only', 'wind'),
      /"wind" is none of weather, price, carbon/,
    ],
    [
      'carbon without its key',
      args('--from', '2022-01-01', '--to', '2022-01-02', '--only', 'carbon'),
      /OPENELECTRICITY_API_KEY/,
    ],
  ])('%s: exit code 2', async (_, argv, fault) => {
    const { code, stderr } = await inProcess(argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(fault);
  });
});
