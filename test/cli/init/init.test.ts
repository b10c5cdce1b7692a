import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { registryText } from '../../../src/cli/init/registry-text.ts';
import { fromCsv, writeProject } from '../../../src/cli/init.ts';
import { fleetSchema } from '../../../src/core/model/fleet.ts';
import { projectPath } from '../../../src/local/bundle.ts';
import { readFleetFile } from '../../../src/local/fleet-file.ts';
import { generatedFiles } from '../../../src/local/generated.ts';
import { bin, emptyFolder, inProcess, type Outcome } from '../support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

const HEADER = 'name,latDeg,lonDeg,timeZone,baseUrl,servers,tariff,carbonKgPerKwh,januaryC,julyC';
const OSLO = 'Oslo,59.91,10.75,Europe/Oslo,https://oslo.llm.example/,4,0.09,0.03,-3,18';
const BONN =
  'Bonn,50.73,7.1,Europe/Berlin,https://bonn.llm.example,6,0.19@22-7 0.28@7-22,0.35,3,20';

function csv(...lines: string[]): string {
  const path = join(emptyFolder(), 'sites.csv');
  writeFileSync(path, lines.join('\n'));
  return path;
}

/** Runs `init` with answers from a pipe. */
function answered(args: string[], lines: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, 'init', ...args], { cwd: emptyFolder() });
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (outcome.stdout += chunk));
    child.stderr.on('data', (chunk) => (outcome.stderr += chunk));
    child.on('close', (code) => resolve({ ...outcome, code }));
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  });
}

