import type { SpanSums } from './span-totals.ts';

export const NO_SUMS: SpanSums = {
  objectiveAud: 0,
  energyCostAud: 0,
  facilityKwh: 0,
  gridKwh: 0,
  coolingKwh: 0,
  itKwh: 0,
  carbonKg: 0,
  waterL: 0,
  userHours: 0,
  requests: 0,
  unservedRequests: 0,
  userRequests: 0,
  servedUserRequests: 0,
  lateUserRequests: 0,
  userTtftMs: 0,
};

const names = Object.keys(NO_SUMS) as (keyof SpanSums)[];

/** a less b. */
export function difference(a: SpanSums, b: SpanSums): SpanSums {
  const out = { ...a };
  for (const name of names) out[name] = a[name] - b[name];
  return out;
}

export function added(days: readonly SpanSums[]): SpanSums {
  const out = { ...NO_SUMS };
  for (const day of days) for (const name of names) out[name] += day[name];
  return out;
}
