import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvRows } from '../../../src/cli/init/csv-rows.ts';

const read = (text: string) => csvRows(text, 'f.csv', ['a', 'b', 'c']);
const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

describe('rows of a CSV file', () => {
  test('have whatever their quoted cells have, line breaks too, and know their line', () => {
    const cells = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(cells, { minLength: 1, maxLength: 4 }), fc.boolean(), (rows, isCrLf) => {
        const end = isCrLf ? '\r\n' : '\n';
        const text = ['a,b,c', ...rows.map((row) => row.map(quoted).join(','))].join(end);
        const kept = rows.filter((row) => row.some((cell) => cell !== ''));
        const read3 = read(text);
        expect(read3.map((r) => ['a', 'b', 'c'].map((c) => r.cells[c] ?? ''))).toEqual(kept);
        let line = 2;
        const lines = rows.flatMap((row) => {
          const at = line;
          line += 1 + row.join('').split('\n').length - 1;
          return row.some((cell) => cell !== '') ? [at] : [];
        });
        expect(read3.map((r) => r.line)).toEqual(lines);
      }),
    );
  });

  test('leave out comments, empty lines, empty cells and space around plain ones', () => {
    expect(read('# sites\na, b ,c\n\n# one\n 1 ,,x y\n,,\n')).toEqual([
      { line: 5, cells: { a: '1', c: 'x y' } },
    ]);
    expect(read('a,b,c\n1,2,')).toEqual([{ line: 2, cells: { a: '1', b: '2' } }]);
  });

  test.each([
    ['', 'f.csv: is empty, expected a header line'],
    ['a,d\n', 'f.csv: line 1: no column "d"; expected some of a, b, c'],
    ['a,a\n', 'f.csv: line 1: column "a" is there twice'],
    ['a,b\n1,2\n1,2,3\n', 'f.csv: line 3: has 3 cells, but the header names 2 columns'],
    ['a\n"1\n', 'f.csv: line 2: a quote that is not closed, or text beside one'],
    ['a\n1"2\n', 'f.csv: line 2: a quote that is not closed, or text beside one'],
  ])('%j is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
