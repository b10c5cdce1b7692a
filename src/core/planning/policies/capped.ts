import type { Policy } from './types.ts';

/** A policy that fills sites to a share of what they can carry, and no further. */
export function cappedAt(policy: Policy, share: number): Policy {
  return {
    ...policy,
    decide(context) {
      const sites = context.problem.sites.map((s) => ({
        ...s,
        maxLoad: s.maxLoad.map((load) => share * load),
      }));
      return policy.decide({ ...context, problem: { ...context.problem, limited: true, sites } });
    },
  };
}
