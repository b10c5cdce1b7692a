import { FeedError } from './feed.ts';

/**
 * Files of AEMO's market systems. NEM time is UTC+10 all year, whatever clocks on the wall show, and a
 * time stands for the end of its interval.
 */

const NEM_OFFSET = '+10:00';

/** An instant of NEM time, "2025/06/22 00:30:00", with or without seconds; undefined for other text. */
export function nemUtcMs(text: string): number | undefined {
  const [, year, month, day, clock, seconds = ':00'] =
    /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d)(:\d\d)?$/.exec(text.trim()) ?? [];
  const utcMs = Date.parse(`${year}-${month}-${day}T${clock}${seconds}${NEM_OFFSET}`);
  return Number.isNaN(utcMs) ? undefined : utcMs;
}

/** A region's price over an interval. */
export interface RegionPrice {
  region: string;
  /** End of the interval. */
  endUtcMs: number;
  audPerMwh: number;
  /** When AEMO made it. */
  changedUtcMs: number;
}

/** Tables of reports that hold prices, with the column of the interval's end. */
const TABLES = {
  'PREDISPATCH,REGION_PRICES': 'DATETIME',
  'DISPATCH,PRICE': 'SETTLEMENTDATE',
};
type Table = keyof typeof TABLES;

/**
 * Prices of a report in the C/I/D format of NEMWEB: `I` rows name a table's columns, `D` rows are its
 * data, `C` rows are comments, of which the last says END OF REPORT. Where AEMO intervened there is a
 * row of the physical run too (INTERVENTION 1); prices are those of the other.
 */
export async function reportPrices(
  pieces: AsyncIterable<string>,
  table: Table,
): Promise<RegionPrice[]> {
  const prices: RegionPrice[] = [];
  let columns: string[] | undefined;
  let ended = false;
  for await (const line of linesOf(pieces)) {
    if (line.startsWith('C,')) ended ||= /END OF REPORT/.test(line);
    else if (line.startsWith(`I,${table},`)) columns = cellsOf(line);
    else if (line.startsWith(`D,${table},`)) {
      const price = priceOf(cellsOf(line), columns, TABLES[table]);
      if (price !== undefined) prices.push(price);
    }
  }
  if (!ended) throw new FeedError(`${table}: cut short, no END OF REPORT`);
  if (columns === undefined) throw new FeedError(`the report has no table ${table}`);
  return prices;
}

function priceOf(
  cells: string[],
  columns: string[] | undefined,
  endColumn: string,
): RegionPrice | undefined {
  const cell = (name: string) => {
    const n = columns?.indexOf(name) ?? -1;
    if (n < 0) throw new FeedError(`the report has no column ${name}`);
    return cells[n] ?? '';
  };
  if (Number(cell('INTERVENTION')) !== 0) return undefined;
  const endUtcMs = nemUtcMs(cell(endColumn));
  const changedUtcMs = nemUtcMs(cell('LASTCHANGED'));
  const rrp = cell('RRP');
  if (endUtcMs === undefined || changedUtcMs === undefined) {
    throw new FeedError(`a price of "${cell(endColumn)}", expected 2025/06/22 00:30:00`);
  }
  // An empty cell is no price; Number would make it zero.
  const audPerMwh = rrp.trim() === '' ? Number.NaN : Number(rrp);
  return { region: cell('REGIONID'), endUtcMs, audPerMwh, changedUtcMs };
}

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() as string;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Cells of such rows may be quoted, and hold no commas. */
const cellsOf = (line: string) => line.split(',').map((cell) => cell.trim().replace(/^"|"$/g, ''));
