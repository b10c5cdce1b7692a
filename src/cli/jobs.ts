import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { mayWait } from '../core/model/request-class.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { MS_PER_HOUR, SECONDS_PER_HOUR } from '../core/model/units.ts';
import type { Horizon } from '../core/planning/assemble.ts';
import type { WaitingWork } from '../core/planning/waiting-work.ts';

const instant = z
  .string()
  .refine((text) => parseUtcMs(text) !== undefined, 'must be an instant such as 2026-01-15T18:00Z')
  .transform((text) => parseUtcMs(text) as number);

/** Work that is known beforehand: so many requests of a class that may wait, to be served in a span. */
const jobsSchema = z
  .array(
    z.strictObject({
      class: z.string(),
      zone: z.string(),
      requests: z.number().positive().max(1e12),
      /** Served from then on, and done by then. */
      from: instant,
      to: instant,
    }),
  )
  .max(10_000);

/**
 * Jobs of a file as work for a plan: in the slots that lie within their spans, whole.
 * Throws {@link InvalidInputError} naming the job and what is wrong with it.
 */
export function readJobs(file: string, fleet: Fleet, horizon: Horizon): WaitingWork[] {
  const what = `--jobs ${file}`;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidInputError('--jobs', [`"${file}": ${(error as Error).message}`]);
  }
  const issues: string[] = [];
  const slotMs = horizon.slotHours * MS_PER_HOUR;
  const works = parseInput(jobsSchema, value, what, true).flatMap((job, n): WaitingWork[] => {
    const classIndex = fleet.classes.findIndex((c) => c.id === job.class && mayWait(c));
    const zoneIndex = fleet.zones.findIndex((z) => z.id === job.zone);
    const firstSlot = Math.ceil((job.from - horizon.startUtcMs) / slotMs);
    const lastSlot = Math.floor((job.to - horizon.startUtcMs) / slotMs) - 1;
    const before = issues.length;
    if (classIndex < 0) {
      const known = fleet.classes.filter(mayWait).map((c) => c.id);
      issues.push(`[${n}].class: "${job.class}", expected one that may wait (${list(known)})`);
    }
    if (zoneIndex < 0) {
      const known = fleet.zones.map((z) => z.id);
      issues.push(`[${n}].zone: "${job.zone}", expected one of ${list(known)}`);
    }
    if (firstSlot < 0) issues.push(`[${n}].from: before the first hour of the plan`);
    if (lastSlot >= horizon.slotCount) issues.push(`[${n}].to: after the last hour of the plan`);
    if (lastSlot < firstSlot) issues.push(`[${n}].to: no whole hour lies between from and to`);
    const amount = job.requests / (SECONDS_PER_HOUR * horizon.slotHours);
    return issues.length > before ? [] : [{ classIndex, zoneIndex, firstSlot, lastSlot, amount }];
  });
  if (issues.length > 0) throw new InvalidInputError(what, issues);
  return works;
}

function list(names: readonly string[]): string {
  return names.length > 0 ? names.join(', ') : 'none in this registry';
}
