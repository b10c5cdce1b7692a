import type { z } from 'zod';
import type { Answers } from './answers.ts';

/** A column of the CSV, and a question where nobody gave one. */
export interface Field {
  column: keyof Answers;
  /** What is expected, for help and for errors. */
  about: string;
  schema: z.ZodType;
  isNumber?: true;
  /** Where a plan could not do without it and nothing better is known. */
  isNeeded?: (known: Partial<Answers>) => boolean;
  /** What holds unless something else is said. */
  fallback?: (known: Partial<Answers>) => string | undefined;
  /** Not asked for: only columns have it. */
  isRare?: true;
}

/** Of a field that no site can do without. */
export const always = () => true;
