import { clamp } from '../clamp.ts';
import { MS_PER_HOUR } from '../model/units.ts';

/** What is learned from a site's meters has in common. Choices. */

/** So many reports weigh as much as the model does: a day of them, one a plan. */
export const PRIOR_REPORTS = 96;
/** Reports count half after so long. */
export const HALF_LIFE_MS = 168 * MS_PER_HOUR;
/** Nothing is further off its model than this, as a factor either way; nor does one report say more. */
export const TIMES_SPAN = 3;

export const boundedTimes = (times: number) => clamp(times, 1 / TIMES_SPAN, TIMES_SPAN);

/** Sums with what a new report adds to them, older reports counting for less. */
export function withReport<S extends Record<string, number>>(
  before: ({ [K in keyof S]: number } & { utcMs: number }) | undefined,
  utcMs: number,
  more: S,
): S {
  const kept = before ? 0.5 ** ((utcMs - before.utcMs) / HALF_LIFE_MS) : 0;
  return Object.fromEntries(
    Object.entries(more).map(([name, value]) => [name, (before?.[name] ?? 0) * kept + value]),
  ) as S;
}
