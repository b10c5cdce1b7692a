import { slotAt } from '../core/planning/plan.ts';
import {
  countTtft,
  judgeTtft,
  noTtftDrift,
  type PlannedTtft,
  plannedWaitsMs,
  type TtftDrift,
} from '../core/planning/ttft-drift.ts';
import { windowEnds } from '../core/planning/watch-windows.ts';
import type { Tally } from '../core/routing/board.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { speedsMode } from './speeds.ts';

const KEY = 'ttft-drift';

/**
 * Takes in what isolates saw. Returns the sites that take longer to the first token than the plan in
 * force has it, when it is time for another.
 * @param storage the board's
 */
export async function lateSites(
  storage: DurableObjectStorage,
  env: Env,
  tallies: Record<string, Tally>,
): Promise<string[]> {
  // A plan that learns nothing would be the same again.
  if (speedsMode(env.SPEEDS) !== 'learned') return [];
  const nowMs = Date.now();
  const seen = Object.fromEntries(
    fleet.sites.flatMap(({ id }): [string, PlannedTtft][] => {
      const planned = tallies[id]?.planned;
      return planned ? [[id, planned]] : [];
    }),
  );
  const drift = countTtft((await storage.get<TtftDrift>(KEY)) ?? noTtftDrift(nowMs), seen, nowMs);
  if (!windowEnds(drift, nowMs)) {
    await storage.put(KEY, drift);
    return [];
  }
  // Reports go on coming while the plan is read.
  await storage.put(KEY, { ...drift, fromMs: nowMs, sites: {} });
  const waits = await waitsMs(env);
  if (waits === undefined) return [];
  const judged = judgeTtft(drift, waits, nowMs);
  const since = (await storage.get<TtftDrift>(KEY)) ?? noTtftDrift(nowMs);
  const { late, quietUntilMs } = judged.drift;
  await storage.put(KEY, { ...since, late, quietUntilMs });
  return judged.late;
}

/** Of the plan in force at present; undefined where it does not say or cannot be read. */
async function waitsMs(env: Env): Promise<Record<string, number> | undefined> {
  try {
    const version = await currentVersion(env.DB);
    const plan = version === undefined ? undefined : await readPlan(env.DB, version);
    return plan && plannedWaitsMs(fleet, plan, slotAt(plan.header, now(env)).slot);
  } catch (error) {
    console.error(`the waits planned for cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
