import { type Fleet, publicFleet } from '../../model/fleet.ts';
import type { DispatchProblem } from '../../optimizer/problem.ts';
import type { SiteProblem } from '../../optimizer/site-subproblem.ts';
import { solve } from '../../optimizer/solve.ts';
import { assembleSites } from '../assemble.ts';
import { learnedCurves, warmCurves } from '../warm-start.ts';
import type { Decision, PolicyContext } from './types.ts';

/** Runs the optimizer as if the fleet were `believed`; the demand and the network are the true ones. */
export function optimize(context: PolicyContext, believed: Fleet): Decision {
  return decided(context, context.problem, assembleSites(believed, context.inputs));
}

/** The optimizer's decision on a problem and sites as a policy sees them, warm where it decided before. */
export function decided(
  { fleet, inputs, settings, learned }: PolicyContext,
  problem: DispatchProblem,
  sites: SiteProblem[],
): Decision {
  const open = publicFleet(fleet);
  const warm = warmCurves(open, inputs, learned);
  const { flow, unserved, rounds, certificate, state } = solve(
    problem,
    sites,
    settings,
    undefined,
    warm,
  );
  return {
    flow,
    unserved,
    rounds,
    gap: certificate.gap,
    learned: learnedCurves(open, inputs, problem, state),
  };
}
