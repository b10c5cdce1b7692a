import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { SettingsInput } from '../../../src/core/optimizer/settings.ts';
import { coordinatorOf, optimize } from '../../../src/workers/optimize.ts';
import type { RunRecord } from '../../../src/workers/run-store.ts';

/** Runs one optimization to its end, alarm by alarm: in tests they do not go off by themselves. */
export async function runToEnd(
  settings: SettingsInput = {},
  options: { evictBetweenRounds?: boolean; nowMs?: number } = {},
): Promise<RunRecord & { evictions: number }> {
  const { nowMs } = options;
  const clock = nowMs !== undefined && { CLOCK_OFFSET_MS: String(nowMs - Date.now()) };
  const begun = await optimize({ ...env, ...clock }, 'test', settings);
  let evictions = 0;
  for (let i = 0; i < 400; i++) {
    const { latest } = await coordinatorOf(env).runs();
    if (latest?.runId === begun.runId && latest.status !== 'running')
      return { ...latest, evictions };
    if (options.evictBetweenRounds) {
      await evictDurableObject(coordinatorOf(env));
      evictions++;
    }
    await runDurableObjectAlarm(coordinatorOf(env));
  }
  throw new Error('the run does not end');
}

/** Runs the optimization under way to its end. */
export async function finish(): Promise<RunRecord> {
  for (let i = 0; i < 50; i++) {
    const { latest } = await coordinatorOf(env).runs();
    if (latest && latest.status !== 'running') return latest;
    await runDurableObjectAlarm(coordinatorOf(env));
  }
  throw new Error('the run does not end');
}

/** A record with the fields that say what was computed, not when. */
export function computed(run: RunRecord) {
  return run.rounds.map(({ round, mode, certificate }) => ({ round, mode, ...certificate }));
}
