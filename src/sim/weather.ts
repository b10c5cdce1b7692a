import { join } from 'node:path';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { readHourlyCsv } from './csv.ts';

/** Longest run of missing weather hours bridged by a line between its neighbours. */
const MAX_GAP_H = 6;

export interface Span {
  startUtcMs: number;
  hours: number;
}

/** `2022-01-24T00:00Z to 2022-01-25T00:00Z`; the end is exclusive. */
export function describeSpan({ startUtcMs, hours }: Span): string {
  const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 16)}Z`;
  return `${iso(startUtcMs)} to ${iso(startUtcMs + hours * MS_PER_HOUR)}`;
}

export interface Weather {
  file: string;
  tempC: Float64Array;
  rhPct: Float64Array;
}

/** Weather of every site that has it over the whole span, and what was bridged or lacks. */
export function readWeather(
  dir: string,
  files: string[],
  fleet: Fleet,
  span: Span,
): { series: Map<string, Weather>; notes: string[] } {
  const series = new Map<string, Weather>();
  const notes: string[] = [];
  // Hours around the span, so that a gap at its edge has neighbours, too.
  const wide = {
    startUtcMs: span.startUtcMs - MAX_GAP_H * MS_PER_HOUR,
    hours: span.hours + 2 * MAX_GAP_H,
  };
  const inSpan = (values: Float64Array) => values.slice(MAX_GAP_H, MAX_GAP_H + span.hours);
  for (const site of fleet.sites) {
    const mine = files.filter((f) => f.startsWith(`weather_${site.id}_`) && f.endsWith('.csv'));
    if (mine.length === 0) continue;
    const raw = readFiles(dir, mine, wide);
    const [tempC, rhPct] = [inSpan(bridged(raw.tempC)), inSpan(bridged(raw.rhPct))];
    const missing = tempC.filter((v, t) => Number.isNaN(v) || Number.isNaN(rhPct[t])).length;
    if (missing > 0) {
      const has = raw.covered ? `; it has weather from ${describeSpan(raw.covered)}` : '';
      notes.push(
        `${site.id}: weather lacks ${missing} of ${span.hours} h of ${describeSpan(span)}${has}`,
      );
      continue;
    }
    const holes = [raw.tempC, raw.rhPct].flatMap((v) => [...inSpan(v)]).filter(Number.isNaN).length;
    if (holes > 0) notes.push(`${site.id}: ${holes} missing weather values bridged`);
    series.set(site.id, { file: mine.join(', '), tempC, rhPct });
  }
  return { series, notes };
}

/** A site's files over a span, the last by name first; `covered` is from their first hour to their last. */
function readFiles(dir: string, files: string[], span: Span) {
  const tempC = new Float64Array(span.hours).fill(Number.NaN);
  const rhPct = new Float64Array(span.hours).fill(Number.NaN);
  const intoByColumn = { temp_c: tempC, rh_pct: rhPct };
  let [firstMs, endMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const file of files) {
    const path = join(dir, file);
    const wanted = Object.keys(intoByColumn);
    const csv = readHourlyCsv(path, span.startUtcMs, span.hours, wanted);
    for (const [name, into] of Object.entries(intoByColumn)) {
      const from = csv.columns.get(name);
      if (!from) throw new InvalidInputError(path, [`line 1: expected a column named "${name}"`]);
      from.forEach((v, t) => {
        if (Number.isFinite(v)) into[t] = v;
      });
    }
    firstMs = Math.min(firstMs, csv.firstUtcMs ?? firstMs);
    endMs = Math.max(endMs, csv.lastUtcMs === undefined ? endMs : csv.lastUtcMs + MS_PER_HOUR);
  }
  const hours = (endMs - firstMs) / MS_PER_HOUR;
  return { tempC, rhPct, covered: hours > 0 ? { startUtcMs: firstMs, hours } : undefined };
}

/** A copy in which runs of at most {@link MAX_GAP_H} NaN between two values are a line. */
function bridged(values: Float64Array): Float64Array {
  const filled = values.slice();
  for (let t = 1; t < filled.length; t++) {
    if (!Number.isNaN(filled[t])) continue;
    let end = t;
    while (end < filled.length && Number.isNaN(filled[end])) end++;
    const before = filled[t - 1] as number;
    const after = filled[end] as number;
    if (end < filled.length && end - t <= MAX_GAP_H && !Number.isNaN(before)) {
      for (let i = t; i < end; i++) {
        filled[i] = before + ((after - before) * (i - t + 1)) / (end - t + 1);
      }
    }
    t = end;
  }
  return filled;
}
