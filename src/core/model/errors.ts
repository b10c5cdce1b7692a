import type { z } from 'zod';
import { issueWords } from './issue-words.ts';

/** A value from outside that cannot be used; `message` names path, fault and expectation. */
export class InvalidInputError extends Error {
  override name = 'InvalidInputError';
  /** What it was read from. */
  readonly what: string;
  readonly issues: readonly string[];
  constructor(what: string, issues: readonly string[]) {
    super(`${what}: ${issues.join('; ')}`);
    this.what = what;
    this.issues = issues;
  }
}

function pathOf(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  }
  return text === '' ? '(root)' : text;
}

/** One line per issue: `sites[3].cost.cooling.ppue: must be at least 1`. */
export function issueLines(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`);
}

/**
 * Parses or throws {@link InvalidInputError} with a path for every fault.
 * @param showValues whether the faults tell the values found, see {@link issueWords}
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
  showValues = false,
): z.output<S> {
  const result = schema.safeParse(value, { error: issueWords(showValues) });
  if (result.success) return result.data;
  throw new InvalidInputError(what, issueLines(result.error));
}
