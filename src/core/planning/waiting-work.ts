import { InvalidInputError } from '../model/errors.ts';
import type { PublicFleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import type { BatchDemand, DispatchProblem } from '../optimizer/problem.ts';
import type { Horizon } from './assemble.ts';

/** Work of one zone that may wait, as a plan sees it. */
export interface WaitingWork {
  classIndex: number;
  zoneIndex: number;
  /** Slots it may be served in, the last included. */
  firstSlot: number;
  lastSlot: number;
  /** Requests per second times slots. */
  amount: number;
  /** Place among a run's jobs, if it is one whose hours the plan is to tell. */
  job?: number;
}

/** Masters of a horizon have a dense row for each: 336 at 40 sites took four times as long as 24 at 100. */
const MOST_DEMANDS = 400;

/**
 * Last slot for what comes in slot t: `maxDelayHours` after the slot has begun, so that nothing waits
 * for longer. At the horizon's end windows are cut: a plan serves by its end whatever comes within it.
 */
export function lastSlotOf(horizon: Horizon, t: number, maxDelayHours: number): number {
  const slots = Math.max(1, Math.floor(maxDelayHours / horizon.slotHours));
  return Math.min(horizon.slotCount - 1, t + slots - 1);
}

/** What the demand of classes that may wait brings, slot by slot, with the time each has. */
function arrivals(
  fleet: PublicFleet,
  horizon: Horizon,
  demandReqPerS: Float64Array,
): WaitingWork[] {
  const K = fleet.classes.length;
  const works: WaitingWork[] = [];
  fleet.classes.forEach(({ maxDelayHours }, classIndex) => {
    if (maxDelayHours === undefined) return;
    for (let t = 0; t < horizon.slotCount; t++) {
      const lastSlot = lastSlotOf(horizon, t, maxDelayHours);
      fleet.zones.forEach((_, zoneIndex) => {
        const amount = demandReqPerS[(t * fleet.zones.length + zoneIndex) * K + classIndex] ?? 0;
        works.push({ classIndex, zoneIndex, firstSlot: t, lastSlot, amount });
      });
    }
  });
  return works;
}

/**
 * The part of a problem that may wait, and the demand without it. Work of zones that may use the same
 * sites in the same slots is one demand, since network time is worth nothing to it.
 * @param beside work on top of what `demandReqPerS` brings
 * @throws InvalidInputError where there are more demands than a master can join
 */
export function withWaitingWork(
  fleet: PublicFleet,
  horizon: Horizon,
  problem: DispatchProblem,
  beside: readonly WaitingWork[],
): DispatchProblem {
  const { demandReqPerS } = problem;
  const works = [...arrivals(fleet, horizon, demandReqPerS), ...beside];
  if (works.length === 0) return problem;
  const batch = grouped(problem, works);
  if (batch.length > MOST_DEMANDS) {
    throw new InvalidInputError('classes', [
      `work that may wait makes ${batch.length} demands, one for each slot and each set of sites that zones may use and for each job, and a plan can join ${MOST_DEMANDS}: without sitesPerZone, zones share their sites`,
    ]);
  }
  const K = problem.classCount;
  const rest = demandReqPerS.map((d, i) => {
    const cls = fleet.classes[i % K];
    return cls && mayWait(cls) ? 0 : d;
  });
  return { ...problem, demandReqPerS: rest, batch };
}

function grouped(p: DispatchProblem, works: readonly WaitingWork[]): BatchDemand[] {
  const siteKeys = new Map<number, string>();
  const keyOf = (r: number) => {
    const known = siteKeys.get(r);
    if (known !== undefined) return known;
    const key = p.edgeSite.subarray(p.rowStart[r], p.rowStart[r + 1]).join();
    siteKeys.set(r, key);
    return key;
  };
  const groups = new Map<string, { first: WaitingWork; byRow: Map<number, number> }>();
  for (const work of works) {
    if (!(work.amount > 0)) continue;
    const r = work.zoneIndex * p.classCount + work.classIndex;
    const key = `${work.classIndex} ${work.firstSlot} ${work.lastSlot} ${work.job ?? ''} ${keyOf(r)}`;
    const group = groups.get(key) ?? { first: work, byRow: new Map<number, number>() };
    group.byRow.set(r, (group.byRow.get(r) ?? 0) + work.amount);
    groups.set(key, group);
  }
  return Array.from(groups.values(), ({ first, byRow }): BatchDemand => {
    const rows = Int32Array.from(byRow.keys());
    const amounts = Float64Array.from(byRow.values());
    const amount = amounts.reduce((a, b) => a + b, 0);
    const [r = 0] = rows;
    return {
      classIndex: first.classIndex,
      firstSlot: first.firstSlot,
      lastSlot: first.lastSlot,
      amount,
      sites: p.edgeSite.slice(p.rowStart[r], p.rowStart[r + 1]),
      rows,
      rowShare: amounts.map((a) => a / amount),
      ...(first.job !== undefined && { job: first.job }),
    };
  });
}

/** The same problem with nothing put off: all is served in the slot it comes in, or not at all. */
export function atArrival(p: DispatchProblem): DispatchProblem {
  if (!p.batch) return p;
  const rows = p.zoneCount * p.classCount;
  const demandReqPerS = p.demandReqPerS.slice();
  for (const { rows: of, rowShare, firstSlot, amount } of p.batch) {
    of.forEach((r, n) => {
      const at = firstSlot * rows + r;
      demandReqPerS[at] = (demandReqPerS[at] as number) + amount * (rowShare[n] as number);
    });
  }
  return { ...p, demandReqPerS, batch: undefined };
}
