import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { traceLines } from '../../sim/events/support.ts';

/** Made-up series in the formats of docs/data-format.md, for every command that reads a folder of them. */

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2022, 0, 1);
/** A year, since `scenario` looks for its hottest day. */
const HOURS = 365 * 24;

/** Sites with weather, their mean temperature, and the region of each. */
const places: [site: string, meanC: number, region: string][] = [
  ['sydney', 18, 'NSW'],
  ['melbourne', 15, 'VIC'],
  ['hobart', 12, 'TAS'],
];

/** @param dir made, with a year of weather, prices and carbon, rates, forecasts and request traces */
export function writeSeries(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const write = (name: string, lines: readonly string[]) =>
    writeFileSync(join(dir, name), `${lines.join('\n')}\n`);
  const hourly = (name: string, columns: string[], cells: (hour: number) => number[]) => {
    const rows = Array.from({ length: HOURS }, (_, h) => [utc(FROM_MS + h * HOUR_MS), ...cells(h)]);
    write(
      name,
      [['utc', ...columns], ...rows].map((row) => row.join(',')),
    );
  };
  for (const [site, meanC] of places) {
    hourly(`weather_${site}_2022.csv`, ['temp_c', 'rh_pct'], (h) => {
      // Summer in January, afternoons at 05:00 UTC, and one day hotter than all others.
      const isHottest = Math.floor(h / 24) === 20;
      const tempC = meanC + 6 * year(h) + 5 * day(h - 5) + (isHottest ? 3 : 0);
      return [round(tempC), round(60 - 20 * day(h - 5))];
    });
  }
  const named = (what: string) => places.map(([, , region]) => `${region}_${what}`);
  hourly('nem_price_demand_2022_hourly.csv', named('price_aud_mwh'), (h) =>
    places.map((_, j) => round(80 - 10 * j + 60 * day(h - 8 - j))),
  );
  hourly('carbon_lca_2022_hourly.csv', named('gco2e_kwh'), (h) =>
    places.map(([, , region]) => (region === 'TAS' ? 30 : round(600 - 150 * day(h - 3)))),
  );
  // Two weeks at ten minutes.
  const rates = Array.from(
    { length: 2016 },
    (_, n) => `${600 * n},${round(100 + 40 * day(n / 6))}`,
  );
  for (const size of ['small', 'mid']) {
    write(`llm_servegen_language_m_${size}_10min.csv`, ['t_s,req_per_s', ...rates]);
  }
  write('weather_forecast_vs_actual_2026.csv', [
    'city,issued_utc,lead_h,valid_utc,fc_temp_c,fc_rh_pct,fc_dew_c,act_temp_c,act_rh_pct,act_dew_c',
    ...Array.from({ length: 24 }, (_, n) => {
      const valid = Date.parse('2026-02-13T23:00Z') + n * HOUR_MS;
      const cells = [`${round(20 + day(n))},70,15`, `${round(19.5 + day(n))},66,15`];
      return ['Sydney,2026-02-13T22:11Z', n + 1, utc(valid), ...cells].join(',');
    }),
  ]);
  write('llm_azure2023_conv.csv', traceLines(1, 1155, 211));
  write('llm_azure2023_code.csv', traceLines(2, 2048, 28));
}

const utc = (ms: number) => `${new Date(ms).toISOString().slice(0, 16)}Z`;
const day = (hour: number) => Math.cos((2 * Math.PI * hour) / 24);
const year = (hour: number) => Math.cos((2 * Math.PI * hour) / HOURS);
const round = (value: number) => Math.round(100 * value) / 100;
