import type { SlotView } from '../core/planning/view.ts';
import type { Measured, Ttft } from './types.ts';

/** What happens at all sites together. */
export interface Traffic {
  attemptsPerS: number;
  /** Of these, the share that failed; null without any. */
  failedShare: number | null;
  streams: number;
  /** Mean over these streams, ms; null without any. */
  ttftMs: number | null;
  /** What the plan has for them, as far as it covered them, and what those took. */
  planned: { streams: number; ttftMs: number; plannedMs: number } | null;
}

/** Under so many attempts a second there is nobody to speak of: an old attempt fades for minutes. */
const LEAST_PER_S = 0.001;

/** @param slot the plan's present hour, for its waiting */
export function trafficOf(
  sites: NonNullable<Measured['traffic']>,
  slot: SlotView | undefined,
): Traffic {
  const sum = (of: (site: (typeof sites)[number], j: number) => number) =>
    sites.reduce((total, site, j) => total + of(site, j), 0);
  const attemptsPerS = sum((s) => s.attemptsPerS);
  const streams = sum(({ ttft }) => ttft?.streams ?? 0);
  const planned = sites.map(({ ttft }, j) => plannedTtft(ttft, slot?.sites[j]?.waitMs));
  const covered = planned.reduce((total, p) => total + (p?.streams ?? 0), 0);
  const mean = (of: (p: NonNullable<(typeof planned)[number]>) => number) =>
    planned.reduce((total, p) => total + (p ? p.streams * of(p) : 0), 0) / covered;
  return {
    attemptsPerS,
    failedShare: attemptsPerS < LEAST_PER_S ? null : sum((s) => s.failedPerS) / attemptsPerS,
    streams,
    ttftMs:
      streams > 0 ? sum(({ ttft }) => (ttft ? ttft.streams * ttft.ttftMs : 0)) / streams : null,
    planned:
      covered > 0
        ? { streams: covered, ttftMs: mean((p) => p.ttftMs), plannedMs: mean((p) => p.plannedMs) }
        : null,
  };
}

/**
 * What the plan has for a site's streams, ms: each with its own prompt at the plan's speeds, and the
 * waiting of its present hour. Undefined where it covered none, or does not say how long they wait.
 */
export function plannedTtft(ttft: Ttft | null, waitMs: number | undefined) {
  if (!ttft?.planned || waitMs === undefined) return undefined;
  const { streams, ttftMs, unloadedTtftMs } = ttft.planned;
  return { streams, ttftMs, plannedMs: unloadedTtftMs + waitMs };
}
