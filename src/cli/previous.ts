import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { planDemandSchema, planSharesSchema } from '../core/planning/plan.ts';
import type { PlannedTraffic } from '../core/planning/traffic.ts';

/** What is needed of an earlier plan, as `plan --json` wrote it. */
const previousSchema = z.object({
  startUtc: z.string().refine((text) => parseUtcMs(text) !== undefined, 'must be an instant'),
  slotHours: z.number().positive(),
  traffic: z.array(z.object({ shares: planSharesSchema, waitingReqPerS: planDemandSchema })).min(1),
});

/** How an earlier plan splits traffic, from its JSON. Throws {@link InvalidInputError}. */
export function readPrevious(file: string): PlannedTraffic {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidInputError('--previous', [`"${file}": ${(error as Error).message}`]);
  }
  const { startUtc, slotHours, traffic } = parseInput(previousSchema, value, `--previous ${file}`);
  return { startUtcMs: parseUtcMs(startUtc) as number, slotHours, slots: traffic };
}
