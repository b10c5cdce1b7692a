import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { csvRegion } from '../../src/sim/region-series.ts';
import { emptyFolder, inProcess } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

const folder = projectPath('examples');
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((e) => e.isDirectory())
  .map((e) => e.name);

/** A made-up day of every site's weather and grid, in the format that backtests read. */
function aDayOf(fleet: Fleet): string {
  const dir = join(emptyFolder(), 'series');
  mkdirSync(dir);
  const hours = Array.from({ length: 24 }, (_, h) => h);
  const utc = (h: number) => `2026-03-10T${`${h}`.padStart(2, '0')}:00Z`;
  const swing = (h: number) => Math.sin((2 * Math.PI * h) / 24);
  fleet.sites.forEach(({ id }, j) => {
    const rows = hours.map((h) => `${utc(h)},${(8 + 6 * j + 5 * swing(h)).toFixed(1)},60`);
    const text = `utc,temp_c,rh_pct\n${rows.join('\n')}\n`;
    writeFileSync(join(dir, `weather_${id}_2026.csv`), text);
  });
  const regions = [...new Set(fleet.sites.map(csvRegion))];
  const names = regions.map((r) => `${r}_gco2e_kwh`).join(',');
  const grams = hours.map((h) => [utc(h), ...regions.map((_, n) => 100 + 90 * n)].join(','));
  writeFileSync(join(dir, 'carbon_2026_hourly.csv'), `utc,${names}\n${grams.join('\n')}\n`);
  return dir;
}

describe.each(examples)('examples/%s', (name) => {
  const out = join(emptyFolder(), 'my-sites.json');

  test('makes a registry without faults, and no warnings but of prices', async () => {
    const made = await inProcess(['init', '--csv', join(folder, name, 'sites.csv'), '--out', out]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const report = await inProcess(['sites', 'validate', out, '--json']);
    const { valid, issues, warnings } = JSON.parse(report.stdout);
    expect({ valid, issues }).toEqual({ valid: true, issues: [] });
    // The prices that it begins with are Australian, and are to be looked at elsewhere.
    expect(warnings.map((w: { path: string }) => w.path)).toEqual(
      name === 'europe' ? ['prices'] : [],
    );
    expect(existsSync(join(folder, name, 'README.md'))).toBe(true);
  });

  test('can be planned: proven, with room for all, and every site put to use', async () => {
    const { code, stdout } = await inProcess([
      'plan',
      '--fleet',
      out,
      '--at',
      '2026-01-15',
      '--json',
    ]);
    expect(code).toBe(0);
    const plan = JSON.parse(stdout);
    expect(plan.gap).toBeLessThanOrEqual(1e-3);
    expect(plan.stopReason).toBe('gap');
    expect(plan.unservedShare).toBeLessThan(1e-6);
    for (const { share } of plan.sites) expect(share).toBeGreaterThan(0);
  });

  test('can be simulated: planning with the weather costs no more than the nearest site', async () => {
    const dir = aDayOf(await readFleetFile(out));
    const { code, stdout, stderr } = await inProcess([
      ...['simulate', '--fleet', out, '--data', dir, '--json', '--gap', '0.001'],
      ...['--from', '2026-03-10', '--to', '2026-03-11', '--policies', 'isotherm,nearest'],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [isotherm, nearest] = JSON.parse(stdout).policies;
    expect(isotherm.objectiveAud).toBeLessThanOrEqual(1.001 * nearest.objectiveAud);
  });
});
