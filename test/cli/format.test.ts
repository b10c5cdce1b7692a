import { describe, expect, it } from 'vitest';
import { about, commonDigits, count, decimal, gapPercent, signed } from '../../src/cli/format.ts';
import { groupedBySite } from '../../src/cli/notes.ts';
import { table, wrap } from '../../src/cli/table.ts';

describe('numbers', () => {
  it('separates thousands and never shows a negative nothing', () => {
    expect(decimal(1_234_567.891, 1)).toBe('1,234,567.9');
    expect(decimal(-0.001, 1)).toBe('0.0');
    expect(decimal(Number.NaN, 1)).toBe('n/a');
  });

  it('shows as many decimals as the largest of a column bears', () => {
    expect(commonDigits([1.5, 0.001])).toBe(2);
    expect(commonDigits([7201.2, 12])).toBe(1);
    expect(commonDigits([-348_423, 12])).toBe(0);
  });

  it('signs differences, but not nothing', () => {
    expect(signed(1.234)).toBe('+1.23');
    expect(signed(-1.234)).toBe('-1.23');
    expect(signed(0.001)).toBe('0.00');
    expect(signed(Number.POSITIVE_INFINITY)).toBe('n/a');
  });

  it('shows gaps in percent', () => {
    expect(gapPercent(0)).toBe('0 %');
    expect(gapPercent(1e-9)).toBe('< 0.0001 %');
    expect(gapPercent(0.000_987)).toBe('0.099 %');
    expect(gapPercent(Number.POSITIVE_INFINITY)).toBe('none yet');
  });

  it('shows no more than two digits of what is not known better', () => {
    expect([117.59, 0, 0.034, 1.96, 12_345, 9.99].map(about)).toEqual([
      'about 120',
      '0',
      'about 0.034',
      'about 2.0',
      'about 12,000',
      'about 10',
    ]);
  });

  it('counts', () => {
    expect(count(1, 'round')).toBe('1 round');
    expect(count(8760, 'hour')).toBe('8,760 hours');
    expect(count(2, 'class')).toBe('2 classes');
  });
});

describe('text', () => {
  it('aligns tables', () => {
    const columns = [{ header: ['a'], align: 'left' as const }, { header: ['long', 'kWh'] }];
    expect(
      table(columns, [
        ['xyz', '1'],
        ['', '23456'],
      ]),
    ).toBe(['a     long', '       kWh', 'xyz      1', '     23456'].join('\n'));
  });

  it('wraps with a hanging indent, and leaves a long word whole', () => {
    const word = 'x'.repeat(120);
    expect(wrap(`${word} y`, '- ', '  ')).toBe(`- ${word}\n  y`);
    expect(wrap('a b', '- ', '  ')).toBe('- a b');
  });

  it('takes a terminal of no width for one of unknown width', () => {
    const stdout = process.stdout as { columns?: number };
    const { columns } = stdout;
    stdout.columns = 0;
    expect(wrap('some words')).toBe('some words');
    stdout.columns = columns;
  });

  it('groups notes that differ in the site only', () => {
    expect(groupedBySite(['a: same', 'free', 'b: same', 'b: other'])).toEqual([
      'a, b: same',
      'free',
      'b: other',
    ]);
  });
});
