import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../core/model/errors.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { readHourlyCsv } from './csv.ts';
import { seriesKind } from './region-series.ts';

/** What a file of a folder for backtests holds. */
export interface FileReport {
  file: string;
  /** What it is read as; absent for one that is not read. */
  kind?: 'weather' | 'price' | 'carbon' | 'marginal carbon';
  /** Hours from its first to its last, and of them those without a row. */
  hours: number;
  missingHours: number;
  fromUtcMs?: number;
  /** Exclusive. */
  toUtcMs?: number;
  /** Cells without a number, by column that is read. */
  emptyCells: Record<string, number>;
  /** What cannot be right, in plain words; at most a few of a kind. */
  faults: string[];
}

/** Bounds of columns by what their name ends with; beyond them is a wrong unit or a wrong file. */
const BOUNDS: [suffix: string, low: number, high: number][] = [
  ['temp_c', -60, 60],
  ['rh_pct', 0, 100],
  ['_price_aud_mwh', -1000, 30_000],
  ['_gco2e_kwh', 0, 2000],
];

/** In the reanalysis of 2022 no hour of eight capitals was over 8 °C from the one before. */
const MAX_STEP_C = 20;

const REQUIRED = { weather: ['temp_c', 'rh_pct'], price: [], carbon: [], 'marginal carbon': [] };

/** Looks at every file of a folder. Throws {@link InvalidInputError} if there is no such folder. */
export function checkFolder(dir: string, sites: readonly { id: string }[]): FileReport[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new InvalidInputError(dir, ['is not a folder']);
  }
  return readdirSync(dir)
    .sort()
    .filter((file) => statSync(join(dir, file)).isFile())
    .map((file) => checkFile(dir, file, sites));
}

function checkFile(dir: string, file: string, sites: readonly { id: string }[]): FileReport {
  const kind = seriesKind(file, sites);
  const nothing = { file, hours: 0, missingHours: 0, emptyCells: {}, faults: [] };
  if (kind === undefined) return nothing;
  try {
    return { ...nothing, kind, ...checkSeries(join(dir, file), kind) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { ...nothing, kind, faults: [...error.issues] };
  }
}

function checkSeries(path: string, kind: keyof typeof REQUIRED): Partial<FileReport> {
  const { firstUtcMs, lastUtcMs, columns: all } = readHourlyCsv(path, 0, 0);
  if (firstUtcMs === undefined || lastUtcMs === undefined) return { faults: ['has no rows'] };
  const hours = (lastUtcMs - firstUtcMs) / MS_PER_HOUR + 1;
  const bounded = (name: string) => BOUNDS.find(([suffix]) => name.endsWith(suffix));
  // Columns that are not read may hold anything.
  const wanted = [...all.keys()].filter((name) => bounded(name) !== undefined);
  const { columns, rows } = readHourlyCsv(path, firstUtcMs, hours, wanted);
  const faults = REQUIRED[kind]
    .filter((name) => !columns.has(name))
    .map((name) => `has no column ${name}`);
  if (kind !== 'weather' && columns.size === 0) {
    faults.push(`has no column such as NSW${kind === 'price' ? '_price_aud_mwh' : '_gco2e_kwh'}`);
  }
  const emptyCells: Record<string, number> = {};
  for (const [name, values] of columns) {
    const [, low, high] = bounded(name) as (typeof BOUNDS)[number];
    emptyCells[name] = values.filter(Number.isNaN).length - (hours - rows);
    const beyond = indices(values, (v) => v < low || v > high);
    faults.push(...counted(beyond, values, firstUtcMs, `${name} outside ${low} to ${high}`));
    if (name === 'temp_c') {
      const jumps = indices(values, (v, t) => Math.abs(v - (values[t - 1] ?? v)) > MAX_STEP_C);
      faults.push(
        ...counted(jumps, values, firstUtcMs, `${name} over ${MAX_STEP_C} from the hour before`),
      );
    }
  }
  return {
    hours,
    missingHours: hours - rows,
    fromUtcMs: firstUtcMs,
    toUtcMs: lastUtcMs + MS_PER_HOUR,
    emptyCells,
    faults,
  };
}

const indices = (values: Float64Array, isBad: (v: number, t: number) => boolean) =>
  [...values.keys()].filter((t) => isBad(values[t] as number, t));

/** One line for all hours with one fault. */
function counted(at: number[], values: Float64Array, firstUtcMs: number, what: string): string[] {
  const [first] = at;
  if (first === undefined) return [];
  const utc = new Date(firstUtcMs + first * MS_PER_HOUR).toISOString().slice(0, 16);
  return [`${what} in ${at.length} h, first ${values[first]} at ${utc}Z`];
}
