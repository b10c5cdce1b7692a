/** Southern seasons by month of the year: what the map is cut by. */
export const seasons = ['summer', 'autumn', 'winter', 'spring'] as const;
export type Season = (typeof seasons)[number];

const DAY_MS = 86_400_000;

/** `2022-06`, the month of day d of a span, in UTC. */
export function monthOf(startUtcMs: number, d: number): string {
  return new Date(startUtcMs + d * DAY_MS).toISOString().slice(0, 7);
}

/** December to February are summer. */
export function seasonOf(startUtcMs: number, d: number): Season {
  const month = new Date(startUtcMs + d * DAY_MS).getUTCMonth();
  return seasons[Math.floor(((month + 1) % 12) / 3)] as Season;
}

/** Days 0 … count − 1 by what they have in common, in the order it first appears. */
export function groupedDays<T extends string>(
  count: number,
  keyOf: (day: number) => T,
): Map<T, number[]> {
  const groups = new Map<T, number[]>();
  for (let d = 0; d < count; d++) {
    const key = keyOf(d);
    const group = groups.get(key);
    if (group) group.push(d);
    else groups.set(key, [d]);
  }
  return groups;
}
