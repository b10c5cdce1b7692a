import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../../core/model/errors.ts';
import { parseUtcMs } from '../../core/model/time.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import type { PlanningInputs, SiteSeries } from '../../core/planning/inputs.ts';

/** Where in a year the hours of a scenario are. */

/** First hour of the days, `days` long and beginning at midnight UTC, with the hottest hours of day in the mean over sites. */
export function hottestDays(inputs: PlanningInputs, days: number): number {
  const total = Math.floor(inputs.slotCount / 24);
  if (total < days) throw new RangeError(`${total} days, expected at least ${days}`);
  const maxima = Array.from({ length: total }, (_, d) =>
    inputs.sites.reduce(
      (sum, s) => sum + Math.max(...s.tempC.subarray(24 * d, 24 * d + 24)) / inputs.sites.length,
      0,
    ),
  );
  let best = 0;
  const sum = (d: number) => maxima.slice(d, d + days).reduce((a, b) => a + b, 0);
  for (let d = 1; d + days <= total; d++) if (sum(d) > sum(best)) best = d;
  return inputs.startUtcMs + best * 24 * MS_PER_HOUR;
}

/** Hottest hour of a site in [fromUtcMs, fromUtcMs + hours). */
export function hottestHour(
  inputs: PlanningInputs,
  site: number,
  fromUtcMs: number,
  hours: number,
): number {
  const { tempC } = inputs.sites[site] as SiteSeries;
  const from = (fromUtcMs - inputs.startUtcMs) / MS_PER_HOUR;
  let best = from;
  for (let h = from; h < from + hours; h++) {
    if ((tempC[h] as number) > (tempC[best] as number)) best = h;
  }
  return inputs.startUtcMs + best * MS_PER_HOUR;
}

/** Wholesale prices at five minutes. */
export interface StepPrices {
  source: string;
  fromUtcMs: number;
  /** After the last price. */
  toUtcMs: number;
  audPerMwh(region: string, utcMs: number): number | undefined;
}

export const PRICE_STEP_MS = 5 * 60_000;
const FILE = /^nem_price_demand_5min_.*\.csv$/;
const SUFFIX = '_price_aud_mwh';

/** Reads the folder's prices at five minutes. Throws {@link InvalidInputError} naming file and line. */
export function readStepPrices(dir: string): StepPrices {
  const source = readdirSync(dir)
    .sort()
    .find((file) => FILE.test(file));
  if (source === undefined) {
    throw new InvalidInputError('--data', [
      `"${dir}" has no prices at five minutes, expected a file such as nem_price_demand_5min_2022-01-29_week.csv`,
    ]);
  }
  const path = join(dir, source);
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',').map((name) => name.trim());
  const prices = new Map<string, number>();
  let [fromUtcMs, toUtcMs] = [Number.POSITIVE_INFINITY, 0];
  lines.forEach((line, n) => {
    const cells = line.split(',');
    const utcMs = parseUtcMs(cells[names.indexOf('utc')] ?? '');
    if (utcMs === undefined || utcMs % PRICE_STEP_MS !== 0) {
      throw new InvalidInputError(path, [`line ${n + 2}: expected a utc of full five minutes`]);
    }
    names.forEach((name, c) => {
      const value = Number(cells[c] || Number.NaN);
      if (!name.endsWith(SUFFIX) || Number.isNaN(value)) return;
      prices.set(`${name.slice(0, -SUFFIX.length)} ${utcMs}`, value);
    });
    fromUtcMs = Math.min(fromUtcMs, utcMs);
    toUtcMs = Math.max(toUtcMs, utcMs + PRICE_STEP_MS);
  });
  return {
    source,
    fromUtcMs,
    toUtcMs,
    audPerMwh: (region, utcMs) => prices.get(`${region} ${utcMs}`),
  };
}
