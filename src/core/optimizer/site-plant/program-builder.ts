import { type Column, Program } from './program.ts';

/** Rows of the caps come last, so that the matrix stays narrow, and are named before they exist. */
export const waterRow = (day: number) => -1 - 2 * day;
export const carbonRow = (day: number) => -2 - 2 * day;

export type Entry = [row: number, coefficient: number];

/** Rows and columns of a program, in the order they are added. */
export class ProgramBuilder {
  readonly #rhs: number[] = [];
  readonly #columns: Column[] = [];

  row(rhs: number): number {
    return this.#rhs.push(rhs) - 1;
  }

  /** A column that cannot be other than zero is left out: −1. */
  column(column: Omit<Column, 'entries'> & { entries: Entry[] }): number {
    if (!(column.upper > 0)) return -1;
    const entries = column.entries.filter(([, coefficient]) => coefficient !== 0);
    return this.#columns.push({ ...column, entries }) - 1;
  }

  /** What makes a row ≤ its right-hand side. */
  slack(row: number, size: number): void {
    this.column({ cost: 0, upper: Infinity, entries: [[row, 1]], size });
  }

  /** A row in the place of all that was entered under a name. */
  resolve(name: number, row: number): void {
    for (const { entries } of this.#columns) {
      for (const entry of entries) if (entry[0] === name) entry[0] = row;
    }
  }

  build(audScale: number): Program {
    return new Program(this.#rhs, this.#columns, audScale);
  }
}
