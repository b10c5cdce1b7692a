import type { PublicFleet } from '../../core/model/fleet.ts';
import {
  type DispatchProblem,
  edgeCount,
  loadsOf,
  rowCount,
} from '../../core/optimizer/problem.ts';
import { nearestFlows } from '../../core/planning/policies/nearest.ts';
import type { LoopSpec } from './closed-loop.ts';

/** What becomes of a step's requests. */

/**
 * A slot served by a plan's shares. What comes to a site beyond what it carries goes to the nearest that
 * has room, as the router does it for sites that refuse; so does all of a zone the plan has no share for.
 */
export function obeyed(open: PublicFleet, p: DispatchProblem, t: number, planned: Float64Array) {
  const rows = rowCount(p);
  const flow = new Float64Array(edgeCount(p));
  const left = p.demandReqPerS.slice(t * rows, (t + 1) * rows);
  for (let r = 0; r < rows; r++) {
    const [from, to] = [p.rowStart[r] as number, p.rowStart[r + 1] as number];
    const sum = planned.subarray(from, to).reduce((a, b) => a + b, 0);
    if (!(sum > 0)) continue;
    const came = left[r] as number;
    for (let e = from; e < to; e++) flow[e] = ((planned[e] as number) / sum) * came;
  }
  const kept = loadsOf(p, flow).map((load, j) => {
    const limit = p.sites[j]?.maxLoad[t] as number;
    return load > limit ? limit / load : 1;
  });
  for (let r = 0; r < rows; r++) {
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      flow[e] = (flow[e] as number) * (kept[p.edgeSite[e] as number] as number);
      left[r] = Math.max(0, (left[r] as number) - (flow[e] as number));
    }
  }
  const more = nearestOf(open, p, t, left, loadsOf(p, flow));
  return { flow: flow.map((x, e) => x + (more.flow[e] as number)), unserved: more.unserved };
}

/** Demand of one slot at the nearest sites, in the room that a load leaves. */
export function nearestOf(
  open: PublicFleet,
  p: DispatchProblem,
  t: number,
  demandReqPerS: Float64Array,
  loads?: Float64Array,
) {
  const sites = p.sites.map((s, j) => ({
    ...s,
    maxLoad: Float64Array.of(Math.max(0, (s.maxLoad[t] as number) - (loads?.[j] ?? 0))),
  }));
  const { flow, unserved } = nearestFlows(open, { ...p, slotCount: 1, sites, demandReqPerS });
  return { flow: flow[0] as Float64Array, unserved: unserved[0] as Float64Array };
}

export function isLost({ lost }: LoopSpec, utcMs: number): boolean {
  return lost !== undefined && utcMs >= lost.fromUtcMs && utcMs < lost.toUtcMs;
}

export function shutDown(p: DispatchProblem, spec: LoopSpec, t: number, utcMs: number): void {
  if (!isLost(spec, utcMs)) return;
  const site = p.sites.find((s) => s.id === spec.lost?.site);
  if (site) site.maxLoad[t] = 0;
}
