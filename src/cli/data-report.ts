import { attributionsOf } from '../feeds/attribution.ts';
import type { FileReport } from '../sim/check-folder.ts';
import type { Downloaded } from './data-download.ts';
import { originsOf } from './data-origins.ts';
import { count, decimal, utc } from './format.ts';
import { bullets, table } from './table.ts';

/** What a download left in the folder. */
export function downloadText({ files }: Downloaded, dir: string, hasCarbon: boolean): string {
  const kept = files.filter((f) => f.state === 'kept').length;
  const holed = files.filter((f) => f.holes > 0);
  const sources = originsOf(files.map((f) => f.name)).map((o) => o.source);
  const notes = [
    ...(hasCarbon ? [] : ['carbon is left out: OPENELECTRICITY_API_KEY is not set']),
    ...holed.map(
      ({ name, holes }) =>
        `${name} has ${count(holes, 'empty cell')}: the source has nothing there yet, or never had; it is asked again the next time`,
    ),
    ...attributionsOf(sources).map(
      ({ text, licence }) => `${text.replace(/\.$/, '')} (${licence})`,
    ),
  ];
  return (
    `${count(files.length, 'file')} in ${dir}: ${files.length - kept} fetched, ${kept} were there.\n` +
    `${bullets(notes)}\n`
  );
}

/** A line a file, then what is wrong. */
export function checkText(files: readonly FileReport[]): string {
  const read = files.filter((f) => f.kind);
  const ignored = files.filter((f) => !f.kind).map((f) => f.file);
  const span = (ms: number | undefined) => (ms === undefined ? '' : utc(ms));
  const rows = read.map((f) => [
    f.file,
    f.kind as string,
    span(f.fromUtcMs),
    span(f.toUtcMs),
    decimal(f.hours, 0),
    decimal(f.missingHours, 0),
    decimal(
      Object.values(f.emptyCells).reduce((a, b) => a + b, 0),
      0,
    ),
  ]);
  const columns = [
    { header: ['file'], align: 'left' as const },
    { header: ['read as'], align: 'left' as const },
    { header: ['from'], align: 'left' as const },
    { header: ['to'], align: 'left' as const },
    { header: ['hours'] },
    { header: ['missing'] },
    { header: ['empty'] },
  ];
  const faults = files.flatMap((f) => f.faults.map((fault) => `FAULT in ${f.file}: ${fault}`));
  const notes = [
    ...faults,
    ...(ignored.length > 0 ? [`not read: ${ignored.join(', ')}`] : []),
    ...(faults.length === 0 ? ['no faults'] : []),
  ];
  return `${rows.length > 0 ? `${table(columns, rows)}\n\n` : ''}${bullets(notes)}\n`;
}

export function checkJson(dir: string, files: readonly FileReport[]) {
  return {
    schemaVersion: 1,
    dir,
    valid: files.every((f) => f.faults.length === 0) && files.some((f) => f.kind),
    files: files.map(({ fromUtcMs, toUtcMs, ...rest }) => ({
      ...rest,
      ...(fromUtcMs !== undefined && { fromUtc: utc(fromUtcMs) }),
      ...(toUtcMs !== undefined && { toUtc: utc(toUtcMs) }),
    })),
  };
}
