import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyFolder } from './run.ts';

/** First hour of the synthetic series, and how many there are. */
export const START_UTC = '2022-01-24T00:00Z';
export const HOURS = 72;

/** What can be changed in a folder of synthetic series. */
export interface DataOptions {
  /** Sites with weather, with their mean temperature in °C. */
  weather?: Record<string, number>;
  /** Replaces Sydney's temperature in hour 5. */
  spoiltTemp?: string;
}

/** A folder in the format of real data: smooth weather, prices (some negative) and carbon. */
export function dataFolder(options: DataOptions = {}): string {
  const dir = emptyFolder();
  const weather = options.weather ?? { sydney: 24, melbourne: 17, hobart: 12 };
  const hours = Array.from({ length: HOURS }, (_, h) => h);
  const csv = (name: string, header: string, row: (hour: number) => (number | string)[]) => {
    const rows = hours.map((h) => [time(h), ...row(h)].join(','));
    writeFileSync(join(dir, name), `${[`utc,${header}`, ...rows].join('\n')}\n`);
  };
  for (const [site, meanC] of Object.entries(weather)) {
    csv(`weather_${site}_2022.csv`, 'temp_c,rh_pct', (h) => [
      site === 'sydney' && h === 5 && options.spoiltTemp !== undefined
        ? options.spoiltTemp
        : round(meanC + 6 * wave(h - 5)),
      round(60 - 20 * wave(h - 5)),
    ]);
  }
  csv(
    'nem_price_demand_2022_hourly.csv',
    'NSW_price_aud_mwh,TAS_price_aud_mwh,VIC_price_aud_mwh',
    (h) => [round(90 + 60 * wave(h - 8)), round(70 + 5 * wave(h)), round(60 + 90 * wave(h - 9))],
  );
  csv('carbon_lca_2022_hourly.csv', 'NSW_gco2e_kwh,TAS_gco2e_kwh,VIC_gco2e_kwh', (h) => [
    round(600 - 150 * wave(h - 3)),
    30,
    round(550 - 100 * wave(h - 3)),
  ]);
  return dir;
}

function time(hour: number): string {
  return `${new Date(Date.parse(START_UTC) + hour * 3_600_000).toISOString().slice(0, 16)}Z`;
}

/** A day's wave, −1 to 1. */
function wave(hour: number): number {
  return Math.cos((2 * Math.PI * hour) / 24);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
