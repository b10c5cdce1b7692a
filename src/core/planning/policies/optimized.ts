import type { Fleet } from '../../model/fleet.ts';
import { solve } from '../../optimizer/solve.ts';
import { assembleSite } from '../assemble.ts';
import { conditionsAt } from '../inputs.ts';
import type { Decision, PolicyContext } from './types.ts';

/** Runs the optimizer as if the fleet were `believed`; the demand and the network are the true ones. */
export function optimize(context: PolicyContext, believed: Fleet): Decision {
  const { inputs, problem, settings } = context;
  const sites = believed.sites.map((site, j) =>
    assembleSite(site, believed.classes, believed.prices, inputs, (t) =>
      conditionsAt(inputs, j, t),
    ),
  );
  const { flow, unserved, rounds, certificate } = solve(problem, sites, settings);
  return { flow, unserved, rounds, gap: certificate.gap };
}
