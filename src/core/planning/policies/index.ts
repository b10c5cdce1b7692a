import { cheapest } from './cheapest.ts';
import { cleanest } from './cleanest.ts';
import { fixedPpue } from './fixed-ppue.ts';
import { isotherm } from './isotherm.ts';
import { nearest } from './nearest.ts';
import { spread } from './spread.ts';
import type { Policy } from './types.ts';

/** The registry: a new policy is one file and one line here. */
export const policies: readonly Policy[] = [
  isotherm,
  fixedPpue,
  nearest,
  cheapest,
  cleanest,
  spread,
];

export type { Decision, Policy, PolicyContext } from './types.ts';
