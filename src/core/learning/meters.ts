import { MS_PER_HOUR } from '../model/units.ts';

/** What is learned from a site's meters has in common. Choices. */

/** So many reports weigh as much as the model does: a day of them, one a plan. */
export const PRIOR_REPORTS = 96;
/** Reports count half after so long. */
export const HALF_LIFE_MS = 168 * MS_PER_HOUR;
/** Nothing is further off its model than this, as a factor either way; nor does one report say more. */
export const TIMES_SPAN = 3;

export function within(low: number, value: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
