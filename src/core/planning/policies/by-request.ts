import { itPower, type SiteFactors, siteFactors, siteWork } from '../../model/site-power.ts';
import { conditionsAt } from '../inputs.ts';
import { spillByPreference } from './spill.ts';
import type { Decision, PolicyContext } from './types.ts';

/** Greedy on some quantity per request: facility kWh of the request times what a kWh means there. */
export function greedyByRequest(
  { fleet, inputs, problem }: PolicyContext,
  perFacilityKwh: (f: SiteFactors) => number,
): Decision {
  const K = fleet.classes.length;
  const kw = fleet.sites.map((s) => itPower(s, siteWork(s, fleet.classes)).kwPerReqPerS);
  const factors = fleet.sites.map((s, j) =>
    Array.from({ length: inputs.slotCount }, (_, t) => siteFactors(s, conditionsAt(inputs, j, t))),
  );
  const classOf = new Int32Array(problem.edgeSite.length);
  for (let r = 0; r + 1 < problem.rowStart.length; r++) {
    classOf.fill(r % K, problem.rowStart[r], problem.rowStart[r + 1]);
  }
  return spillByPreference(problem, (e, t) => {
    const j = problem.edgeSite[e] as number;
    const f = factors[j]?.[t] as SiteFactors;
    return (kw[j]?.[classOf[e] as number] as number) * f.ppue * perFacilityKwh(f);
  });
}
