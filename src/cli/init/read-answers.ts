import { issueWords } from '../../core/model/issue-words.ts';
import type { Answers } from './answers.ts';
import { always, type Field } from './field.ts';
import { fields } from './fields.ts';

/** Answers that others follow from. */
const placing: readonly (keyof Answers)[] = ['name', 'id', 'latDeg', 'lonDeg'];

/** Reads an answer; `fault` says what is wrong with it, in words that follow the column's name. */
export function readAnswer(field: Field, text: string): { value?: unknown; fault?: string } {
  const number = Number(text);
  const raw = field.isNumber && text.trim() !== '' && Number.isFinite(number) ? number : text;
  const parsed = field.schema.safeParse(raw, { error: issueWords(true) });
  return parsed.success ? { value: parsed.data } : { fault: parsed.error.issues[0]?.message };
}

/** A site from its cells; every fault begins with its column. */
export function readCells(cells: Record<string, string>): {
  answers?: Answers;
  faults: string[];
} {
  const known: Record<string, unknown> = {};
  const faults: string[] = [];
  // What else is needed follows from where a site is; without that nobody can tell.
  let isPlaced = true;
  for (const field of fields) {
    const { column, about } = field;
    const text = cells[column] ?? field.fallback?.(known as Partial<Answers>);
    if (text === undefined) {
      const isCertain = isPlaced || field.isNeeded === always;
      if (isCertain && field.isNeeded?.(known as Partial<Answers>)) {
        faults.push(`${column}: is missing, expected ${about}`);
        if (placing.includes(column)) isPlaced = false;
      }
      continue;
    }
    const { value, fault } = readAnswer(field, text);
    if (fault !== undefined) faults.push(`${column}: ${fault}`);
    if (fault !== undefined && placing.includes(column)) isPlaced = false;
    known[column] = value;
  }
  if (faults.length > 0) return { faults };
  return { answers: known as unknown as Answers, faults };
}
