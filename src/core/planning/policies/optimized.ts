import type { Fleet } from '../../model/fleet.ts';
import { solve } from '../../optimizer/solve.ts';
import { assembleSites } from '../assemble.ts';
import type { Decision, PolicyContext } from './types.ts';

/** Runs the optimizer as if the fleet were `believed`; the demand and the network are the true ones. */
export function optimize(context: PolicyContext, believed: Fleet): Decision {
  const { inputs, problem, settings } = context;
  const sites = assembleSites(believed, inputs);
  const { flow, unserved, rounds, certificate } = solve(problem, sites, settings);
  return { flow, unserved, rounds, gap: certificate.gap };
}
