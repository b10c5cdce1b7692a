import type { Fleet } from '../../model/fleet.ts';
import { cheapest } from './cheapest.ts';
import { cleanest } from './cleanest.ts';
import { fixedPpue } from './fixed-ppue.ts';
import { greenLlmLike } from './green-llm-like.ts';
import { isotherm } from './isotherm.ts';
import { nearest } from './nearest.ts';
import { noWaiting } from './no-waiting.ts';
import { slitLike } from './slit-like.ts';
import { spread } from './spread.ts';
import { staticBestSite } from './static-best-site.ts';
import type { Policy } from './types.ts';
import { xuCapacity, xuCooling, xuJoint, xuUnaware } from './xu.ts';

/** The registry: a new policy is one file and one line here. */
export const policies: readonly Policy[] = [
  isotherm,
  fixedPpue,
  noWaiting,
  nearest,
  cheapest,
  cleanest,
  spread,
  staticBestSite,
  slitLike,
  greenLlmLike,
  xuUnaware,
  xuCooling,
  xuCapacity,
  xuJoint,
];

/** Those with something to decide in a fleet, whoever else decides the same. */
export function policiesIn(fleet: Fleet): readonly Policy[] {
  return policies.filter((p) => p.appliesTo?.(fleet) ?? true);
}

/** Of them, those that decide something of their own. */
export function policiesFor(fleet: Fleet): readonly Policy[] {
  return policiesIn(fleet).filter((p) => p.sameAs?.(fleet) === undefined);
}

export { type SpanMeans, spanMeans } from './span-means.ts';
export type { Decision, Policy, PolicyContext } from './types.ts';
