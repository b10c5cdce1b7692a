import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import fleet from '../../config/fleet.json' with { type: 'json' };
import { plantedFleet } from '../core/support/planted.ts';
import { dataFolder } from './support/data.ts';
import { emptyFolder, inProcess, isotherm } from './support/run.ts';

async function planJson(...args: string[]) {
  const { code, stdout, stderr } = await inProcess(['plan', '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

vi.setConfig({ testTimeout: 60_000 });

describe('isotherm plan', () => {
  it('plans the coming day from embedded data', async () => {
    const before = Date.now();
    const plan = await planJson();
    expect(plan).toMatchObject({
      schemaVersion: 1,
      fleet: fleet.name,
      slotHours: 1,
      slots: 24,
      mode: 'learned',
      stopReason: 'gap',
      unservedShare: 0,
    });
    const startMs = Date.parse(plan.startUtc);
    expect(startMs % 3_600_000).toBe(0);
    expect(startMs).toBeGreaterThan(before - 3_600_000);
    expect(startMs).toBeLessThanOrEqual(Date.now());
    expect(plan.gap).toBeLessThanOrEqual(0.001);
    expect(plan.lowerBoundAud).toBeLessThanOrEqual(plan.objectiveAud);
    expect(plan.rounds).toBe(plan.roundLog.length);
    expect(plan.nearestShare).toBeGreaterThan(0);
    expect(plan.nearestShare).toBeLessThanOrEqual(1);
    expect(plan.sites.map((s: { site: string }) => s.site)).toEqual(fleet.sites.map((s) => s.id));
    const shares = plan.sites.map((s: { share: number }) => s.share);
    expect(shares.reduce((a: number, b: number) => a + b)).toBeCloseTo(1, 9);
    for (const site of plan.sites) {
      expect(site.ppue).toBeGreaterThanOrEqual(1);
      expect(site.tempC).toBeGreaterThan(-10);
      expect(site.utilisation).toBeGreaterThanOrEqual(0);
      expect(site.utilisation).toBeLessThanOrEqual(0.98);
    }
    expect(plan.sources).toHaveLength(fleet.sites.length);
  });

  it('says which zones waiting takes beyond the limit of fairness, and no others', async () => {
    const file = join(emptyFolder(), 'fleet.json');
    const sites = fleet.sites.map((s) => {
      const servers = Math.max(1, Math.floor(s.hardware.servers * 0.55));
      return { ...s, hardware: { ...s.hardware, servers } };
    });
    const wordsOf = async (maxExtraTtftMs: number) => {
      writeFileSync(file, JSON.stringify({ ...fleet, sites, fairness: { maxExtraTtftMs } }));
      const of = ['--fleet', file, '--at', '2026-01-15'];
      const { stdout } = await inProcess(['plan', ...of]);
      const words = stdout
        .replace(/\s+/g, ' ')
        .match(/FAIRNESS: .* over the nearest site of ([^.]*\.[^A-Z]*)/);
      return { named: words?.[1], zones: (await planJson(...of)).zones };
    };
    const { named, zones } = await wordsOf(500);
    const extraMs = (z: { ttftMeanMs: number; nearestTtftMs: number }) =>
      z.ttftMeanMs - z.nearestTtftMs;
    const beyond = zones.filter((z: Parameters<typeof extraMs>[0]) => extraMs(z) > 500);
    expect(beyond.length).toBeGreaterThan(0);
    expect(beyond.length).toBeLessThan(zones.length);
    for (const z of zones) expect(named?.includes(`${z.zone} by`)).toBe(beyond.includes(z));
    expect((await wordsOf(2000)).named).toBeUndefined();
  });

  it('keeps a budget in a fleet with plants, as the ledger of their operation says', async () => {
    const file = join(emptyFolder(), 'fleet.json');
    writeFileSync(file, JSON.stringify(plantedFleet()));
    const of = ['--fleet', file, '--at', '2026-01-15', '--slots', '6', '--gap', '0.005'];
    const free = await planJson(...of);
    // Plants that gave something are told of in words, others are not.
    const { stdout } = await inProcess(['plan', ...of]);
    const used = free.sites.filter((s: { solarKwh: number }) => s.solarKwh >= 0.5);
    expect(used.length).toBeGreaterThan(0);
    for (const { site, solarKwh } of used) {
      const told = `${site}: ${Math.round(solarKwh).toLocaleString('en')} kWh of its solar power`;
      expect(stdout.replace(/\s+/g, ' ')).toContain(told);
    }
    const lines = stdout.match(/kWh of its solar power used/g);
    expect(lines).toHaveLength(used.length);
    const limit = 0.97 * free.carbonKg;
    const kept = await planJson(...of, '--carbon-budget', `${limit}`);
    expect(kept.gap).toBeLessThanOrEqual(0.005);
    expect(kept.budgets[0]).toMatchObject({ of: 'carbonKg', missedBy: 0 });
    expect(kept.carbonKg).toBeLessThanOrEqual(limit * (1 + 1e-5));
    expect(kept.carbonKg / kept.budgets[0].amount).toBeCloseTo(1, 5);
    expect(kept.objectiveAud).toBeGreaterThan(free.lowerBoundAud);
  });

  it('keeps a budget at least cost, and never misses one in silence', async () => {
    const at = ['--at', '2026-01-15', '--slots', '3', '--gap', '0.005'];
    const free = await planJson(...at);
    expect(free.budgets).toBeUndefined();
    const kept = await planJson(...at, '--carbon-budget', '340');
    expect(kept.budgets[0]).toMatchObject({ of: 'carbonKg', limit: 340, missedBy: 0 });
    expect(kept.budgets[0].shadowPrice).toBeGreaterThan(0);
    expect(kept.objectiveAud).toBeGreaterThan(free.objectiveAud);
    expect(kept.gap).toBeLessThanOrEqual(0.005);
    const shadow = Number(kept.budgets[0].shadowPrice.toPrecision(2)).toLocaleString('en');
    const told = await inProcess(['plan', ...at, '--carbon-budget', '340']);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout.replace(/\s+/g, ' ')).toContain(
      `; shadow price about ${shadow} AUD/t above`,
    );
    const { code, stdout, stderr } = await inProcess(['plan', ...at, '--carbon-budget', '100']);
    expect(code).toBe(1);
    const least = /BUDGET MISSED: ([\d.]+) of/.exec(stdout)?.[1];
    expect(stderr).toBe(
      `isotherm: the budget of carbon is missed: 100.0 kg asked for, ${least} kg the least reached\n`,
    );
    expect(stdout).toMatch(/BUDGET MISSED: [\d.]+ of 100.0 kg of carbon, [\d.]+ kg too much/);
    expect(stdout.split('\n')[1]).toMatch(/^BUDGET MISSED: [\d.]+ of 100.0 kg of carbon/);
    for (const format of ['--json', '--trace-csv=-']) {
      const other = await inProcess(['plan', ...at, '--water-budget', '1', format]);
      expect(other.code).toBe(1);
      expect(other.stderr).toMatch(/the budget of water is missed: 1\.0 L asked for, [\d.]+ L/);
      expect(other.stdout).toMatch(format === '--json' ? /"missedBy": [1-9]/ : /^round,/);
    }
    const wrong = await inProcess(['plan', '--water-budget', '-3']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/--water-budget/);
  });

  it('limits rises over an earlier plan to what the registry allows', async () => {
    const dir = emptyFolder();
    const [previous, registry] = [join(dir, 'previous.json'), join(dir, 'fleet.json')];
    writeFileSync(registry, JSON.stringify({ ...fleet, ramp: { maxRisePerPlan: 0.02 } }));
    const at = ['--at', '2026-01-15', '--slots', '2'];
    const before = await planJson(...at, '--fleet', registry);
    writeFileSync(previous, JSON.stringify(before));
    // Another cooling model, so that the free plan is another.
    const limited = ['--fleet', registry, '--previous', previous, '--cooling', 'adiabatic'];
    const after = await planJson(...at, ...limited);
    expect(after.rampRelaxedSlots).toEqual([]);
    for (const [t, { sites }] of after.loads.entries()) {
      for (const site of fleet.sites) {
        const most = 0.02 * 0.85 * site.hardware.servers;
        expect(sites[site.id]).toBeLessThanOrEqual(before.loads[t].sites[site.id] + most + 1e-6);
      }
    }
    const without = await inProcess(['plan', ...at, '--previous', previous]);
    expect(without.code).toBe(2);
    expect(without.stderr).toMatch(/ramp\.maxRisePerPlan/);
    writeFileSync(previous, '{}');
    const bad = await inProcess(['plan', ...at, ...limited]);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(/startUtc/);
  });

  it('shows its rounds: bounds, gap, residuals, who answered', async () => {
    const sites = fleet.sites.map((s) => s.id);
    const at = ['plan', '--at', '2026-07-01', '--mode', 'classic', '--gap', '0.01'];
    const { stdout } = await inProcess([...at, '--trace']);
    expect(stdout).toMatch(/^round +mode +objective +lower bound +gap +primal +dual +median ρ/m);
    const row = /^ +2 +classic( +[\d.,]+){3} %( +\d\.\de-?\d){3} +14 +\d+ +\d+\.\d +([a-z-]+)$/m;
    expect(sites).toContain(row.exec(stdout)?.[3]);
    const csv = (await inProcess([...at, '--trace-csv', '-'])).stdout.trim().split('\n');
    expect(csv[0]).toBe(
      'round,mode,objectiveAud,lowerBoundAud,gap,primalResidual,dualResidual,penalty,answered,missing,wallMs,slowestMs,slowestSite,siteMs',
    );
    // Who answered, each with its time; the slowest among them.
    for (const line of csv.slice(1)) {
      const cells = line.split(',');
      const timed = Object.fromEntries((cells[13] as string).split('; ').map((s) => s.split(': ')));
      expect(Object.keys(timed)).toEqual(sites);
      expect(timed[cells[12] as string]).toBe(cells[11]);
      expect(Math.max(...Object.values(timed).map(Number))).toBe(Number(cells[11]));
    }
    const plan = await planJson(...at.slice(1));
    expect(csv).toHaveLength(plan.rounds + 1);
    const gaps = csv.slice(1).map((line) => Number(line.split(',')[4]));
    expect(gaps).toEqual(plan.roundLog.map((r: { gap: number }) => r.gap));
    // Residuals end smaller than they began.
    const primal = plan.roundLog.map((r: { primalResidual?: number }) => r.primalResidual);
    expect(primal.at(-2)).toBeLessThan(primal[1]);
    expect(primal.at(-1)).toBeUndefined();
  });

  it('is proven in one round by bids, and costs what the other modes find', async () => {
    const at = ['--at', '2026-07-01'];
    const supply = await planJson(...at, '--mode', 'supply');
    expect(supply).toMatchObject({ rounds: 1, stopReason: 'gap', mode: 'supply' });
    const learned = await planJson(...at, '--gap', '1e-6');
    expect(supply.objectiveAud / learned.objectiveAud - 1).toBeLessThan(1e-3);
    expect(supply.lowerBoundAud).toBeLessThanOrEqual(learned.objectiveAud);
  });

  it('reaches the same objective in both modes, within their gaps', async () => {
    const at = ['--at', '2026-07-01T05:30Z'];
    const learned = await planJson(...at);
    const classic = await planJson(...at, '--mode', 'classic');
    expect(learned.startUtc).toBe('2026-07-01T05:00:00.000Z');
    expect(learned.notes[0]).toBe(
      'plans begin with an hour: --at 2026-07-01T05:30Z is in that of 2026-07-01T05:00Z',
    );
    expect(classic.mode).toBe('classic');
    expect(classic.gap).toBeLessThanOrEqual(0.001);
    expect(Math.abs(classic.objectiveAud / learned.objectiveAud - 1)).toBeLessThan(0.002);
  });

  it('takes a time with its offset from UTC', async () => {
    const plan = await planJson('--at', '2026-07-01T13:00+10:00', '--slots', '1');
    expect(plan.startUtc).toBe('2026-07-01T03:00:00.000Z');
    expect(plan.notes.join('\n')).not.toContain('plans begin');
  });

  it('needs series or figures for a region of the user’s own', async () => {
    const own = structuredClone(fleet);
    own.sites[2]!.gridRegion = 'NZ';
    const path = join(emptyFolder(), 'own.json');
    writeFileSync(path, JSON.stringify(own));
    expect(await inProcess(['plan', '--fleet', path])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'isotherm: --fleet: sites[2].gridRegion: the embedded feeds do not know "NZ", and ' +
        'the site has no "grid" of its own; with --data its series would do\n',
    });
    Object.assign(own.sites[2]!, { grid: { carbonKgPerKwh: 0.1 } });
    writeFileSync(path, JSON.stringify(own));
    const { code, stdout } = await inProcess(['plan', '--fleet', path, '--slots', '1', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).notes).toContain(
      'carbon is a placeholder, the annual mean that the registry gives, at brisbane',
    );
  });

  it('shows sites, certificate and placeholders', async () => {
    const { code, stdout, stderr } = await isotherm(['plan', '--at', '2026-07-01']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Plan of .* for 24 hours from 2026-07-01T00:00Z\n/);
    expect(stdout).toMatch(/^site +share +temp +pPUE +utilisation +price +carbon$/m);
    expect(stdout).toMatch(/^ +% +°C +% +AUD\/kWh +kg\/kWh$/m);
    for (const site of fleet.sites) expect(stdout).toMatch(new RegExp(`^${site.id} +\\d`, 'm'));
    expect(stdout).toMatch(/^objective +[\d,]+\.\d\d AUD$/m);
    expect(stdout).toMatch(/^lower bound +[\d,]+\.\d\d AUD/m);
    expect(stdout).toMatch(/^gap .*was reached after \d+ rounds? /m);
    expect(stdout).toMatch(/^- carbon is a placeholder, NGA 2024.*brisbane/m);
    expect(stdout).toMatch(/^- water is a placeholder/m);
    expect(stdout).not.toContain('UNSERVED');
  });

  it('says when it stopped short of the gap', async () => {
    const args = ['--mode', 'classic', '--max-rounds', '2', '--gap', '1e-6', '--slots', '2'];
    expect(await planJson(...args)).toMatchObject({ stopReason: 'rounds', rounds: 2, slots: 2 });
    const { code, stdout } = await inProcess(['plan', ...args]);
    expect(code).toBe(0);
    expect(stdout).toContain('STOPPED at the limit of 2 rounds');
  });

  it('plans on real series, without the sites that have no weather', async () => {
    const data = dataFolder();
    const plan = await planJson('--data', data, '--at', '2022-01-24');
    expect(plan.sites.map((s: { site: string }) => s.site)).toEqual([
      'sydney',
      'melbourne',
      'hobart',
    ]);
    expect(plan.notes.join('\n')).toMatch(/left out, no weather series: sites and zones .*perth/);
    expect(plan.sources[0].weather.source).toBe('weather_sydney_2022.csv');
    expect(plan.sources[0].price.source).toBe('contract tariff');
    const onSpot = await planJson('--data', data, '--at', '2022-01-24', '--tariff', 'spot');
    expect(onSpot.sources[0].price.source).toBe('wholesale series');
  });

  it('puts tariff and cooling over every site', async () => {
    const plan = await planJson('--tariff', 'spot', '--cooling', '{"kind":"fixed","ppue":1.3}');
    for (const site of plan.sites) expect(site.ppue).toBeCloseTo(1.3, 9);
    expect(plan.notes.join('\n')).toContain('no wholesale prices are embedded');
  });

  it('reports demand that nobody can serve', async () => {
    const tooSmall = structuredClone(fleet);
    tooSmall.sites = tooSmall.sites.slice(0, 1);
    const path = join(emptyFolder(), 'small.json');
    writeFileSync(path, JSON.stringify(tooSmall));
    const of = ['--fleet', path, '--at', '2026-01-15', '--slots', '3'];
    const plan = await planJson(...of);
    expect(plan.unservedShare).toBeGreaterThan(0.1);
    const { stdout } = await inProcess(['plan', ...of]);
    expect(stdout).toMatch(/^UNSERVED: [\d,]+ requests \(\d+\.\d+ %\)/m);
  });

  it.each([
    [['--data', emptyFolder()], '--data: needs --at'],
    [['--data', 'nowhere', '--at', '2022-01-24'], '--data: "nowhere" is not a folder'],
    [['--data', emptyFolder(), '--at', '2022-01-24'], 'has no weather for any site'],
  ])('%j is bad input', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(['plan', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^isotherm: .*\n$/);
    expect(stderr).toContain(message);
  });

  it('names one fault of a bad registry, and how many more there are', async () => {
    const path = join(emptyFolder(), 'bad.json');
    writeFileSync(path, '{"schemaVersion":1}');
    const { code, stderr } = await inProcess(['plan', '--fleet', path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/bad\.json: name: .* \(and 5 more; "isotherm sites validate" lists/);
    expect(stderr).toMatch(/^isotherm: .*\n$/);
  });
});
