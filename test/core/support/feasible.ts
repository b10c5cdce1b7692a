import type { DispatchProblem } from '../../../src/core/optimizer/problem.ts';

/** Relative to what is added up. */
const ROUNDING = 1e-9;

/**
 * What of a plan nobody could carry out, in words; empty where all is well: flows below zero, demand that
 * is neither served nor unserved, sites beyond capacity, work served before it is there or too late.
 * @param flow req/s by edge, by slot
 * @param unserved req/s by row, by slot
 */
export function infeasibilities(
  p: DispatchProblem,
  { flow, unserved }: { flow: Float64Array[]; unserved: Float64Array[] },
): string[] {
  const R = p.zoneCount * p.classCount;
  const found: string[] = [];
  const mayWait = new Set((p.batch ?? []).flatMap((b) => [...b.rows]));
  /** Work that may wait, by slot: what of it is placed. */
  const placedOf = new Map([...mayWait].map((r) => [r, new Float64Array(p.slotCount)]));
  for (let t = 0; t < p.slotCount; t++) {
    const loads = new Float64Array(p.sites.length);
    for (let r = 0; r < R; r++) {
      let placed = unserved[t]![r]!;
      if (!(placed >= 0)) found.push(`slot ${t}, row ${r}: ${placed} unserved`);
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const x = flow[t]![e]!;
        if (!(x >= 0)) found.push(`slot ${t}, edge ${e}: a flow of ${x}`);
        placed += x;
        loads[p.edgeSite[e]!]! += x * p.sites[p.edgeSite[e]!]!.loadPerReqPerS[r % p.classCount]!;
      }
      const waiting = placedOf.get(r);
      if (waiting) waiting[t] = placed;
      const demand = p.demandReqPerS[t * R + r]!;
      if (!waiting && !(Math.abs(placed - demand) <= ROUNDING * demand)) {
        found.push(`slot ${t}, row ${r}: ${placed} placed of ${demand}`);
      }
    }
    loads.forEach((load, j) => {
      const limit = p.sites[j]!.maxLoad[t]!;
      if (!(load <= limit * (1 + ROUNDING)))
        found.push(`slot ${t}, site ${j}: ${load} of ${limit}`);
    });
  }
  return [...found, ...outsideWindows(p, placedOf)];
}

/** Up to each slot no more is placed than has come, and no less than had to be. */
function outsideWindows(p: DispatchProblem, placedOf: Map<number, Float64Array>): string[] {
  const found: string[] = [];
  const groups = new Map((p.batch ?? []).map((b) => [b.rows.join(), b.rows]));
  for (const [key, rows] of groups) {
    const own = p.batch!.filter((b) => b.rows.join() === key);
    const all = own.reduce((sum, b) => sum + b.amount, 0);
    let placed = 0;
    for (let t = 0; t < p.slotCount; t++) {
      for (const r of rows) placed += placedOf.get(r)![t]!;
      const sum = (some: typeof own) => some.reduce((a, b) => a + b.amount, 0);
      const come = sum(own.filter((b) => b.firstSlot <= t));
      const due = sum(own.filter((b) => b.lastSlot <= t));
      if (!(placed <= come + ROUNDING * all && placed >= due - ROUNDING * all)) {
        found.push(`slot ${t}, rows ${key}: ${placed} placed up to here of ${due} to ${come}`);
      }
    }
  }
  return found;
}
