/** A calendar month of UTC, or the part of one that is asked for. */
export interface Month {
  /** `2022-01`, or `2022-01-24_2022-01-30` for a part. */
  name: string;
  fromUtcMs: number;
  /** Exclusive. */
  toUtcMs: number;
}

/** The months of a span, in order; instants are beginnings of days. */
export function monthsOf({ fromUtcMs, toUtcMs }: Omit<Month, 'name'>): Month[] {
  const months: Month[] = [];
  for (let at = fromUtcMs; at < toUtcMs; ) {
    const date = new Date(at);
    const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    const end = Math.min(next, toUtcMs);
    const isWhole = at === first && end === next;
    const day = (utcMs: number) => new Date(utcMs).toISOString().slice(0, 10);
    months.push({
      name: isWhole ? day(at).slice(0, 7) : `${day(at)}_${day(end - 1)}`,
      fromUtcMs: at,
      toUtcMs: end,
    });
    at = end;
  }
  return months;
}
