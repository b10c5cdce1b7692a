import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Fleet } from '../../core/model/fleet.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { checkFolder, type FileReport } from '../check-folder.ts';
import { folderNotes } from '../folder-notes.ts';
import { csvRegion } from '../region-series.ts';
import { describeSpan, type Span } from '../weather.ts';

/** A file that figures rest on. */
export interface SourceFile extends FileReport {
  sha256: string;
}

/** Files of a folder that are read for a fleet, with their holes and faults, and what it says of them. */
export function folderSources(
  dir: string,
  fleet: Fleet,
): { files: SourceFile[]; notes?: { file: string; text: string } } {
  const files = checkFolder(dir, fleet.sites)
    .filter((f) => f.kind !== undefined)
    .map((f) => ({ ...f, sha256: sha256Of(join(dir, f.file)) }));
  const regions = new Set(fleet.sites.map(csvRegion));
  // Columns of regions without a site are not read.
  const used = files.map((f) => ({
    ...f,
    emptyCells: Object.fromEntries(
      Object.entries(f.emptyCells).filter(
        ([column]) => f.kind === 'weather' || regions.has(column.slice(0, column.indexOf('_'))),
      ),
    ),
  }));
  const notes = folderNotes(dir);
  return { files: used, ...(notes && { notes }) };
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

const DAY_MS = 24 * MS_PER_HOUR;

/**
 * Whole days (UTC) of a year that the weather of all sites with weather covers.
 * Throws {@link InvalidInputError} where there is none.
 */
export function coveredSpan(files: readonly SourceFile[], fleet: Fleet, year: number): Span {
  let from = Date.UTC(year, 0, 1);
  let to = Date.UTC(year + 1, 0, 1);
  const whole: Span = { startUtcMs: from, hours: (to - from) / MS_PER_HOUR };
  for (const { id } of fleet.sites) {
    const own = files.filter((f) => f.file.startsWith(`weather_${id}_`));
    const begins = own.flatMap((f) => (f.fromUtcMs === undefined ? [] : [f.fromUtcMs]));
    const ends = own.flatMap((f) => (f.toUtcMs === undefined ? [] : [f.toUtcMs]));
    // A site without any is left out of the fleet.
    if (begins.length === 0) continue;
    if (Math.max(...ends) <= whole.startUtcMs || Math.min(...begins) >= Date.UTC(year + 1, 0, 1))
      continue;
    from = Math.max(from, Math.min(...begins));
    to = Math.min(to, Math.max(...ends));
  }
  const startUtcMs = Math.ceil(from / DAY_MS) * DAY_MS;
  const hours = (Math.floor(to / DAY_MS) * DAY_MS - startUtcMs) / MS_PER_HOUR;
  if (hours > 0) return { startUtcMs, hours };
  throw new InvalidInputError('--year', [
    `the folder has no whole day of weather of all sites in ${describeSpan(whole)}`,
  ]);
}
