import type { RoundTiming } from './state.ts';

/**
 * Times of one round.
 * @param sites in the order of `ms`
 * @param ms how long each site took; undefined: it was not asked
 */
export function roundTiming(
  sites: readonly { id: string }[],
  ms: readonly (number | undefined)[],
  wallMs: number,
): Required<RoundTiming> {
  const timing = { wallMs, slowestMs: 0, slowestSite: '', siteMs: {} as Record<string, number> };
  sites.forEach(({ id }, j) => {
    const siteMs = ms[j];
    if (siteMs === undefined) return;
    timing.siteMs[id] = siteMs;
    if (siteMs <= timing.slowestMs && timing.slowestSite !== '') return;
    timing.slowestMs = siteMs;
    timing.slowestSite = id;
  });
  return timing;
}
