import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import fleet from '../../config/fleet.json' with { type: 'json' };
import { defaultFleetPath } from '../../src/local/fleet-file.ts';
import { emptyFolder, inProcess, isotherm } from './support/run.ts';

/** biome-ignore lint/suspicious/noExplicitAny: registries are spoilt beyond their type here */
type Spoil = (registry: any) => void;

function file(text: string): string {
  const path = join(emptyFolder(), 'sites.json');
  writeFileSync(path, text);
  return path;
}

function spoilt(spoil: Spoil): string {
  const registry = structuredClone(fleet);
  spoil(registry);
  return file(JSON.stringify(registry));
}

/** Lines of the report without the file's name. */
async function faults(path: string): Promise<string[]> {
  const { code, stdout, stderr } = await inProcess(['sites', 'validate', path]);
  const lines = stdout.trimEnd().split('\n');
  expect(code).toBe(1);
  const noun = lines.length === 1 ? 'fault' : 'faults';
  expect(stderr).toBe(`isotherm: ${path}: ${lines.length} ${noun}\n`);
  for (const line of lines) expect(line.startsWith(`${path}: `)).toBe(true);
  return lines.map((line) => line.slice(path.length + 2));
}

vi.setConfig({ testTimeout: 60_000 });

describe('isotherm sites validate', () => {
  it("sums up the package's own registry", async () => {
    const { code, stdout, stderr } = await isotherm(['sites', 'validate', defaultFleetPath]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const servers = fleet.sites.reduce((sum, s) => sum + s.hardware.servers, 0);
    expect(stdout).toBe(
      `${defaultFleetPath}: valid, "${fleet.name}": ${fleet.sites.length} sites, ` +
        `${fleet.zones.length} zones, ${fleet.classes.length} classes, ${servers} servers\n`,
    );
  });

  it('does so in JSON', async () => {
    const { code, stdout } = await inProcess(['sites', 'validate', defaultFleetPath, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      valid: true,
      issues: [],
      sites: fleet.sites.length,
    });
  });

  it('warns of carbon feeds that count different things', async () => {
    const path = spoilt((r) => {
      r.feeds = { carbon: { kind: 'electricity-maps', emissionFactors: 'direct' } };
      r.sites[2].feeds = { carbon: { kind: 'watttime' } };
      r.sites[3].feeds = { carbon: { kind: 'open-electricity' } };
    });
    const { code, stdout } = await inProcess(['sites', 'validate', path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /warning: feeds\.carbon: carbon is average direct at some sites, marginal direct at others/,
    );
  });

  it('warns of plain HTTP, which is valid', async () => {
    const path = spoilt((r) => {
      r.sites[2].upstream.baseUrl = 'http://brisbane.example';
    });
    const warning =
      'plain HTTP, which the router refuses unless ALLOW_INSECURE_UPSTREAMS is "true"';
    const { code, stdout, stderr } = await inProcess(['sites', 'validate', path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[1]).toBe(`${path}: warning: sites[2].upstream.baseUrl: ${warning}`);
    const json = await inProcess(['sites', 'validate', path, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: true,
      warnings: [{ path: 'sites[2].upstream.baseUrl', message: warning }],
    });
  });

  it.each([
    ['https://brisbane.example/v1', 'must be without /v1, which the router adds'],
    ['https://brisbane.example/llm/v1/', 'must be without /v1, which the router adds'],
    ['https://me:secret@brisbane.example', 'must be without user, query and fragment'],
    ['HTTPS://me:secret@brisbane.example', 'must be without user, query and fragment'],
    ['https://brisbane.example/?key=1', 'must be without user, query and fragment'],
  ])('refuses %s, to which no path can be appended', async (baseUrl, fault) => {
    const found = await faults(
      spoilt((r) => {
        r.sites[2].upstream.baseUrl = baseUrl;
      }),
    );
    expect(found).toEqual([expect.stringContaining(`sites[2].upstream.baseUrl: ${fault}`)]);
    expect(found[0]).not.toContain('secret');
  });

  it('lists every fault with its path', async () => {
    const path = spoilt((r) => {
      r.sites[3].cost.cooling = { kind: 'fixed', ppue: 0.9 };
      r.sites[5].latDeg = 'south';
      r.zones[2].timeZone = 'Australia/Brisbame';
      r.prices.surprise = 1;
      r.sites[1].climateStation = 'Atlantis';
    });
    const found = await faults(path);
    expect(found).toHaveLength(5);
    for (const start of [
      'prices: ',
      'zones[2].timeZone: must be an IANA time zone such as Europe/Oslo, is "Australia/Brisbame"',
      'sites[3].cost.cooling.ppue: must be at least 1, is 0.9',
      'sites[5].latDeg: must be a number, is "south"',
      'sites[1].climateStation: the embedded feeds do not know "Atlantis"',
    ]) {
      expect(found.filter((line) => line.startsWith(start))).toHaveLength(1);
    }
    const { code, stdout, stderr } = await inProcess(['sites', 'validate', path, '--json']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `isotherm: ${path}: 5 faults\n` });
    const report = JSON.parse(stdout);
    expect(report.valid).toBe(false);
    expect(report.issues).toHaveLength(5);
    expect(report.issues[0]).toEqual({
      path: expect.any(String),
      message: expect.any(String),
    });
  });

  it.each<[string, Spoil, string]>([
    ['an id used twice', (r) => (r.sites[1].id = 'sydney'), 'sites[1].id: "sydney" is used twice'],
    [
      'a residency rule for a site that is not there',
      (r) => (r.zones[0].allowedSites = ['sydney', 'paris']),
      'zones[0].allowedSites[1]: "paris" is not a site of this fleet',
    ],
    [
      'an unknown grid region',
      (r) => (r.sites[2].gridRegion = 'NZ'),
      'sites[2].gridRegion: the embedded feeds do not know "NZ"',
    ],
    [
      'a site too large for its variable',
      (r) => {
        const points = Array.from({ length: 150 }, (_, i) => ({ tempC: i / 3, ppue: 1.2345678 }));
        r.sites[4].cost.cooling = { kind: 'table', points };
      },
      'sites[4]: variable SITE_ADELAIDE takes ',
    ],
    [
      'classes too large for their variable, once',
      (r) => {
        for (let n = 0; n < 25; n++) {
          const id = `class-${n}`;
          r.classes.push({ ...r.classes[0], id, name: 'x'.repeat(64), model: 'm'.repeat(99) + n });
          r.demand.meanReqPerSPerMillion[id] = 1;
          r.demand.hourlyShape[id] = Array(24).fill(1);
          r.sites[0].upstream.models['m'.repeat(99) + n] = 'm';
        }
      },
      'classes: variable CLASSES takes ',
    ],
  ])('finds %s', async (_, spoil, message) => {
    const found = await faults(spoilt(spoil));
    expect(found.filter((line) => line.startsWith(message))).toHaveLength(1);
  });

  it.each([
    ['{\n  "name": oops\n}', 'line 2, column 11: not JSON: Unexpected token'],
    ['{\n  "a": [1, 2,]\n}', 'line 2, column 14: not JSON: Unexpected token'],
    ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: not JSON: Expected ',' or '}'"],
    ['{\n  "a": 1,\n', 'line 3, column 1: not JSON: '],
    ['', 'line 1, column 1: not JSON: Unexpected end of JSON input'],
    ['{} x', 'line 1, column 4: not JSON: Unexpected non-whitespace character'],
    ['null', '(root): '],
    ['[]', '(root): '],
    ['{"sites":[null]}', 'sites[0]: '],
  ])('places the fault in %j', async (text, message) => {
    const found = await faults(file(text));
    expect(found.filter((line) => line.startsWith(message))).toHaveLength(1);
  });

  it('takes a byte order mark for nothing', async () => {
    const path = file(`\uFEFF${JSON.stringify(fleet)}`);
    expect((await inProcess(['sites', 'validate', path])).code).toBe(0);
  });

  it('does not take a folder for a registry', async () => {
    const folder = emptyFolder();
    expect(await inProcess(['sites', 'validate', folder])).toEqual({
      code: 2,
      stdout: '',
      stderr: `isotherm: ${folder}: is a folder, expected a file\n`,
    });
  });
});
