import { InvalidInputError } from '../../core/model/errors.ts';

export interface CsvRow {
  /** Line of the file at which it begins, from 1. */
  line: number;
  /** By column; empty cells are left out. */
  cells: Record<string, string>;
}

/**
 * Rows of a CSV file with a header, quotes as in RFC 4180. Empty lines and lines that begin with `#` are
 * passed over. Throws {@link InvalidInputError} with the line.
 * @param known columns there may be
 * @param needed columns that the header must name
 */
export function csvRows(
  text: string,
  path: string,
  known: readonly string[],
  needed: readonly string[] = [],
): CsvRow[] {
  const [header, ...rows] = records(text, path);
  if (header === undefined) throw new InvalidInputError(path, ['is empty, expected a header line']);
  const fail = (line: number, what: string) =>
    new InvalidInputError(path, [`line ${line}: ${what}`]);
  const [only = ''] = header.cells;
  if (header.cells.length === 1 && /[;\t]/.test(only)) {
    const found = only.includes(';') ? 'semicolons' : 'tabs';
    const expected = 'expected commas between columns, and points in decimals';
    throw fail(header.line, `has ${found} between columns, ${expected}`);
  }
  const unknown = header.cells.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const names = unknown.map((name) => `"${name}"${likely(name, known)}`).join(', ');
    throw fail(header.line, `no column ${names}; expected some of ${known.join(', ')}`);
  }
  header.cells.forEach((name, n) => {
    if (header.cells.indexOf(name) < n) throw fail(header.line, `column "${name}" is there twice`);
  });
  const missing = needed.filter((name) => !header.cells.includes(name));
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(', ');
    throw fail(header.line, `the header lacks ${names}, which every site needs`);
  }
  return rows.map(({ line, cells }) => {
    if (cells.length > header.cells.length) {
      throw fail(
        line,
        `has ${cells.length} cells, but the header names ${header.cells.length} columns`,
      );
    }
    const named = cells.map((cell, n): [string, string] => [header.cells[n] as string, cell]);
    return { line, cells: Object.fromEntries(named.filter(([, cell]) => cell !== '')) };
  });
}

/** The one column that a name may stand for, as a question; empty where none or several may. */
function likely(name: string, known: readonly string[]): string {
  const short = name.toLowerCase().replace(/[^a-z]/g, '');
  if (short === '') return '';
  const ways: ((column: string) => boolean)[] = [
    (column) => column === short,
    (column) => column.startsWith(short),
    (column) => column.includes(short),
  ];
  const found = ways
    .map((isAlike) => known.filter((column) => isAlike(column.toLowerCase())))
    .find((columns) => columns.length > 0);
  return found?.length === 1 ? ` (${found[0]}?)` : '';
}

function records(text: string, path: string): { line: number; cells: string[] }[] {
  const found: { line: number; cells: string[] }[] = [];
  // A cell is quoted, with quotes doubled inside, or has no comma, quote or line break.
  const cell = /[ \t]*(?:"((?:[^"]|"")*)"[ \t]*|([^",\r\n]*))(,|\r?\n|$)/y;
  let line = 1;
  let cells: string[] = [];
  let startLine = 1;
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    if (cells.length === 0 && text[at] === '#') {
      const end = text.indexOf('\n', at);
      cell.lastIndex = end < 0 ? text.length : end + 1;
      startLine = ++line;
      continue;
    }
    const match = cell.exec(text);
    if (match === null) {
      throw new InvalidInputError(path, [
        `line ${line}: a quote that is not closed, or text beside one`,
      ]);
    }
    const [whole, quoted, plain = '', end] = match;
    cells.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    line += whole.split('\n').length - 1;
    if (end === ',' && cell.lastIndex < text.length) continue;
    if (end === ',') cells.push('');
    if (cells.some((c) => c !== '')) found.push({ line: startLine, cells });
    cells = [];
    startLine = line;
  }
  return found;
}
