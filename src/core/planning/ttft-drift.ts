import type { PublicFleet } from '../model/fleet.ts';
import { variability, waitingRequests } from '../model/queueing.ts';
import { siteWork } from '../model/site-power.ts';
import { applySpeeds } from '../model/speed.ts';
import { type Plan, speedsOf } from './plan.ts';
import { isDue, quietAfter, type Watch, wasSilent } from './watch-windows.ts';

/**
 * Whether sites take longer to the first token than the plan in force has it: a window
 * (watch-windows.ts) is off for a site where the mean of at least 20 streams was over it by more than
 * half and 50 ms. The new plan is made with what was learned by then. A site that is quicker than planned
 * waits for the plan of the clock. Constants are choices.
 */
const LONGER = 1.5;
const LONGER_MS = 50;
const LEAST_STREAMS = 20;

/** Streams' times to first token beside what the plan has for the same prompts with nobody waiting. */
export interface PlannedTtft {
  count: number;
  ttftMs: number;
  plannedMs: number;
}

/** Plain data, to be stored as it is. */
export interface TtftDrift extends Watch {
  /** What came in the window under way, by site. */
  sites: Record<string, PlannedTtft>;
  /** Windows in a row that a site was late in; those of none are absent. */
  late: Record<string, number>;
}

export function noTtftDrift(nowMs: number): TtftDrift {
  return { fromMs: nowMs, sites: {}, late: {}, quietUntilMs: 0 };
}

/** What was seen since the last call. */
export function countTtft(
  drift: TtftDrift,
  seen: Readonly<Record<string, PlannedTtft>>,
  nowMs: number,
): TtftDrift {
  if (wasSilent(drift, nowMs)) {
    return { ...noTtftDrift(nowMs), quietUntilMs: drift.quietUntilMs };
  }
  const sites = { ...drift.sites };
  for (const [id, { count, ttftMs, plannedMs }] of Object.entries(seen)) {
    const sum = sites[id] ?? { count: 0, ttftMs: 0, plannedMs: 0 };
    sites[id] = {
      count: sum.count + count,
      ttftMs: sum.ttftMs + ttftMs,
      plannedMs: sum.plannedMs + plannedMs,
    };
  }
  return { ...drift, sites };
}

/**
 * The state after a window, and the sites on whose account it is time for a new plan.
 * @param waitMs what the plan has for waiting, by site; 0 where it says nothing
 */
export function judgeTtft(
  drift: TtftDrift,
  waitMs: Readonly<Record<string, number>>,
  nowMs: number,
): { drift: TtftDrift; late: string[] } {
  const { quietUntilMs } = drift;
  const late: Record<string, number> = {};
  for (const [id, { count, ttftMs, plannedMs }] of Object.entries(drift.sites)) {
    if (count < LEAST_STREAMS) continue;
    const expectedMs = plannedMs / count + (waitMs[id] ?? 0);
    if (ttftMs / count > LONGER * expectedMs + LONGER_MS) late[id] = (drift.late[id] ?? 0) + 1;
  }
  const found = Object.keys(late).filter((id) => isDue(late[id] as number, drift, nowMs));
  if (found.length === 0) {
    return { drift: { ...noTtftDrift(nowMs), late, quietUntilMs }, late: [] };
  }
  return { drift: { ...noTtftDrift(nowMs), quietUntilMs: quietAfter(nowMs) }, late: found };
}

/**
 * Mean wait that a plan has at each site in slot t, ms, by the queue of the model. Undefined where the
 * plan does not say what it was made for.
 */
export function plannedWaitsMs(
  registry: PublicFleet,
  { header, slots, demand }: Pick<Plan, 'header' | 'slots' | 'demand'>,
  t: number,
): Record<string, number> | undefined {
  const shares = slots[t];
  const asked = demand?.[t];
  if (shares === undefined || asked === undefined) return undefined;
  const fleet = applySpeeds(registry, speedsOf(header));
  const rate = new Map<string, number>();
  const load = new Map<string, number>();
  const workOf = new Map(fleet.sites.map((s) => [s.id, siteWork(s, fleet.classes)]));
  fleet.classes.forEach((cls, k) => {
    for (const [zone, sites] of Object.entries(shares[cls.id] ?? {})) {
      for (const [id, share] of sites) {
        const reqPerS = share * (asked[cls.id]?.[zone] ?? 0);
        const serverS = workOf.get(id)?.[k]?.serverS ?? 0;
        rate.set(id, (rate.get(id) ?? 0) + reqPerS);
        load.set(id, (load.get(id) ?? 0) + reqPerS * serverS);
      }
    }
  });
  const scv = variability(fleet.classes);
  return Object.fromEntries(
    fleet.sites.flatMap(({ id, hardware: { servers } }) => {
      const reqPerS = rate.get(id) ?? 0;
      if (!(reqPerS > 0)) return [];
      const waiting = waitingRequests({ servers, variability: scv }, (load.get(id) ?? 0) / servers);
      return [[id, (1000 * waiting) / reqPerS]];
    }),
  );
}
