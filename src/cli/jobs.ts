import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import type { Horizon } from '../core/planning/assemble.ts';
import { jobSchema, jobWork } from '../core/planning/jobs.ts';
import type { WaitingWork } from '../core/planning/waiting-work.ts';

const jobsSchema = z.array(jobSchema).max(10_000);

/** Jobs of a file as work for a plan. Throws {@link InvalidInputError} naming the job and its fault. */
export function readJobs(file: string, fleet: Fleet, horizon: Horizon): WaitingWork[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new InvalidInputError('--jobs', [`"${file}": ${(error as Error).message}`]);
  }
  const what = `--jobs ${file}`;
  return jobWork(fleet, horizon, parseInput(jobsSchema, value, what, true), what);
}
