import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/core/model/errors.ts';
import { readHourlyCsv } from '../../src/sim/csv.ts';
import { newFolder, START_MS, utc, writeText } from './support/folder.ts';

/** Reads six hours of a file with this text. */
function read(text: string) {
  const path = writeText(newFolder(), 'hours.csv', text);
  return { path, read: () => readHourlyCsv(path, START_MS, 6) };
}

function columnsOf(text: string): Record<string, number[]> {
  const { columns } = read(text).read();
  return Object.fromEntries([...columns].map(([name, values]) => [name, [...values]]));
}

const none = Number.NaN;

describe('a good file', () => {
  it('puts every value in its hour; missing hours and empty cells are NaN', () => {
    const text = `utc,a,b\n${utc(0)},1,-2.5\n${utc(2)},,1e3\n${utc(5)}, 7 ,\n`;
    expect(columnsOf(text)).toEqual({
      a: [1, none, none, none, none, 7],
      b: [-2.5, none, 1000, none, none, none],
    });
    expect(read(text).read().rows).toBe(3);
  });

  it('keeps 0 apart from nothing', () => {
    expect(columnsOf(`utc,a\n${utc(0)},0\n${utc(1)},\n`).a?.slice(0, 2)).toEqual([0, none]);
  });

  it('may have its hours in any order, and utc in any column', () => {
    const sorted = columnsOf(`utc,a\n${utc(0)},10\n${utc(1)},11\n${utc(2)},12\n`);
    expect(columnsOf(`a,utc\n12,${utc(2)}\n10,${utc(0)}\n11,${utc(1)}\n`)).toEqual(sorted);
    expect(sorted.a?.slice(0, 3)).toEqual([10, 11, 12]);
  });

  it('may come from Windows: byte order mark, CRLF, spaces, blank lines', () => {
    const text = `\uFEFFutc , a\r\n\r\n${utc(1)},3\r\n\r\n`;
    expect(columnsOf(text)).toEqual({ a: [none, 3, none, none, none, none] });
  });

  it('may be longer than the span: hours outside are left aside', () => {
    const text = `utc,a\n${utc(-1)},8\n${utc(0)},9\n${utc(5)},10\n${utc(6)},11\n`;
    expect(columnsOf(text)).toEqual({ a: [9, none, none, none, none, 10] });
    expect(read(text).read().rows).toBe(2);
  });

  it('may have nothing but a header', () => {
    const { columns, rows } = read('utc,a').read();
    expect(rows).toBe(0);
    expect(columns.get('a')?.every((v) => Number.isNaN(v))).toBe(true);
  });

  it('may write an hour with its offset: it is the same instant', () => {
    expect(columnsOf('utc,a\n2022-01-24T13:00+11:00,4\n').a?.[2]).toBe(4);
  });
});

