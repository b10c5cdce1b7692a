import { mayWait } from '../../model/request-class.ts';
import { atArrival } from '../waiting-work.ts';
import { optimize } from './optimized.ts';
import type { Policy } from './types.ts';

/** The control for work that may wait: what the optimizer would do if none could. */
export const noWaiting: Policy = {
  id: 'no-waiting',
  summary: 'the same optimizer, serving as it comes what may wait',
  decide: (context) => optimize({ ...context, problem: atArrival(context.problem) }, context.fleet),
  appliesTo: (fleet) => fleet.classes.some(mayWait),
};
