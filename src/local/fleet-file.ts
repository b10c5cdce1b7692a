import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { type Fleet, fleetSchema } from '../core/model/fleet.ts';
import { parseJson } from './json.ts';

/** The package's own registry. */
export const defaultFleetPath = join(import.meta.dirname, '../../config/fleet.json');

/** Reads a registry for a command that needs a good one; the error names one fault and how many. */
export async function readFleetFile(path = defaultFleetPath): Promise<Fleet> {
  if (/\.csv$/i.test(path)) {
    throw new InvalidInputError(path, ['is CSV; `isotherm init --csv` makes a registry of it']);
  }
  const value = parseJson(await readText(path), path);
  try {
    return parseInput(fleetSchema, value, path, true);
  } catch (error) {
    if (!(error instanceof InvalidInputError) || error.issues.length < 2) throw error;
    const more = error.issues.length - 1;
    throw new InvalidInputError(path, [
      `${error.issues[0]} (and ${more} more; "isotherm sites validate" lists them all)`,
    ]);
  }
}

/** Reads a file a user named. Throws {@link InvalidInputError} if there is none. */
export async function readText(path: string): Promise<string> {
  try {
    // The decoder takes a byte order mark away.
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError) throw new InvalidInputError(path, ['is not text in UTF-8']);
    const { code, message } = error as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      ENOENT: 'no such file',
      EISDIR: 'is a folder, expected a file',
      EACCES: 'not readable (permission denied)',
    };
    throw new InvalidInputError(path, [why[code ?? ''] ?? message]);
  }
}
