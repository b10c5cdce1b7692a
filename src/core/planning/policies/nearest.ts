import type { PublicFleet } from '../../model/fleet.ts';
import type { DispatchProblem } from '../../optimizer/problem.ts';
import { edgeTtftMs } from './edges.ts';
import { spillByPreference } from './spill.ts';
import type { Decision, Policy } from './types.ts';

/** Every request at the site with the lowest TTFT at zero load that has room. */
export function nearestFlows(fleet: PublicFleet, problem: DispatchProblem): Decision {
  const ms = edgeTtftMs(fleet, problem);
  return spillByPreference(problem, (e) => ms[e] as number);
}

export const nearest: Policy = {
  id: 'nearest',
  summary: 'the site with the lowest TTFT at zero load, next nearest when full',
  decide: ({ fleet, problem }) => nearestFlows(fleet, problem),
};
