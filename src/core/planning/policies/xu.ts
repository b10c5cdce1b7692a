import type { Fleet } from '../../model/fleet.ts';
import { mayWait } from '../../model/request-class.ts';
import { type DispatchProblem, loadsOf } from '../../optimizer/problem.ts';
import type { SiteProblem } from '../../optimizer/site-subproblem.ts';
import { assembleSites } from '../assemble.ts';
import { decided } from './optimized.ts';
import type { Decision, Policy, PolicyContext } from './types.ts';

/** The constant pPUE of those that do not look at the weather, as the paper's (second-hand). */
const UNAWARE_PPUE = 1.2;

interface Variant {
  /** Whether cooling is known as a function of the weather. */
  coolingAware: boolean;
  /** Whether work that may wait and users' requests are planned together. */
  capacityAware: boolean;
}

/**
 * The four strategies of Xu, Feng and Li, "Temperature aware workload management in geo-distributed
 * datacenters" (ICAC 2013). They minimize the cost of energy and of users' time to reach a site; carbon,
 * water and queues they do not know. One dimension is cooling: pPUE by temperature, or a constant. The
 * other is capacity: given to work that may wait first and users' requests routed over what is left, or
 * both planned at once. The strategies are as we remember them; utilities of batch work are not rebuilt,
 * all of it is due.
 */
function decide(context: PolicyContext, variant: Variant): Decision {
  const believed = believedFleet(context, variant);
  const sites = assembleSites(believed, context.inputs).map(withoutQueue);
  const problem = unpricedQueues(context.problem);
  if (variant.capacityAware || !problem.batch) return decided(context, problem, sites);
  const nobody = problem.demandReqPerS.map(() => 0);
  // What the two learn belongs to two problems.
  const cold = { ...context, learned: undefined };
  const waiting = decided(cold, { ...problem, demandReqPerS: nobody }, sites);
  const users = decided(cold, besides(problem, waiting.flow), sites);
  return {
    flow: users.flow.map((slot, t) => slot.map((x, e) => x + (waiting.flow[t]?.[e] as number))),
    unserved: users.unserved.map((slot, t) =>
      slot.map((y, r) => y + (waiting.unserved[t]?.[r] as number)),
    ),
    rounds: Math.max(users.rounds as number, waiting.rounds as number),
    gap: Math.max(users.gap as number, waiting.gap as number),
  };
}

function believedFleet({ fleet }: PolicyContext, { coolingAware }: Variant): Fleet {
  const blind = { kind: 'fixed' as const, ppue: UNAWARE_PPUE, onSiteWaterLPerKwh: 0 };
  return {
    ...fleet,
    prices: { ...fleet.prices, carbonAudPerT: 0, waterAudPerKl: 0, lateAudPerRequest: 0 },
    sites: coolingAware
      ? fleet.sites
      : fleet.sites.map((s) => ({ ...s, cost: { ...s.cost, cooling: blind } })),
  };
}

/** The problem of a coordinator that takes it that queues cost nothing. */
export function unpricedQueues(problem: DispatchProblem): DispatchProblem {
  const sites = problem.sites.map((s) => ({
    ...s,
    prior: { ...s.prior, costAudPerWaiting: 0, lateness: undefined },
  }));
  return { ...problem, sites };
}

/** A site whose queue costs nothing. */
export function withoutQueue(site: SiteProblem): SiteProblem {
  return { ...site, waitingAud: site.waitingAud.map(() => 0), lateness: undefined };
}

/** The problem of users' requests alone, on the capacity that these flows leave. */
function besides(problem: DispatchProblem, flow: Float64Array[]): DispatchProblem {
  const taken = flow.map((slot) => loadsOf(problem, slot));
  return {
    ...problem,
    batch: undefined,
    limited: true,
    sites: problem.sites.map((s, j) => ({
      ...s,
      maxLoad: s.maxLoad.map((load, t) => Math.max(0, load - (taken[t]?.[j] as number))),
    })),
  };
}

/** Without work that may wait there is no capacity to share out, and two of the four are the others. */
const unlessWorkWaits = (id: string) => (fleet: Fleet) =>
  fleet.classes.some(mayWait) ? undefined : id;

export const xuUnaware: Policy = {
  id: 'xu-unaware',
  summary: `energy and users’ time at a pPUE of ${UNAWARE_PPUE}, work that may wait placed first (Xu 2013)`,
  decide: (context) => decide(context, { coolingAware: false, capacityAware: false }),
};

export const xuCooling: Policy = {
  id: 'xu-cooling',
  summary: 'the same with pPUE by temperature, “cooling optimized”',
  decide: (context) => decide(context, { coolingAware: true, capacityAware: false }),
  sameAs: unlessWorkWaits('xu-joint'),
};

export const xuCapacity: Policy = {
  id: 'xu-capacity',
  summary: 'xu-unaware with all work planned together, “capacity optimized”',
  decide: (context) => decide(context, { coolingAware: false, capacityAware: true }),
  sameAs: unlessWorkWaits('xu-unaware'),
};

export const xuJoint: Policy = {
  id: 'xu-joint',
  summary: 'pPUE by temperature and all work planned together, “joint” (Xu 2013)',
  decide: (context) => decide(context, { coolingAware: true, capacityAware: true }),
};
