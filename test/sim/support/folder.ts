import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'isotherm-sim-'));
afterAll(() => rmSync(root, { recursive: true }));

/** First hour of the synthetic series. */
export const START_MS = Date.parse('2022-01-24T00:00Z');

/** An hour after the first as it stands in a file: 2022-01-24T05:00Z. */
export function utc(hour: number): string {
  return `${new Date(START_MS + hour * 3_600_000).toISOString().slice(0, 16)}Z`;
}

/** A new empty folder, gone after the file's tests. */
export function newFolder(): string {
  return mkdtempSync(join(root, 'data-'));
}

/** Writes text as it is; returns the path. */
export function writeText(dir: string, name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

/** One row an hour; where `row` gives nothing the hour is not in the file. */
export function writeHours(
  dir: string,
  name: string,
  columns: string,
  hours: number,
  row: (hour: number) => (number | string)[] | undefined,
): string {
  const lines = [`utc,${columns}`];
  for (let h = 0; h < hours; h++) {
    const cells = row(h);
    if (cells) lines.push([utc(h), ...cells].join(','));
  }
  return writeText(dir, name, `${lines.join('\n')}\n`);
}

/** What a folder holds, by the hour: °C and percent by site, AUD/MWh and g/kWh by region. */
export interface FolderSeries {
  hours: number;
  weather: Record<string, (hour: number) => [tempC: number, rhPct: number]>;
  price?: Record<string, (hour: number) => number | ''>;
  carbon?: Record<string, (hour: number) => number | ''>;
}

/** A folder in the format of docs/data-format.md. */
export function folderOf({ hours, weather, price, carbon }: FolderSeries): string {
  const dir = newFolder();
  for (const [site, at] of Object.entries(weather)) {
    writeHours(dir, `weather_${site}_2022.csv`, 'temp_c,rh_pct', hours, at);
  }
  const regions = (name: string, unit: string, series: FolderSeries['price'] = {}) => {
    const columns = Object.keys(series).map((region) => `${region}_${unit}`);
    const row = (h: number) => Object.values(series).map((at) => at(h));
    if (columns.length > 0) writeHours(dir, name, columns.join(','), hours, row);
  };
  regions('nem_price_demand_2022_hourly.csv', 'price_aud_mwh', price);
  regions('carbon_2022_hourly.csv', 'gco2e_kwh', carbon);
  return dir;
}
