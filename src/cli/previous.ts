import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { parseUtcMs } from '../core/model/time.ts';
import type { PlannedLoads } from '../core/planning/ramp.ts';

/** What is needed of an earlier plan, as `plan --json` wrote it. */
const previousSchema = z.object({
  startUtc: z.string().refine((text) => parseUtcMs(text) !== undefined, 'must be an instant'),
  slotHours: z.number().positive(),
  loads: z.array(z.object({ sites: z.record(z.string(), z.number().min(0)) })).min(1),
});

/** Loads of an earlier plan from its JSON. Throws {@link InvalidInputError}. */
export function readPrevious(file: string): PlannedLoads {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidInputError('--previous', [`"${file}": ${(error as Error).message}`]);
  }
  const { startUtc, slotHours, loads } = parseInput(previousSchema, value, `--previous ${file}`);
  const ids = Object.keys(loads[0]?.sites ?? {});
  return {
    startUtcMs: parseUtcMs(startUtc) as number,
    slotHours,
    slotCount: loads.length,
    sites: Object.fromEntries(
      ids.map((id) => [id, Float64Array.from(loads, (slot) => slot.sites[id] ?? 0)]),
    ),
  };
}