describe('a bad file', () => {
  const row = (cell: string) => `utc,a,b\n${utc(0)},1,2\n\n${utc(1)},3,${cell}\n`;

  it.each([
    ['nothing at all', '', 'line 1: expected a column named "utc"'],
    ['no column utc', `time,a\n${utc(0)},1\n`, 'line 1: expected a column named "utc"'],
    ['no header', `${utc(0)},1\n`, 'line 1: expected a column named "utc"'],
    ['other separators', `utc;a\n${utc(0)};1\n`, 'line 1: expected a column named "utc"'],
    // Lines as an editor counts them, blank ones too.
    ['NaN', row('NaN'), 'line 4: b is "NaN", expected a number'],
    ['text', row('warm'), 'line 4: b is "warm", expected a number'],
    ['a unit', row('21 °C'), 'line 4: b is "21 °C", expected a number'],
    ['a quoted cell', row('"21"'), 'line 4: b is ""21"", expected a number'],
    ['infinity', row('Infinity'), 'line 4: b is "Infinity", expected a number'],
    ['a number too large', row('1e999'), 'line 4: b is "1e999", expected a number'],
    ['a dash for nothing', row('-'), 'line 4: b is "-", expected a number'],
    ['no time', 'utc,a\n,1\n', 'line 2: utc is "", expected a full hour'],
    ['a row too short for its time', 'a,utc\n1\n', 'line 2: utc is '],
    ['words', 'utc,a\nyesterday,1\n', 'line 2: utc is "yesterday", expected a full hour'],
    ['day first', 'utc,a\n24/01/2022 00:00,1\n', 'line 2: utc is "24/01/2022 00:00", expected'],
    ['hour 25', 'utc,a\n2022-01-24T25:00Z,1\n', 'line 2: utc is "2022-01-24T25:00Z", expected'],
    ['half past', 'utc,a\n2022-01-24T00:30Z,1\n', 'line 2: utc is "2022-01-24T00:30Z", expected'],
    ['a second late', 'utc,a\n2022-01-24T00:00:01Z,1\n', 'line 2: utc is "2022-01-24T00:00:01Z"'],
    // A full hour in Adelaide is none in UTC.
    ['Adelaide’s time', 'utc,a\n2022-01-24T10:00+10:30,1\n', 'line 2: utc is "2022-01-24T10:00+'],
  ])('with %s is refused', (_, text, message) => {
    const { path, read: fails } = read(text);
    expect(fails).toThrow(InvalidInputError);
    expect(fails).toThrow(`${path}: ${message}`);
  });

  it('with an hour twice is refused at the second, near or far, however it is written', () => {
    const twice = `utc,a\n${utc(1)},1\n${utc(2)},2\n`;
    for (const again of [utc(2), utc(1), '2022-01-24T01:00:00.000Z', '2022-01-24T12:00+11:00']) {
      const { path, read: fails } = read(`${twice}${again},3\n`);
      expect(fails).toThrow(InvalidInputError);
      expect(fails).toThrow(`${path}: line 4: hour ${again} appears twice`);
    }
  });

  it('is refused for its first fault', () => {
    const text = `utc,a\n${utc(0)},x\n${utc(0)},1\nnever,1\n`;
    expect(read(text).read).toThrow('line 2: a is "x"');
  });

  it.each([
    // Without Z, Date.parse takes a time for the machine's own.
    ['no zone', '2022-01-24T00:00'],
    ['a blank for the T', '2022-01-24 00:00Z'],
    // Date.parse takes it for the 2nd of March.
    ['a day that does not exist', '2022-02-30T05:00Z'],
    ['the hour 24', '2022-01-24T24:00Z'],
  ])('with %s is refused, whatever Date.parse makes of it', (_, time) => {
    const { path, read: fails } = read(`utc,a\n${time},1\n`);
    expect(fails).toThrow(InvalidInputError);
    expect(fails).toThrow(
      `${path}: line 2: utc is "${time}", expected a full hour such as 2022-01-24T00:00Z`,
    );
  });

  it('with more cells in a row than in the header is refused, as in 21,5 for 21.5', () => {
    const { path, read: fails } = read(`utc,a,b\n${utc(0)},20,60\n${utc(1)},21,5,60\n`);
    expect(fails).toThrow(InvalidInputError);
    expect(fails).toThrow(`${path}: line 3: has 4 cells, but the header names 3 columns`);
  });
});

it('reads only the columns asked for, and tells the hours of the whole file', () => {
  const text = `utc,a,station\n${utc(-3)},1,x\n${utc(0)},2,Observatory Hill\n${utc(9)},3,\n`;
  const path = writeText(newFolder(), 'hours.csv', text);
  const { columns, firstUtcMs, lastUtcMs } = readHourlyCsv(path, START_MS, 6, ['a', 'c']);
  expect([...columns.keys()]).toEqual(['a']);
  expect(columns.get('a')?.[0]).toBe(2);
  expect([firstUtcMs, lastUtcMs]).toEqual([START_MS - 3 * 3_600_000, START_MS + 9 * 3_600_000]);
});
