import type { DispatchProblem } from '../../../src/core/optimizer/problem.ts';
import { rowCount, totalsBoxes } from '../../../src/core/optimizer/problem.ts';
import type { SiteAnswer } from '../../../src/core/optimizer/site-subproblem.ts';
import { answerQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import type { Instance } from './instances.ts';

/** Totals by site (length T·K each) of flows by slot and edge. */
export function totalsOf(p: DispatchProblem, flow: Float64Array[]): Float64Array[] {
  const K = p.classCount;
  const totals = p.sites.map(() => new Float64Array(p.slotCount * K));
  for (let t = 0; t < p.slotCount; t++) {
    for (let r = 0; r < rowCount(p); r++) {
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const site = totals[p.edgeSite[e]!]!;
        site[t * K + (r % K)] = site[t * K + (r % K)]! + flow[t]![e]!;
      }
    }
  }
  return totals;
}

/** What is wrong with a plan: relative to the row's demand and the site's limit. */
export interface PlanFaults {
  /** Demand neither served nor reported unserved, or served twice. */
  demand: number;
  /** Work that may wait placed before it came or after it was due, of all such work of its zone. */
  window: number;
  overLimit: number;
  negative: number;
  /** Share of all demand reported unserved. */
  unservedShare: number;
}

export function planFaults(
  p: DispatchProblem,
  flow: Float64Array[],
  unserved: Float64Array[],
): PlanFaults {
  const K = p.classCount;
  const rows = rowCount(p);
  const faults: PlanFaults = { demand: 0, window: 0, overLimit: 0, negative: 0, unservedShare: 0 };
  let lost = 0;
  let asked = 0;
  const totals = totalsOf(p, flow);
  const waiting = waitingRows(p);
  for (let t = 0; t < p.slotCount; t++) {
    for (let r = 0; r < rows; r++) {
      const demand = p.demandReqPerS[t * rows + r]!;
      let sum = unserved[t]![r]!;
      faults.negative = Math.min(faults.negative, sum);
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        sum += flow[t]![e]!;
        faults.negative = Math.min(faults.negative, flow[t]![e]!);
      }
      lost += unserved[t]![r]!;
      const work = waiting.get(r);
      if (work) {
        work.placed += sum;
        work.came += work.comes[t]!;
        work.due += work.falls[t]!;
        asked += work.comes[t]!;
        const early = (work.placed - work.came) / work.all;
        const late = (work.due - work.placed) / work.all;
        faults.window = Math.max(faults.window, early, late);
        continue;
      }
      const error = Math.abs(sum - demand);
      faults.demand = Math.max(faults.demand, demand > 0 ? error / demand : error);
      asked += demand;
    }
    p.sites.forEach((site, j) => {
      let load = 0;
      for (let k = 0; k < K; k++) load += site.loadPerReqPerS[k]! * totals[j]![t * K + k]!;
      const limit = site.maxLoad[t]!;
      faults.overLimit = Math.max(faults.overLimit, (load - limit) / Math.max(limit, 1e-9));
    });
  }
  faults.unservedShare = asked > 0 ? lost / asked : 0;
  return faults;
}

/** What comes and what falls due by row and slot, of work that may wait; windows all as long as one another. */
function waitingRows(p: DispatchProblem) {
  const rows = new Map<
    number,
    { comes: number[]; falls: number[]; all: number; placed: number; came: number; due: number }
  >();
  for (const b of p.batch ?? []) {
    b.rows.forEach((r, n) => {
      const none = () => Array.from({ length: p.slotCount }, () => 0);
      const row = rows.get(r) ?? {
        comes: none(),
        falls: none(),
        all: 0,
        placed: 0,
        came: 0,
        due: 0,
      };
      const amount = b.amount * b.rowShare[n]!;
      row.comes[b.firstSlot]! += amount;
      row.falls[b.lastSlot]! += amount;
      row.all += amount;
      rows.set(r, row);
    });
  }
  return rows;
}

/** Cost of a plan by the problem's definition, sites asked directly. AUD over the horizon. */
export function trueCostAud(
  { problem: p, sites }: Instance,
  flow: Float64Array[],
  unserved: Float64Array[],
): number {
  let cost = 0;
  for (let t = 0; t < p.slotCount; t++) {
    flow[t]!.forEach((x, e) => {
      cost += x * p.edgeCostAud[e]!;
    });
    for (const y of unserved[t]!) cost += y * p.unservedCostAud;
  }
  const boxes = totalsBoxes(p);
  totalsOf(p, flow).forEach((totals, j) => {
    const query = { round: 1, totals, prices: totals.map(() => 0), box: boxes[j]! };
    for (const slot of answerQuery(sites[j]!, query).costAud) cost += slot;
  });
  return cost;
}

/** All sites' honest answers. */
export function honest(
  instance: Instance,
  queries: (Parameters<typeof answerQuery>[1] | undefined)[],
): (SiteAnswer | undefined)[] {
  return queries.map((q, j) => (q ? answerQuery(instance.sites[j]!, q) : undefined));
}
