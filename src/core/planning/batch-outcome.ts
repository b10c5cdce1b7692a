import { z } from 'zod';
import type { PublicFleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import { BatchTally } from './batch-tally.ts';

/** What a plan does with the work of a class that may wait. */
export const batchOutcomeSchema = z.object({
  class: z.string(),
  requests: z.number().min(0),
  unservedRequests: z.number().min(0),
  /** Share of the served that is served in a later slot than it came in. */
  movedShare: z.number().min(0).max(1),
  /** From the slot it came in to the slot it is served in, of all served. */
  meanDelayHours: z.number().min(0),
  /** By slot, req/s: what comes, what is served, and what is given up, its time being over. */
  cameReqPerS: z.array(z.number().min(0)),
  servedReqPerS: z.array(z.number().min(0)),
  unservedReqPerS: z.array(z.number().min(0)),
});
export type BatchOutcome = z.output<typeof batchOutcomeSchema>;

/** One for each class that may wait. */
export function batchOutcomes(
  fleet: PublicFleet,
  p: DispatchProblem,
  slotHours: number,
  flow: readonly Float64Array[],
  unserved: readonly Float64Array[],
): BatchOutcome[] {
  return fleet.classes.flatMap((cls, k): BatchOutcome[] => {
    if (!mayWait(cls)) return [];
    const batch = (p.batch ?? []).filter((b) => b.classIndex === k);
    const tally = new BatchTally();
    tally.addBlock({ ...p, batch }, flow, unserved, slotHours, SECONDS_PER_HOUR * slotHours);
    const came = new Float64Array(p.slotCount);
    for (const b of batch) came[b.firstSlot] = (came[b.firstSlot] as number) + b.amount;
    return [
      {
        class: cls.id,
        ...tally.totals(),
        cameReqPerS: [...came],
        servedReqPerS: flow.map((x) => sumOf(p, k, (r) => flowOf(p, x, r))),
        unservedReqPerS: unserved.map((y) => sumOf(p, k, (r) => y[r] as number)),
      },
    ];
  });
}

/** Over the zones of a class; an interior point may leave the last bit below zero. */
function sumOf(p: DispatchProblem, k: number, of: (row: number) => number): number {
  let sum = 0;
  for (let i = 0; i < p.zoneCount; i++) sum += of(i * p.classCount + k);
  return Math.max(0, sum);
}

function flowOf(p: DispatchProblem, flow: Float64Array, row: number): number {
  let sum = 0;
  for (let e = p.rowStart[row] as number; e < (p.rowStart[row + 1] as number); e++) {
    sum += flow[e] as number;
  }
  return sum;
}
