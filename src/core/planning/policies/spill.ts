import { type DispatchProblem, edgeCount, rowCount } from '../../optimizer/problem.ts';
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

export function loadPerReq(p: DispatchProblem, edge: number, row: number): number {
  const site = p.sites[p.edgeSite[edge] as number];
  return site?.loadPerReqPerS[row % p.classCount] as number;
}
