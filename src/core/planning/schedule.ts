import type { DispatchProblem } from '../optimizer/problem.ts';

/** When a part of a row's work that may wait is served. */
export interface ServedPart {
  row: number;
  /** Slot it came in, and slot it is served in. */
  released: number;
  slot: number;
  /** Requests per second times slots. */
  amount: number;
  /** Nobody serves it: `slot` is the last it could have been. */
  isUnserved: boolean;
  /** Of work that is a job: its place among them. */
  job?: number;
}

interface Queued {
  released: number;
  due: number;
  amount: number;
  job?: number;
}

/** Of a row's work; less is the rounding of a master. */
const ROUNDING = 1e-9;

/**
 * What flows mean for the work that may wait: in each slot a row's work is served in the order it is
 * due. For given amounts by slot that order meets all windows if any does.
 * @param flow req/s by edge, by slot
 * @param unserved req/s by row, by slot
 */
export function scheduleOf(
  p: DispatchProblem,
  flow: readonly Float64Array[],
  unserved: readonly Float64Array[],
): ServedPart[] {
  const parts: ServedPart[] = [];
  for (const [row, works] of worksByRow(p)) {
    const total = works.reduce((sum, w) => sum + w.amount, 0);
    const least = ROUNDING * total;
    const waiting: Queued[] = [];
    for (let slot = 0; slot < p.slotCount; slot++) {
      waiting.push(...works.filter((w) => w.released === slot));
      waiting.sort((a, b) => a.due - b.due || a.released - b.released);
      let served = 0;
      for (let e = p.rowStart[row] as number; e < (p.rowStart[row + 1] as number); e++) {
        served += flow[slot]?.[e] as number;
      }
      const lost = unserved[slot]?.[row] as number;
      for (const [isUnserved, much] of [
        [false, served],
        [true, lost],
      ] as const) {
        for (const part of taken(waiting, much)) {
          if (part.amount > least) parts.push({ row, slot, isUnserved, ...part });
        }
      }
    }
  }
  return parts;
}

function worksByRow(p: DispatchProblem): Map<number, Queued[]> {
  const byRow = new Map<number, Queued[]>();
  for (const b of p.batch ?? []) {
    b.rows.forEach((row, n) => {
      const works = byRow.get(row) ?? [];
      const amount = b.amount * (b.rowShare[n] as number);
      works.push({ released: b.firstSlot, due: b.lastSlot, amount, job: b.job });
      byRow.set(row, works);
    });
  }
  return byRow;
}

/** Takes so much from the front of a queue. */
function taken(waiting: Queued[], much: number): Omit<Queued, 'due'>[] {
  const out: Omit<Queued, 'due'>[] = [];
  let left = much;
  while (left > 0 && waiting.length > 0) {
    const first = waiting[0] as Queued;
    const amount = Math.min(left, first.amount);
    out.push({ released: first.released, amount, job: first.job });
    left -= amount;
    if (amount < first.amount) first.amount -= amount;
    else waiting.shift();
  }
  return out;
}
