import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

/**
 * What is wrong with a value, in words that follow its path: `must be at most 90, is 91`. A schema's
 * own messages come first. The value found is told only where asked for: a site's costs, say, must
 * not be in an answer to the coordinator.
 */
export function issueWords(showValue: boolean): (issue: Issue) => string | undefined {
  return (issue) => {
    const must = expectation(issue);
    if (must === undefined) return undefined;
    if (issue.input === undefined && issue.code === 'invalid_type') return `is missing, ${must}`;
    return showValue ? must + found(issue.input) : must;
  };
}

function expectation(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? `of type ${issue.expected}`}`;
    case 'too_big': {
      const bound = issue.inclusive === false ? 'below' : issue.exact ? 'exactly' : 'at most';
      return sized(issue.origin, bound, issue.maximum);
    }
    case 'too_small': {
      const bound = issue.inclusive === false ? 'above' : issue.exact ? 'exactly' : 'at least';
      return sized(issue.origin, bound, issue.minimum);
    }
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'invalid_union':
      return issue.discriminator && Array.isArray(issue.options)
        ? `must be ${oneOf(issue.options)}`
        : undefined;
    case 'unrecognized_keys':
      return `has ${issue.keys.map((k) => `"${k}"`).join(', ')}, which it must not`;
    case 'invalid_key':
      return `as a key ${issue.issues[0]?.message ?? 'must not be there'}`;
    default:
      return undefined;
  }
}

const typeNames: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function sized(origin: string, bound: string, limit: number | bigint): string {
  if (bound === 'at least' && limit === 1 && origin !== 'number') return 'must not be empty';
  if (origin === 'string') return `must have ${bound} ${limit} characters`;
  if (origin === 'array') return `must have ${bound} ${limit} entries`;
  return `must be ${bound} ${limit}`;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map((v) => JSON.stringify(v));
  return names.length === 1 ? `${names[0]}` : `one of ${names.join(', ')}`;
}

function found(input: unknown): string {
  if (Array.isArray(input)) return input.length > 0 ? `, has ${input.length}` : '';
  if (input === '') return '';
  if (typeof input === 'string') return `, is ${JSON.stringify(input.slice(0, 64))}`;
  return typeof input === 'object' && input !== null ? '' : `, is ${input}`;
}
