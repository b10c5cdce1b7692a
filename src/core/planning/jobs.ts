import { z } from 'zod';
import { InvalidInputError } from '../model/errors.ts';
import type { PublicFleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import { parseUtcMs } from '../model/time.ts';
import { MS_PER_HOUR, SECONDS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import type { Horizon } from './assemble.ts';
import { slotUtcMs } from './inputs.ts';
import { scheduleOf } from './schedule.ts';
import type { WaitingWork } from './waiting-work.ts';

const instant = z
  .string()
  .refine((text) => parseUtcMs(text) !== undefined, 'must be an instant such as 2026-01-15T18:00Z');

/** Work that is known beforehand: so many requests of a class that may wait, to be served in a span. */
export const jobSchema = z.strictObject({
  class: z.string(),
  zone: z.string(),
  requests: z.number().positive().max(1e12),
  /** Served from then on, and done by then. */
  from: instant,
  to: instant,
});
export type Job = z.output<typeof jobSchema>;

/** Jobs a deployment's plan is made for at most: each is a demand that the master has a dense row for. */
export const MOST_JOBS = 100;

/** What a plan does with a job: requests that are to be sent in each of its slots. Stored in plans. */
export const jobOutcomeSchema = z.object({
  ...jobSchema.shape,
  requestsBySlot: z.array(z.number().min(0)),
});
export type JobOutcome = z.output<typeof jobOutcomeSchema>;

/**
 * Jobs as work for a plan: in the slots that lie within their spans, whole.
 * Throws {@link InvalidInputError} naming the job and what is wrong with it.
 */
export function jobWork(
  fleet: Pick<PublicFleet, 'classes' | 'zones'>,
  horizon: Horizon,
  jobs: readonly Job[],
  what: string,
): WaitingWork[] {
  const issues: string[] = [];
  const works = jobs.map((job, n): WaitingWork => {
    const classIndex = fleet.classes.findIndex((c) => c.id === job.class && mayWait(c));
    const zoneIndex = fleet.zones.findIndex((z) => z.id === job.zone);
    const [firstSlot, lastSlot] = window(horizon, job);
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
    return { classIndex, zoneIndex, firstSlot, lastSlot, amount };
  });
  if (issues.length > 0) throw new InvalidInputError(what, issues);
  return works;
}

/** First and last of the slots that lie within a job's span. */
function window(horizon: Horizon, { from, to }: Job): [first: number, last: number] {
  const slotMs = horizon.slotHours * MS_PER_HOUR;
  const slots = (text: string) => ((parseUtcMs(text) as number) - horizon.startUtcMs) / slotMs;
  return [Math.ceil(slots(from)), Math.floor(slots(to)) - 1];
}

function list(names: readonly string[]): string {
  return names.length > 0 ? names.join(', ') : 'none in this registry';
}

/** Jobs of a run, each a demand of its own, so that the plan can say when it is served. */
export function ownWork(fleet: PublicFleet, horizon: Horizon & { jobs?: Job[] }): WaitingWork[] {
  return jobWork(fleet, horizon, horizon.jobs ?? [], 'jobs').map((work, job) => ({ ...work, job }));
}

/** When each job of a plan is served; what finds no room in time is in no slot. */
export function jobOutcomes(
  jobs: readonly Job[],
  p: DispatchProblem,
  slotHours: number,
  flow: readonly Float64Array[],
  unserved: readonly Float64Array[],
): JobOutcome[] {
  if (jobs.length === 0) return [];
  const served = jobs.map(() => new Float64Array(p.slotCount));
  for (const { job, slot, amount, isUnserved } of scheduleOf(p, flow, unserved)) {
    const of = job === undefined || isUnserved ? undefined : served[job];
    if (of) of[slot] = (of[slot] as number) + amount * SECONDS_PER_HOUR * slotHours;
  }
  return jobs.map((job, n) => ({
    ...job,
    requestsBySlot: Array.from(served[n] as Float64Array, (v) => Math.round(v * 100) / 100),
  }));
}

/** What a plan's header says of jobs. */
export type JobsOfPlan = Horizon & { jobs?: readonly JobOutcome[]; jobsFault?: string };

/** Less of a job is the rounding of plans. */
const LEAST_REQUESTS = 0.5;

/**
 * What a standing plan leaves of its jobs to a new one: requests of the hours that are over have been
 * sent. A job whose time is over, or that the registry no longer knows, is left out.
 */
export function jobsLeft(fleet: PublicFleet, standing: JobsOfPlan, horizon: Horizon): Job[] {
  return (standing.jobs ?? []).flatMap(({ requestsBySlot, ...job }): Job[] => {
    const sent = requestsBySlot.reduce(
      (sum, n, t) => (slotUtcMs(standing, t) < horizon.startUtcMs ? sum + n : sum),
      0,
    );
    const fromMs = Math.max(parseUtcMs(job.from) as number, horizon.startUtcMs);
    const left = { ...job, from: new Date(fromMs).toISOString(), requests: job.requests - sent };
    const [first, last] = window(horizon, left);
    const isKnown =
      fleet.classes.some((c) => c.id === job.class && mayWait(c)) &&
      fleet.zones.some((z) => z.id === job.zone);
    return isKnown && left.requests > LEAST_REQUESTS && first <= last && last < horizon.slotCount
      ? [left]
      : [];
  });
}
