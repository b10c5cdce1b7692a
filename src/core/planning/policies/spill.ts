import { type DispatchProblem, edgeCount, loadsOf, rowCount } from '../../optimizer/problem.ts';
import { atArrival } from '../waiting-work.ts';
import type { Decision } from './types.ts';

/** Preference of an edge in a slot: lower is tried first. */
export type Preference = (edge: number, slot: number) => number;

/**
 * Every row sends all it has to its favourite site; a site asked for more than it can carry takes
 * the same share of everyone's, and the rest moves on to its next choice. So all baselines serve the
 * same demand, within the same limits, as the optimizer. Work that may wait does not: it is served as
 * it comes.
 */
export function spillByPreference(problem: DispatchProblem, preference: Preference): Decision {
  const p = atArrival(problem);
  const decision: Decision = { flow: [], unserved: [] };
  for (let t = 0; t < p.slotCount; t++) {
    const { flow, unserved } = spillSlot(p, t, (e) => preference(e, t));
    decision.flow.push(flow);
    decision.unserved.push(unserved);
  }
  return decision;
}

function spillSlot(p: DispatchProblem, t: number, preference: (edge: number) => number) {
  const rows = rowCount(p);
  const flow = new Float64Array(edgeCount(p));
  const unserved = p.demandReqPerS.slice(t * rows, (t + 1) * rows);
  const roomLeft = Float64Array.from(p.sites, (s) => s.maxLoad[t] as number);
  const choices = Array.from({ length: rows }, (_, r) => {
    const edges = [];
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) edges.push(e);
    return edges.sort((a, b) => preference(a) - preference(b));
  });
  for (let pass = 0; pass < p.sites.length; pass++) {
    const asked = new Float64Array(p.sites.length);
    for (let r = 0; r < rows; r++) {
      const e = choices[r]?.[pass];
      if (e === undefined) continue;
      const j = p.edgeSite[e] as number;
      asked[j] = (asked[j] as number) + (unserved[r] as number) * loadPerReq(p, e, r);
    }
    const granted = asked.map((a, j) => (a > 0 ? Math.min(1, (roomLeft[j] as number) / a) : 0));
    for (let r = 0; r < rows; r++) {
      const e = choices[r]?.[pass];
      if (e === undefined) continue;
      const j = p.edgeSite[e] as number;
      const taken = (unserved[r] as number) * (granted[j] as number);
      flow[e] = taken;
      unserved[r] = (unserved[r] as number) - taken;
      roomLeft[j] = Math.max(0, (roomLeft[j] as number) - taken * loadPerReq(p, e, r));
    }
  }
  return { flow, unserved };
}

/**
 * Flows of a slot made exact: no row gets more than it asks for, no site more than it carries. What that
 * leaves goes where there is room; the rest is unserved.
 */
export function filled(p: DispatchProblem, t: number, flow: Float64Array) {
  const rows = rowCount(p);
  const unserved = p.demandReqPerS.slice(t * rows, (t + 1) * rows);
  const exact = flow.slice();
  for (let r = 0; r < rows; r++) {
    const of = exact.subarray(p.rowStart[r], p.rowStart[r + 1]);
    const sum = of.reduce((a, b) => a + b, 0);
    const share = sum > 0 ? Math.min(1, (unserved[r] as number) / sum) : 0;
    of.forEach((x, n) => {
      of[n] = x * share;
    });
  }
  const limits = p.sites.map((s) => s.maxLoad[t] as number);
  const kept = loadsOf(p, exact).map((load, j) => {
    const limit = limits[j] as number;
    return load > limit ? limit / load : 1;
  });
  for (let e = 0; e < exact.length; e++) {
    exact[e] = (exact[e] as number) * (kept[p.edgeSite[e] as number] as number);
  }
  const room = loadsOf(p, exact).map((load, j) => Math.max(0, (limits[j] as number) - load));
  for (let r = 0; r < rows; r++) {
    let left = unserved[r] as number;
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      left -= exact[e] as number;
    }
    for (let e = p.rowStart[r] as number; left > 0 && e < (p.rowStart[r + 1] as number); e++) {
      const j = p.edgeSite[e] as number;
      const taken = Math.min(left, (room[j] as number) / loadPerReq(p, e, r));
      exact[e] = (exact[e] as number) + taken;
      room[j] = Math.max(0, (room[j] as number) - taken * loadPerReq(p, e, r));
      left -= taken;
    }
    unserved[r] = Math.max(0, left);
  }
  return { flow: exact, unserved };
}

export function loadPerReq(p: DispatchProblem, edge: number, row: number): number {
  const site = p.sites[p.edgeSite[edge] as number];
  return site?.loadPerReqPerS[row % p.classCount] as number;
}
