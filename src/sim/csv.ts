import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../core/model/errors.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';

/** Hourly columns over a span: missing cells and hours are NaN. */
export interface HourlyColumns {
  /** Column name to one value per hour of the span. */
  columns: Map<string, Float64Array>;
  /** Hours of the span for which the file has a row. */
  rows: number;
  /** First and last hour of the whole file; absent if it has none. */
  firstUtcMs?: number;
  lastUtcMs?: number;
}

/**
 * Reads an hourly CSV with a `utc` column (beginning of the hour, UTC) into arrays over
 * [startUtcMs, startUtcMs + hours). Throws {@link InvalidInputError} naming file and line for a bad
 * time, a cell that is not a number, too many cells, or a duplicated hour.
 *
 * @param wanted columns to read, others are not looked at; absent: all
 */
export function readHourlyCsv(
  path: string,
  startUtcMs: number,
  hours: number,
  wanted?: readonly string[],
): HourlyColumns {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const utcColumn = header.indexOf('utc');
  if (utcColumn < 0) throw new InvalidInputError(path, ['line 1: expected a column named "utc"']);
  const columns = new Map<string, Float64Array>();
  header.forEach((name, c) => {
    if (c === utcColumn || (wanted && !wanted.includes(name))) return;
    columns.set(name, new Float64Array(hours).fill(Number.NaN));
  });
  const seen = new Uint8Array(hours);
  let rows = 0;
  let firstUtcMs: number | undefined;
  let lastUtcMs: number | undefined;
  for (let n = 1; n < lines.length; n++) {
    const line = lines[n] as string;
    if (line.trim() === '') continue;
    const cells = line.split(',').map((cell) => cell.trim());
    const fail = (message: string) => new InvalidInputError(path, [`line ${n + 1}: ${message}`]);
    const utc = cells[utcColumn] ?? '';
    const utcMs = parseUtcMs(utc);
    if (utcMs === undefined || utcMs % MS_PER_HOUR !== 0) {
      throw fail(`utc is "${utc}", expected a full hour such as 2022-01-24T00:00Z`);
    }
    if (cells.length > header.length) {
      throw fail(`has ${cells.length} cells, but the header names ${header.length} columns`);
    }
    firstUtcMs = Math.min(firstUtcMs ?? utcMs, utcMs);
    lastUtcMs = Math.max(lastUtcMs ?? utcMs, utcMs);
    const hour = (utcMs - startUtcMs) / MS_PER_HOUR;
    if (hour < 0 || hour >= hours) continue;
    if (seen[hour]) throw fail(`hour ${utc} appears twice`);
    seen[hour] = 1;
    rows++;
    header.forEach((name, c) => {
      const text = cells[c] ?? '';
      const into = columns.get(name);
      if (c === utcColumn || text === '' || into === undefined) return;
      const value = Number(text);
      if (!Number.isFinite(value)) throw fail(`${name} is "${text}", expected a number`);
      into[hour] = value;
    });
  }
  return { columns, rows, firstUtcMs, lastUtcMs };
}
