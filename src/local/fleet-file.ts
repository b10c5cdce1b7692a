import { readFile } from 'node:fs/promises';
import { parseInput } from '../core/model/errors.ts';
import { type Fleet, fleetSchema } from '../core/model/fleet.ts';

/** Reads and checks a site registry; faults come as one `InvalidInputError` with their paths. */
export async function readFleetFile(path: string): Promise<Fleet> {
  return parseInput(fleetSchema, JSON.parse(await readFile(path, 'utf8')), path);
}
