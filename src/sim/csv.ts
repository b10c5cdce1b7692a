import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../core/model/errors.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';

/** Hourly columns over a span: missing cells and hours are NaN. */
export interface HourlyColumns {
  /** Column name to one value per hour of the span. */
  columns: Map<string, Float64Array>;
  /** Hours of the span for which the file has a row. */
  rows: number;
}

/**
 * Reads an hourly CSV with a `utc` column (beginning of the hour, UTC) into arrays over
 * [startUtcMs, startUtcMs + hours). Throws {@link InvalidInputError} naming file and line for a bad
 * time, a cell that is not a number, or a duplicated hour.
 */
export function readHourlyCsv(path: string, startUtcMs: number, hours: number): HourlyColumns {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const utcColumn = header.indexOf('utc');
  if (utcColumn < 0) throw new InvalidInputError(path, ['line 1: expected a column named "utc"']);
  const columns = new Map<string, Float64Array>();
  header.forEach((name, c) => {
    if (c !== utcColumn) columns.set(name, new Float64Array(hours).fill(Number.NaN));
  });
  const seen = new Uint8Array(hours);
  let rows = 0;
  for (let n = 1; n < lines.length; n++) {
    const line = lines[n] as string;
    if (line.trim() === '') continue;
    const cells = line.split(',');
    const where = `line ${n + 1}`;
    const utcMs = Date.parse(cells[utcColumn] ?? '');
    if (Number.isNaN(utcMs) || utcMs % MS_PER_HOUR !== 0) {
      throw new InvalidInputError(path, [
        `${where}: utc is "${cells[utcColumn]}", expected a full hour such as 2022-01-24T00:00Z`,
      ]);
    }
    const hour = (utcMs - startUtcMs) / MS_PER_HOUR;
    if (hour < 0 || hour >= hours) continue;
    if (seen[hour])
      throw new InvalidInputError(path, [`${where}: hour ${cells[utcColumn]} appears twice`]);
    seen[hour] = 1;
    rows++;
    header.forEach((name, c) => {
      const text = (cells[c] ?? '').trim();
      if (c === utcColumn || text === '') return;
      const value = Number(text);
      if (!Number.isFinite(value)) {
        throw new InvalidInputError(path, [`${where}: ${name} is "${text}", expected a number`]);
      }
      (columns.get(name) as Float64Array)[hour] = value;
    });
  }
  return { columns, rows };
}
