import type { SlotView } from './view.ts';

/** A site in two plans, means over the hours that both have. */
export interface SiteMove {
  beforeReqPerS: number;
  afterReqPerS: number;
  /** Energy, carbon and water of one request more there; null where the site does not tell. */
  beforeAudPerRequest: number | null;
  afterAudPerRequest: number | null;
}

export interface Moves {
  /** Hours both plans have. */
  slots: number;
  /** In the fleet's order. */
  sites: SiteMove[];
}

/** What a plan moved against the one before it; undefined where they have no hour in common. */
export function movesBetween(before: SlotView[], after: SlotView[]): Moves | undefined {
  const earlier = new Map(before.map((slot) => [slot.utcMs, slot]));
  const pairs = after.flatMap((slot) => {
    const same = earlier.get(slot.utcMs);
    return same && same.sites.length === slot.sites.length ? [[same, slot] as const] : [];
  });
  if (pairs.length === 0) return undefined;
  const mean = (of: (pair: (typeof pairs)[number]) => number | null | undefined) => {
    const values = pairs.map(of);
    if (!values.every((v) => typeof v === 'number')) return null;
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  return {
    slots: pairs.length,
    sites: (after[0] as SlotView).sites.map((_, j) => ({
      beforeReqPerS: mean(([a]) => a.sites[j]?.reqPerS) ?? 0,
      afterReqPerS: mean(([, b]) => b.sites[j]?.reqPerS) ?? 0,
      beforeAudPerRequest: mean(([a]) => a.sites[j]?.audPerRequest),
      afterAudPerRequest: mean(([, b]) => b.sites[j]?.audPerRequest),
    })),
  };
}
