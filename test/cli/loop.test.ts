import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetWithDigest } from '../core/support/fleets.ts';
import { plantedFleet } from '../core/support/planted.ts';
import { dataFolder } from './support/data.ts';
import { emptyFolder, inProcess } from './support/run.ts';

/** The folder of the other commands with rates, forecasts of weather and prices at five minutes. */
function loopFolder(): string {
  const dir = dataFolder();
  const rates = Array.from({ length: 2016 }, (_, n) => `${600 * n},${100 + (n % 5)}`);
  for (const size of ['small', 'mid']) {
    const file = join(dir, `llm_servegen_language_m_${size}_10min.csv`);
    writeFileSync(file, `t_s,req_per_s\n${rates.join('\n')}\n`);
  }
  writeFileSync(
    join(dir, 'weather_forecast_vs_actual_2026.csv'),
    'city,issued_utc,lead_h,valid_utc,fc_temp_c,fc_rh_pct,fc_dew_c,act_temp_c,act_rh_pct,act_dew_c\n' +
      'Sydney,2026-02-13T22:11Z,1,2026-02-13T23:00Z,20,70,15,19,60,15\n',
  );
  const steps = Array.from(
    { length: 24 },
    (_, n) =>
      `${new Date(Date.UTC(2022, 0, 25, 0, 5 * n)).toISOString().slice(0, 16)}Z,${n % 12 === 3 ? 15_000 : 80}`,
  );
  writeFileSync(
    join(dir, 'nem_price_demand_5min_2022.csv'),
    `utc,NSW_price_aud_mwh\n${steps.join('\n')}\n`,
  );
  return dir;
}

const data = loopFolder();
const span = ['--data', data, '--from', '2022-01-25', '--to', '2022-01-25T03:00Z'];

describe('isotherm loop', () => {
  it('sets plans from forecasts beside foresight and the nearest sites', async () => {
    const { code, stdout, stderr } = await inProcess(['loop', ...span, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(Object.keys(report.totals)).toEqual(['forecast', 'foresight', 'clockwork', 'nearest']);
    expect(report).toMatchObject({ plans: 12, historyHours: 168, replanMinutes: 15 });
    expect(report.tempErrorC).toBeCloseTo(1 / 3, 6);
    expect(report.demandError).toBeLessThan(0.1);
  });

  it('says in words whether the aims are reached', async () => {
    const { stdout } = await inProcess(['loop', ...span]);
    expect(stdout).toMatch(/Forecasts cost [+-−]?[\d.]+ % of the objective: (NOT )?within 2 %\./);
    expect(stdout).toMatch(/Requests over their SLO: .*nearest sites\./);
    expect(stdout).toContain(
      'plans are made for 1.2 times the forecast demand; a request over its SLO costs 0.006 AUD',
    );
  });

  it.each([
    [['--to', '2022-01-24'], /--to: is not after --from/],
    [['--replan', '17'], /--replan: is 17, expected a multiple of 5/],
    [['--history', '335'], /335 h of history and 3 h are more than the 336 h/],
    [['--data', dataFolder()], /has no file "llm_servegen/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await inProcess(['loop', ...span, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

it('isotherm loop carries batteries’ charge and work that may wait from plan to plan', async () => {
  const fleet = plantedFleet();
  const { sites, zones, ...digest } = fleetWithDigest();
  const both = {
    ...digest,
    zones: zones.slice(0, fleet.zones.length),
    sites: fleet.sites.map((site, j) => ({ ...sites[j], cost: site.cost })),
  };
  const file = join(emptyFolder(), 'fleet.json');
  writeFileSync(file, JSON.stringify(both));
  const { code, stdout, stderr } = await inProcess(['loop', ...span, '--fleet', file]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toMatch(/Work that may wait, from forecasts: [\d,]+ requests, .* unserved/);
  expect(text).toMatch(/Batteries at the end, .*sydney [\d.]+ of 45/);
  const { stdout: json } = await inProcess(['loop', ...span, '--fleet', file, '--json']);
  const { totals, plants } = JSON.parse(json);
  expect(Object.keys(plants)).toEqual(Object.keys(totals));
  expect(totals.forecast.batch.requests).toBeCloseTo(totals.nearest.batch.requests, 3);
});

describe('isotherm scenario', () => {
  it('pricecap charges prices at five minutes and plans every quarter of an hour', async () => {
    const { code, stdout, stderr } = await inProcess([
      'scenario',
      'pricecap',
      '--data',
      data,
      '--json',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      scenario: 'pricecap',
      startUtc: '2022-01-25T00:00:00.000Z',
      endUtc: '2022-01-25T02:00:00.000Z',
      plans: 8,
    });
    expect(report.verdicts).toHaveLength(4);
    // NSW leaps to the cap and back, once an hour.
    expect(report.driftPlans.price).toBeGreaterThan(0);
  });

  it('names a scenario there is not', async () => {
    const { code, stderr } = await inProcess(['scenario', 'flood', '--data', data]);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are heatwave, pricecap, siteloss');
  });
});