describe('isotherm init --csv', () => {
  test('makes a registry that can be planned', async () => {
    const out = join(emptyFolder(), 'new', 'fleet.json');
    const args = ['--name', 'north', '--model', 'llm', '--req-per-s', '10', '--slo-ms', '800'];
    const made = await inProcess(['init', '--csv', csv(HEADER, OSLO, BONN), '--out', out, ...args]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain(`2 sites: wrote ${out}.`);
    const fleet = await readFleetFile(out);
    expect(fleet).toMatchObject({ name: 'north', classes: [{ model: 'llm', ttftSloMs: 800 }] });
    expect(fleet.demand.meanReqPerSPerMillion.chat).toBeCloseTo(5, 9);
    expect(fleet.sites[0]).toMatchObject({
      id: 'oslo',
      gridRegion: 'OSLO',
      grid: { carbonKgPerKwh: 0.03 },
      climate: { januaryC: -3, julyC: 18 },
      placementRegion: 'aws:eu-north-1',
      upstream: { baseUrl: 'https://oslo.llm.example', models: { llm: 'llm' } },
      hardware: { profile: 'h100-tp8', servers: 4 },
      cost: { tariff: { kind: 'flat', rateAudPerKwh: 0.09 }, fixedOverheadKw: 1.6 },
    });
    const plan = await inProcess(['plan', '--fleet', out, '--at', '2026-01-15', '--json']);
    expect(plan.code).toBe(0);
    const { sites, unservedShare, gap } = JSON.parse(plan.stdout);
    expect(sites.map((s: { site: string }) => s.site)).toEqual(['oslo', 'bonn']);
    expect(unservedShare).toBeLessThan(1e-6);
    expect(gap).toBeLessThanOrEqual(1e-3);
  });

  test('takes climate and grid of an embedded city, and plants', async () => {
    const [site] = await fromCsv(
      csv(
        'name,latDeg,lonDeg,timeZone,baseUrl,servers,tariff,batteryKwh,batteryKw,solarPeakKw,gridKw',
        'Perth North,-31.8,115.85,Australia/Perth,https://p.example,2,0.16,500,250,300,120',
      ),
      'llm',
    );
    expect(site).toMatchObject({ id: 'perth-north', gridRegion: 'WEM', model: 'llm' });
    expect(site).toMatchObject({ batteryKwh: 500, batteryKw: 250, solarPeakKw: 300, gridKw: 120 });
    expect(site).not.toHaveProperty('carbonKgPerKwh');
    expect(site).not.toHaveProperty('januaryC');
  });

  test('names every fault by line and column', async () => {
    const path = csv(
      HEADER,
      OSLO.replace('59.91', '95').replace('Europe/Oslo', 'Europe/Olso'),
      '# a note',
      BONN.replace('0.28@7-22', '0.28@8-22'),
      'Rome,41.9,12.5,Europe/Rome,ftp://rome.example,0,cheap',
    );
    const { code, stderr } = await inProcess(['init', '--csv', path, '--out', `${path}.json`]);
    expect(code).toBe(2);
    const [head, ...lines] = stderr.trimEnd().split('\n');
    expect(head).toBe(`isotherm: ${path}: ${lines.length} faults`);
    for (const fault of [
      'line 2: latDeg: must be at most 90, is 95',
      'line 2: timeZone: must be an IANA time zone such as Europe/Oslo, is "Europe/Olso"',
      'line 4: tariff: local hour 7 is in 0 bands, expected exactly one',
      'line 5: baseUrl: must be an http or https URL',
      'line 5: servers: must be at least 1, is 0',
      'line 5: tariff: is "cheap", expected 0.21, or',
      'line 5: carbonKgPerKwh: is missing, expected annual mean carbon',
      'line 5: januaryC: is missing, expected mean temperature of January',
    ]) {
      expect(lines.filter((line) => line.startsWith(`  ${fault}`))).toHaveLength(1);
    }
  });

  test('says which sites do not go together', async () => {
    const path = csv(HEADER, OSLO, OSLO);
    const { code, stderr } = await inProcess(['init', '--csv', path, '--out', `${path}.json`]);
    expect(code).toBe(2);
    expect(stderr).toContain('line 3: id: "oslo" is that of line 2, too; a column "id"');
  });

  test('tells what other programs write, and what follows from a fault, from faults', async () => {
    const init = (path: string) => inProcess(['init', '--csv', path, '--out', `${path}.json`]);
    const marked = csv(`\uFEFF${HEADER}\r`, `${OSLO}\r`, '');
    expect(await init(marked)).toMatchObject({ code: 0, stderr: '' });
    const latin1 = csv('');
    writeFileSync(latin1, `${HEADER}\n${OSLO.replace('Oslo', 'Orléans')}`, 'latin1');
    expect((await init(latin1)).stderr).toBe(`isotherm: ${latin1}: is not text in UTF-8\n`);
    for (const [lines, fault] of [
      [[HEADER.replaceAll(',', ';')], 'line 1: has semicolons between columns, expected commas'],
      [
        ['ID,Name,lat,URL,battery,power'],
        'line 1: no column "ID" (id?), "Name" (name?), "lat" (latDeg?), "URL" (baseUrl?), "battery", "power"; expected some of name,',
      ],
      [
        ['name,latDeg,lonDeg', 'Oslo,59.9,10.7'],
        'line 1: the header lacks "timeZone", "baseUrl", "servers", "tariff", which every site needs',
      ],
      [
        [HEADER, OSLO.replace('example/', 'example/v1')],
        'line 2: baseUrl: must be without /v1, which the router adds',
      ],
      [[HEADER, OSLO.replace('Oslo', '東京')], 'line 2: id: is missing, expected its name in'],
    ] as const) {
      expect((await init(csv(...lines))).stderr).toContain(fault);
    }
    const swapped = csv(HEADER, 'Oslo,159.9,10.75,Europe/Oslo,https://o.example,4,0.09');
    expect((await init(swapped)).stderr).toBe(
      `isotherm: ${swapped}: line 2: latDeg: must be at most 90, is 159.9\n`,
    );
    const plain = csv(HEADER, OSLO.replace('https', 'http'));
    expect((await init(plain)).stdout).toContain('warning: sites[0].upstream.baseUrl: plain HTTP');
  });

  test('replaces nothing without --force', async () => {
    const path = csv(HEADER, OSLO);
    const out = join(emptyFolder(), 'mine.json');
    writeFileSync(out, 'mine');
    expect(await inProcess(['init', '--csv', path, '--out', out])).toEqual({
      code: 2,
      stdout: '',
      stderr: `isotherm: ${out}: is there already; --force replaces it\n`,
    });
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect(await inProcess(['init', '--csv', path])).toMatchObject({
      code: 2,
      stderr: 'isotherm: config/fleet.json: is there already; --force replaces it\n',
    });
    expect(await inProcess(['init', '--csv', path, '--out', out, '--force'])).toMatchObject({
      code: 0,
    });
    expect((await readFleetFile(out)).sites).toHaveLength(1);
  });
});

describe('isotherm init', () => {
  test('asks, asks again where an answer will not do, and falls back on what is known', async () => {
    const out = join(emptyFolder(), 'asked.json');
    const lima = ['Lima', '-12.05', '-770', '-77.04', 'America/Lima', 'https://lima.example', ''];
    const { code, stderr } = await answered(
      ['--out', out, '--model', 'llm'],
      [
        ...lima,
        ...['', '3', 'dear', '0.2', '', '', '', '0.2', '23', '17', 'y'],
        ...['Hobart', '-42.88', '147.33', 'Australia/Hobart', 'https://h.example', 'own', ''],
        ...['2', '0.15', 'adiabatic', '250000', '', 'y'],
        // What is often alike is as at the site before.
        ...['Hobart East', '-42.9', '147.4', '', 'https://e.example', ...Array(7).fill(''), 'n'],
      ],
    );
    expect(stderr).toContain('lonDeg: must be at least -180, is -770');
    expect(stderr).toContain('tariff: is "dear", expected 0.21');
    expect(code).toBe(0);
    const fleet = await readFleetFile(out);
    expect(fleet.sites.map((s) => [s.id, s.gridRegion, s.hardware.profile])).toEqual([
      ['lima', 'LIMA', 'h100-tp8'],
      ['hobart', 'TAS1', 'h100-tp8'],
      ['hobart-east', 'TAS1', 'h100-tp8'],
    ]);
    for (const site of fleet.sites.slice(1)) {
      expect(site).toMatchObject({
        timeZone: 'Australia/Hobart',
        upstream: { models: { llm: 'own' } },
        hardware: { servers: 2 },
        cost: { cooling: { kind: 'adiabatic' }, tariff: { kind: 'flat', rateAudPerKwh: 0.15 } },
      });
    }
    expect(fleet.sites[1]).not.toHaveProperty('climate');
    expect(fleet.zones.map((z) => z.population)).toEqual([1_000_000, 250_000, 1_000_000]);
  });

  test('asks for a site again whose coordinates are swapped, unless they are meant', async () => {
    const out = join(emptyFolder(), 'asked.json');
    const bonn = (lat: string, lon: string) =>
      [
        'Bonn',
        lat,
        lon,
        'Europe/Berlin',
        'https://bonn.example',
        '',
        '',
        '3',
        '0.2',
        '',
        '',
        '',
      ].concat(['0.35', '3', '20']);
    const { code, stderr } = await answered(
      ['--out', out],
      [...bonn('7.1', '50.73'), 'n', ...bonn('50.73', '7.1'), 'n'],
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/latDeg 7\.1 and lonDeg 50\.73 look swapped: .*Keep it as it is\?/s);
    const { sites } = await readFleetFile(out);
    expect(sites.map((s) => [s.latDeg, s.lonDeg])).toEqual([[50.73, 7.1]]);
  });

  test('says which question nobody answered', async () => {
    const out = join(emptyFolder(), 'asked.json');
    const { code, stderr } = await answered(['--out', out], ['Lima']);
    expect(code).toBe(2);
    expect(stderr).toContain('no answer to "latitude in degrees, south is negative:"; --csv');
  });
});

test('a project gets all that follows from its registry, and its coordinator a place', async () => {
  const root = emptyFolder();
  copyFileSync(projectPath('wrangler.toml'), join(root, 'wrangler.toml'));
  const path = csv(HEADER, OSLO, BONN);
  await inProcess(['init', '--csv', path, '--out', `${path}.json`]);
  const fleet = await readFleetFile(`${path}.json`);
  const written = await writeProject(fleet, registryText(fleet), root);
  expect(written).toContain('config/fleet.json');
  expect(
    fleetSchema.parse(JSON.parse(readFileSync(join(root, 'config/fleet.json'), 'utf8'))),
  ).toEqual(fleet);
  for (const { path, found, wanted } of await generatedFiles(fleet, root)) {
    expect(found, path).toBe(wanted);
    expect(written).toContain(path);
  }
  const toml = readFileSync(join(root, 'wrangler.toml'), 'utf8');
  expect(toml).toMatch(/^COORDINATOR_LOCATION = "weur"$/m);
  expect(toml).toContain('service = "isotherm-site-bonn"');
  expect(readFileSync(join(root, '.dev.vars.example'), 'utf8')).toContain('UPSTREAM_KEY_BONN');
});

test('nothing is written where a part cannot be made', async () => {
  const root = emptyFolder();
  mkdirSync(join(root, 'config'));
  writeFileSync(join(root, 'config/fleet.json'), 'mine');
  const fleet = await readFleetFile();
  await expect(writeProject(fleet, registryText(fleet), root)).rejects.toThrow(/wrangler\.toml/);
  expect(readFileSync(join(root, 'config/fleet.json'), 'utf8')).toBe('mine');
});
