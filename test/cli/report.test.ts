import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { dataFolder, HOURS } from './support/data.ts';
import { emptyFolder, inProcess } from './support/run.ts';

vi.setConfig({ testTimeout: 120_000 });

const data = dataFolder();
const quick = ['report', '--data', data, '--json', '--resamples', '50', '--every', '1'];

async function report(...args: string[]) {
  const { code, stdout, stderr } = await inProcess([...quick, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('isotherm report', () => {
  it('says the same bytes for the same data and seed, and other intervals for another', async () => {
    // One hour of the three days is another, so that days differ.
    const uneven = dataFolder({ spoiltTemp: '31' });
    const span = ['--data', uneven, '--year', '2022', '--sections', 'leave-outs'];
    const a = await inProcess([...quick, ...span]);
    const b = await inProcess([...quick, ...span]);
    const other = await inProcess([...quick, ...span, '--seed', '2', '--block-days', '1']);
    expect(a.stdout).toBe(b.stdout);
    const [one, two] = [a, other].map(({ stdout }) => JSON.parse(stdout));
    expect(two.evidence.year.rows[1].objectiveAud).toBe(one.evidence.year.rows[1].objectiveAud);
    expect(two.evidence.year.rows[1].against).not.toEqual(one.evidence.year.rows[1].against);
  });

  it('compares all policies over the whole days of a year that there are, month by month', async () => {
    const whole = ['--year', '2022', '--sections', 'none', '--block-days', '1'];
    const { evidence, notes, span } = await report(...whole);
    expect(notes.join('\n')).not.toMatch(/too short/);
    expect(span).toEqual({
      fromUtc: '2022-01-24T00:00:00.000Z',
      toUtc: '2022-01-27T00:00:00.000Z',
      hours: HOURS,
    });
    expect(evidence.days).toBe(3);
    expect(notes.join('\n')).toMatch(/the year is 3 of 365 days, 2022-01-24 to 2022-01-26/);
    const ids = evidence.policies.map((p: { id: string }) => p.id);
    expect(ids).toContain('green-llm-like');
    const row = (id: string) => {
      const { policy: _, ...figures } = evidence.year.rows[ids.indexOf(id)];
      return figures;
    };
    // All four of Xu, Feng and Li; without work that may wait two are the others.
    expect(row('xu-cooling')).toEqual(row('xu-joint'));
    expect(row('xu-capacity')).toEqual(row('xu-unaware'));
    expect(row('xu-joint')).not.toEqual(row('xu-unaware'));
    for (const { table } of [{ table: evidence.year }, ...evidence.months]) {
      expect(table.rows.map((r: { policy: string }) => r.policy)).toEqual(ids);
      for (const row of table.rows.slice(1)) {
        const { value, low, high } = row.against.coolingKwh;
        expect(low).toBeLessThanOrEqual(value + 1e-9);
        expect(high).toBeGreaterThanOrEqual(value - 1e-9);
        expect(row.against.objectiveAud.value).toBeLessThanOrEqual(0.001);
      }
    }
    expect(evidence.months.map((m: { month: string }) => m.month)).toEqual(['2022-01']);
    expect([evidence.map, evidence.levers, evidence.sensitivity]).toEqual([[], [], []]);
  });

  it('fills every section, and what a change takes away is nobody’s gain', async () => {
    const out = join(emptyFolder(), 'report.html');
    const day = ['--from', '2022-01-24', '--to', '2022-01-25', '--out', out];
    const { code, stdout, stderr } = await inProcess([...quick, ...day]);
    expect(code).toBe(0);
    expect(stderr).toContain(`Page written to ${out}\n`);
    const { evidence } = JSON.parse(stdout);
    expect(readFileSync(out, 'utf8')).toMatch(/^<!doctype html>.*<section id="map">.*<\/html>\n$/s);
    expect(evidence.map).toHaveLength(4 * 3 * 2);
    for (const cell of evidence.map) {
      expect(cell.year.joint.objectiveAud.value).toBeLessThanOrEqual(0.001);
      expect(cell.year.awareness.objectiveAud.value).toBeLessThanOrEqual(0.001);
      expect(cell.year.coolest.coolingKwh.value).toBeLessThanOrEqual(0.001);
      expect(Object.keys(cell.bySeason)).toEqual(['summer']);
    }
    for (const row of evidence.ablations) {
      if (row.id === 'always-on-nearest') continue;
      expect(row.change.objectiveAud.value, row.id).toBeGreaterThanOrEqual(-0.001);
    }
    const front = evidence.front.filter(
      (p: { carbonAudPerT?: number }) => p.carbonAudPerT !== undefined,
    );
    for (let n = 1; n < front.length; n++) {
      expect(front[n].carbonKg).toBeLessThanOrEqual(front[n - 1].carbonKg * (1 + 1e-4));
      expect(front[n].otherAud).toBeGreaterThanOrEqual(front[n - 1].otherAud * (1 - 1e-4));
    }
    const twins = evidence.policies.filter((p: { sameAs?: string }) => p.sameAs);
    expect(evidence.caps).toHaveLength(evidence.policies.length - 2 - twins.length);
    const waiting = evidence.waiting.rows.filter((r: { policy: string }) => /^xu/.test(r.policy));
    const costs = waiting.map((r: { objectiveAud: number }) => r.objectiveAud);
    expect(new Set(costs).size).toBe(4);
    expect(Math.min(...costs)).toBeGreaterThan(evidence.waiting.rows[0].objectiveAud);
    for (const row of evidence.caps) {
      expect([1, 0.9, 0.8, 0.7, 0.6]).toContain(row.share);
      expect(row.against.objectiveAud.value, row.policy).toBeLessThanOrEqual(0.001);
    }
    expect(evidence.leaveOuts.map((r: { tariff: string }) => r.tariff)).toEqual([
      'own',
      'own',
      'spot',
      'spot',
    ]);
    expect(evidence.sensitivity.length).toBeGreaterThan(30);
    expect(evidence.notShown.map((n: { title: string }) => n.title)).toEqual([
      'a marginal series',
      'a marginal series, planned by averages',
    ]);
    const carbon = (title: string) =>
      evidence.sensitivity.find((r: { title: string }) => r.title === title);
    // Where place does not change what a kWh emits, carbon is saved as energy is, in a day of hours alike.
    const alike = carbon('the same everywhere');
    expect(alike.objectiveAud).toBeLessThanOrEqual(
      carbon('the same everywhere, planned by averages').objectiveAud * (1 + 1e-5),
    );
    expect(Math.abs(alike.joint.carbonKg.value - alike.joint.facilityKwh.value)).toBeLessThan(0.5);
    expect(Math.abs(alike.joint.carbonKg.value)).toBeLessThan(
      0.5 * Math.abs(carbon('the registry').joint.carbonKg.value),
    );
    const waits = evidence.levers.filter((r: { lever: string }) => /may wait/.test(r.lever));
    expect(waits).toHaveLength(6);
    const { leverShares: shares, levers } = evidence;
    expect(shares.map((s: { lever: string }) => s.lever)).toEqual([
      'a fifth of the requests may wait 8 h',
      'capacity falls by 2 % a degree above 30 °C',
      'wetted pads, water at 3 AUD/kL',
      'wetted pads, water at 30 AUD/kL',
    ]);
    // Points are what the two rows of a lever differ by from those without it.
    const value = (lever: string, other: string) =>
      levers.find(
        (r: { lever: string; title: string }) =>
          r.lever === lever && r.title === `isotherm against ${other}`,
      ).change.objectiveAud.value;
    for (const s of shares) {
      const before = s.without === 'the choice of site alone' ? `none: ${s.without}` : s.without;
      expect(s.joint.objectiveAud.value).toBeCloseTo(
        value(s.lever, 'nearest') - value(before, 'nearest'),
        6,
      );
      expect(s.awareness.objectiveAud.value).toBeCloseTo(
        value(s.lever, 'fixed-ppue') - value(before, 'fixed-ppue'),
        6,
      );
    }
  });

  it('names every file it read by its hash, with holes, and what the folder says of itself', async () => {
    const dir = dataFolder();
    writeFileSync(
      join(dir, 'SOURCES.md'),
      'Weather data by Open-Meteo.com, CC BY 4.0. climate.json: Bureau of Meteorology.\n',
    );
    const { data: told } = await report('--data', dir, '--year', '2022', '--sections', 'none');
    const [file] = told.files.filter((f: { file: string }) => f.file === 'weather_sydney_2022.csv');
    const bytes = readFileSync(join(dir, 'weather_sydney_2022.csv'));
    expect(file).toMatchObject({
      kind: 'weather',
      hours: HOURS,
      missingHours: 0,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(told.notes.text).toMatch(/Open-Meteo/);
    // No series here is the embedded climatology, whatever else lies in the folder.
    expect(told.attributions.map((a: { source: string }) => a.source)).toEqual(['Open-Meteo']);
    expect(JSON.stringify(told)).not.toContain(dir);
  });

  it('ends with its headlines and the file it wrote; a short span has no intervals anywhere', async () => {
    const out = join(emptyFolder(), 'report.html');
    const args = ['report', '--data', data, '--year', '2022', '--sections', 'none', '--out', out];
    const short = await inProcess(args);
    expect(short).toMatchObject({ code: 0, stderr: '' });
    expect(short.stdout).toMatch(
      /^Temperature awareness itself: objective [-+\d.]+ % \(span too short for intervals\), cooling energy [-+\d.]+ %.*\nJoint optimization.*\(span too short/,
    );
    expect(short.stdout.split('\n').slice(-2)).toEqual([`Page written to ${out}`, '']);
    const page = readFileSync(out, 'utf8');
    expect(page).toContain('The span is too short for intervals');
    expect(page).toContain('<small>no interval</small>');
    expect(page).not.toContain('95 % intervals over the days of the span');
    const { evidence, notes } = await report('--year', '2022', '--sections', 'none');
    expect(notes).toContain(
      'span too short for intervals: 3 days, under two blocks of 7 days (--block-days)',
    );
    for (const { against } of evidence.year.rows.slice(1)) {
      expect(against.objectiveAud).toMatchObject({ low: null, high: null });
    }
    const longer = await inProcess([...args, '--block-days', '1']);
    expect(longer.stdout).toMatch(/objective [-+\d.]+ % \([-+\d.]+ to [-+\d.]+ %\)/);
    expect(readFileSync(out, 'utf8')).not.toMatch(/too short|no interval/);
  });

  it('wants a page or JSON, and a place where a page can be written', async () => {
    const plain = ['report', '--data', data, '--year', '2022'];
    const none = await inProcess(plain);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toMatch(/--out: expected a file to write, or --json/);
    const nowhere = await inProcess([...plain, '--out', join(data, 'no', 'report.html')]);
    expect(nowhere.stderr).toMatch(/--out: ".*" cannot be written/);
  });

  it.each([
    [[], /--year: expected a year, or --from and --to/],
    [['--year', '2019'], /has no weather for any site over 2019-01-01/],
    [['--from', '2022-01-24', '--to', '2022-01-24T20:00Z'], /--to: the span is 0 whole days/],
    [
      ['--year', '2022', '--sections', 'maps'],
      /"maps" is no section, expected some of caps, leave-outs/,
    ],
    [['--year', '2022', '--from', '2022-01-24'], /cannot be used with/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await inProcess([...quick, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
