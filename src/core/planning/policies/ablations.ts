import type { Fleet, ObjectivePrices } from '../../model/fleet.ts';
import { assembleSites } from '../assemble.ts';
import { greedyByRequest } from './by-request.ts';
import { decided, optimize } from './optimized.ts';
import type { Policy } from './types.ts';
import { unpricedQueues, withoutQueue } from './xu.ts';

/** The optimizer with one thing taken from what it weighs; charged in full like all others. */
function blindTo(id: string, what: string, prices: Partial<ObjectivePrices>): Policy {
  return {
    id,
    summary: `the same optimizer, blind to ${what}`,
    decide(context) {
      const believed: Fleet = {
        ...context.fleet,
        prices: { ...context.fleet.prices, ...prices },
      };
      return optimize(context, believed);
    },
  };
}

/** Queues cost nothing: sites may be filled to their limits. */
const withoutQueueing: Policy = {
  id: 'no-queueing',
  summary: 'the same optimizer, blind to queues',
  decide(context) {
    const sites = assembleSites(context.fleet, context.inputs).map(withoutQueue);
    return decided(context, unpricedQueues(context.problem), sites);
  },
};

export const ablations: readonly Policy[] = [
  blindTo('no-carbon', 'carbon', { carbonAudPerT: 0 }),
  blindTo('no-water', 'water', { waterAudPerKl: 0 }),
  withoutQueueing,
];

/** No objective of anybody's: how little cooling energy there could be, other things aside. */
export const coolest: Policy = {
  id: 'coolest',
  summary: 'the site where the request’s cooling takes least energy now, next coolest when full',
  decide: (context) => greedyByRequest(context, (f) => (f.ppue - 1) / f.ppue),
};
