import { InvalidInputError } from '../core/model/errors.ts';

/** Parses JSON; a fault comes with its line and column. Throws {@link InvalidInputError}. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const before = text.slice(0, faultOffset(text, message)).split('\n');
    const column = (before.at(-1) as string).length + 1;
    const reason = message
      .replace(/ in JSON at position.*$| after JSON at position.*$/s, '')
      .replace(/, (\.\.\.)?".*is not valid JSON$/s, '');
    throw new InvalidInputError(what, [
      `line ${before.length}, column ${column}: not JSON: ${reason}`,
    ]);
  }
}

/**
 * V8 names the position of most faults, but not of an unexpected token. Up to the token every
 * prefix of the text is merely unfinished, from it on none is, so halving finds it.
 */
function faultOffset(text: string, message: string): number {
  const named = /at position (\d+)/.exec(message);
  if (named) return Number(named[1]);
  if (!isUnexpectedToken(text)) return text.length;
  let unfinished = 0;
  let faulty = text.length;
  while (faulty - unfinished > 1) {
    const middle = Math.floor((unfinished + faulty) / 2);
    if (isUnexpectedToken(text.slice(0, middle))) faulty = middle;
    else unfinished = middle;
  }
  return unfinished;
}

function isUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as SyntaxError).message.startsWith('Unexpected token');
  }
}
