import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import fleet from '../../config/fleet.json' with { type: 'json' };
import { projectPath } from '../../src/local/bundle.ts';
import { fleetWithDigest } from '../core/support/fleets.ts';
import { dataFolder } from './support/data.ts';
import { emptyFolder, inProcess, isotherm } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

const data = dataFolder();
const span = ['--data', data, '--from', '2022-01-24', '--to', '2022-01-26'];

async function simulationJson(...args: string[]) {
  const { code, stdout, stderr } = await inProcess(['simulate', '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('isotherm simulate', () => {
  it('charges every policy for the same demand, and isotherm least', async () => {
    const report = await simulationJson(...span);
    expect(report).toMatchObject({
      schemaVersion: 1,
      fleet: fleet.name,
      span: { fromUtc: '2022-01-24T00:00:00.000Z', toUtc: '2022-01-26T00:00:00.000Z', hours: 48 },
      options: { mode: 'learned', gapTarget: 0.00001 },
    });
    expect(report.policies.map((p: { policy: string }) => p.policy)).toEqual([
      'isotherm',
      'fixed-ppue',
      'nearest',
      'cheapest',
      'cleanest',
      'spread',
      'static-best-site',
      'slit-like',
      'green-llm-like',
      'xu-unaware',
      'xu-joint',
    ]);
    const [isothermResult, ...others] = report.policies;
    for (const field of [
      'objectiveAud',
      'energyCostAud',
      'facilityKwh',
      'coolingKwh',
      'carbonKg',
      'waterL',
      'ttftMeanMs',
      'ttftP95Ms',
      'sloViolationShare',
    ]) {
      for (const policy of report.policies) expect(policy[field]).toBeTypeOf('number');
    }
    for (const other of others) {
      expect(other.requests).toBeCloseTo(isothermResult.requests, 3);
      expect(other.objectiveAud).toBeGreaterThan(isothermResult.objectiveAud * (1 - 0.001));
    }
    expect(report.isothermAgainst).toHaveLength(10);
    expect(report.notes.join('\n')).toMatch(/left out, no weather series: sites and zones .*perth/);
    expect(report.sources.map((s: { site: string }) => s.site)).toEqual([
      'sydney',
      'melbourne',
      'hobart',
    ]);
  });

  it('plans anew every hour, which changes nothing where hours do not depend on one another', async () => {
    const few = [...span, '--policies', 'isotherm,nearest'];
    const hourly = await simulationJson(...few, '--hourly', '--threads', '1');
    const daily = await simulationJson(...few);
    expect([hourly.options.replanned, daily.options.replanned]).toEqual(['hourly', 'daily']);
    expect(hourly.repeatWith).toMatch(/ --hourly$/);
    expect(hourly.notes.join('\n')).toContain('plans anew every hour');
    hourly.policies.forEach((p: { objectiveAud: number; energyCostAud: number }, n: number) => {
      expect(p.objectiveAud / daily.policies[n].objectiveAud).toBeCloseTo(1, 4);
      expect(p.energyCostAud / daily.policies[n].energyCostAud).toBeCloseTo(1, 3);
    });
  });

  it('carries no work from plan to plan, and says so', async () => {
    const file = join(emptyFolder(), 'fleet.json');
    writeFileSync(file, JSON.stringify(fleetWithDigest()));
    const { code, stderr } = await inProcess(['simulate', ...span, '--hourly', '--fleet', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('--hourly: class "digest" may wait');
  });

  it('says whose data a folder holds and under what terms, as does a plan from it', async () => {
    const dir = dataFolder();
    const terms =
      'Weather data by Open-Meteo.com, CC BY 4.0. climate.json: Bureau of Meteorology.\n';
    writeFileSync(join(dir, 'SOURCES.md'), terms);
    const few = ['--from', '2022-01-24', '--to', '2022-01-25', '--policies', 'nearest'];
    const report = await simulationJson('--data', dir, ...few);
    const plan = await inProcess(['plan', '--data', dir, '--at', '2022-01-24', '--json']);
    for (const { notes } of [report, JSON.parse(plan.stdout)]) {
      const credits = notes.filter((note: string) => note.startsWith('data: '));
      expect(credits).toEqual([
        'data: Weather data by Open-Meteo.com (CC BY 4.0; the free service is for non-commercial use)',
      ]);
    }
  });

  it('agrees with the plan of the same day, certificate included', async () => {
    const day = ['--data', data, '--from', '2022-01-24', '--to', '2022-01-25'];
    const report = await simulationJson(...day, '--policies', 'isotherm');
    const { stdout } = await inProcess([
      'plan',
      '--gap',
      '1e-5',
      '--data',
      data,
      '--at',
      '2022-01-24',
      '--json',
    ]);
    const plan = JSON.parse(stdout);
    expect(report.policies[0].objectiveAud / plan.objectiveAud).toBeCloseTo(1, 9);
    expect(report.policies[0].maxGap).toBe(plan.gap);
    expect(report.policies[0].sites).toEqual(plan.sites);
  });

  it('shows a table with units, differences, verdicts, notes and how to repeat it', async () => {
    const cwd = projectPath('.');
    const { code, stdout, stderr } = await isotherm(['simulate', ...span], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /3 sites, 2022-01-24T00:00Z to 2022-01-26T00:00Z \(exclusive\), 48 hours/,
    );
    expect(stdout).toMatch(
      /^policy +objective +energy +facility +cooling +carbon +water +TTFT mean/m,
    );
    expect(stdout).toMatch(/^ +AUD +AUD +kWh +kWh +kg +L +ms +ms +%$/m);
    expect(stdout).toMatch(/^fixed-ppue( +[-\d.,]+){9}$/m);
    expect(stdout).toMatch(/^isotherm against +objective +cooling energy$/m);
    expect(stdout).toMatch(/^fixed-ppue +[-+]?\d+\.\d\d +[-+]?\d+\.\d\d$/m);
    const text = stdout.replaceAll('\n', ' ');
    expect(text).toMatch(/blind to temperature \(fixed-ppue\), isotherm has .* cooling energy/);
    expect(text).toMatch(/against the nearest site, isotherm has .* cooling energy/);
    expect(stdout).toMatch(/^- left out, no weather series/m);
    expect(stdout).toContain('No random numbers');
    expect(stdout).toContain(
      `npx isotherm simulate --data ${data} --from 2022-01-24 --to 2022-01-26`,
    );
    expect((await inProcess(['simulate', ...span])).stdout).toBe(stdout);
  });

  it('simulates the policies asked for, and compares only with isotherm among them', async () => {
    const report = await simulationJson(...span, '--policies', 'spread, nearest,spread');
    expect(report.policies.map((p: { policy: string }) => p.policy)).toEqual(['spread', 'nearest']);
    expect(report.isothermAgainst).toEqual([]);
  });

  it('puts tariff and cooling over every site', async () => {
    const args = ['--policies', 'nearest', '--tariff', 'spot'];
    const cooling = '{"kind":"fixed","ppue":1.3}';
    const report = await simulationJson(...span, ...args, '--cooling', cooling);
    expect(report.options).toMatchObject({ tariff: 'spot', cooling });
    const [nearest] = report.policies;
    expect(nearest.coolingKwh / nearest.itKwh).toBeCloseTo(0.3, 9);
    expect(nearest.sites[0].energyAudPerKwh).toBeCloseTo(0.09, 2);
    expect(report.repeatWith).toContain(`--tariff spot --cooling '${cooling}'`);
  });

  it('writes CSV, with units in the names of the columns', async () => {
    const file = join(emptyFolder(), 'out.csv');
    const args = ['simulate', ...span, '--policies', 'isotherm,nearest', '--csv'];
    const { code, stdout } = await inProcess([...args, file]);
    expect(code).toBe(0);
    expect(stdout).toContain('Backtest of');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toMatch(/^policy,objective_aud,energy_cost_aud,facility_kwh,cooling_kwh,/);
    expect(lines.map((l) => l.split(',')[0])).toEqual(['policy', 'isotherm', 'nearest']);
    expect(new Set(lines.map((l) => l.split(',').length)).size).toBe(1);
    expect((await inProcess([...args, '-'])).stdout).toBe(`${lines.join('\n')}\n`);
  });

  it('reports progress in lines when asked to', async () => {
    const { stderr } = await inProcess([
      'simulate',
      ...span,
      '--policies',
      'nearest',
      '--progress',
    ]);
    expect(stderr).toBe('50 % (nearest)\n100 % (nearest)\n');
  });

  it.each([
    [['--from', '24.01.2022', '--to', '2022-01-26'], '--from: "24.01.2022" is not a date'],
    [['--from', '2022-01-24', '--to', '2022-13-01'], '--to: "2022-13-01" is not a date'],
    [['--from', '2022-01-24T00:30Z', '--to', '2022-01-26'], 'is not a full hour'],
    [['--from', '2022-01-24', '--to', '2022-01-24'], '--to: "2022-01-24" is not after --from'],
    [['--from', '2022-01-24', '--to', '2222-01-24'], '--to: the span is'],
    [['--from', '2031-01-24', '--to', '2031-01-25'], 'has no weather for any site'],
    [
      ['--from', '2022-01-26', '--to', '2022-01-28'],
      'lacks 24 of 48 h of 2022-01-26T00:00Z to 2022-01-28T00:00Z; ' +
        'it has weather from 2022-01-24T00:00Z to 2022-01-27T00:00Z',
    ],
    [['--from', '2022-01-24', '--to', '2022-01-25', '--policies', 'luck'], '"luck" is no policy'],
    [['--from', '2022-01-24', '--to', '2022-01-25', '--policies', ''], '"" is no policy'],
    [['--from', '2022-01-24', '--to', '2022-01-25', '--csv', 'no/x.csv'], 'cannot be written'],
    [['--from', '2022-01-24', '--to', '2022-01-25', '--csv', 'x', '--json'], 'cannot be used with'],
  ])('%j is bad input', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(['simulate', '--data', data, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^isotherm: .*\n$/);
    expect(stderr).toContain(message);
  });

  it.each([
    ['warm', /weather_sydney_2022\.csv: line 7: temp_c is "warm", expected a number/],
    [
      '99',
      /--data: ".*" holds nonsense: sydney\.tempC at 2022-01-24T05:00Z: 99, expected -60 to 60/,
    ],
  ])('refuses a temperature of %s in one line', async (spoiltTemp, message) => {
    const dir = dataFolder({ spoiltTemp });
    const args = ['--data', dir, '--from', '2022-01-24', '--to', '2022-01-25'];
    const { code, stdout, stderr } = await inProcess(['simulate', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^isotherm: .*\n$/);
    expect(stderr).toMatch(message);
  });

  it('says so when sites have weather but no zone does', async () => {
    const elsewhere = structuredClone(fleet);
    elsewhere.zones = elsewhere.zones.map((zone) => ({ ...zone, id: `zone-${zone.id}` }));
    const path = join(emptyFolder(), 'fleet.json');
    writeFileSync(path, JSON.stringify(elsewhere));
    const { code, stderr } = await inProcess(['simulate', ...span, '--fleet', path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^isotherm: --data: .* for no zone; .*\n$/);
  });
});
