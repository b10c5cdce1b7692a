import { Worker } from 'node:worker_threads';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { assertInputs, type PlanningInputs } from '../core/planning/inputs.ts';
import type { Policy, PolicyContext } from '../core/planning/policies/index.ts';
import type { PolicyResult } from './backtest.ts';
import { chargeRolling, type RollingDecision, type RollingTask, rollingTasks } from './rolling.ts';

/** What every thread is given once. */
export interface RollingData {
  fleet: Fleet;
  inputs: PlanningInputs;
  settings: PolicyContext['settings'];
}

export type RollingMessage =
  | { kind: 'plan' }
  | { kind: 'done'; decided: RollingTask & RollingDecision };

export interface RollingOptions {
  threads: number;
  /** Slots of a task, in place of the usual. */
  taskSlots?: number;
  /** After each plan, with its policy and the share done of all. */
  onPlan?: (policy: string, doneShare: number) => void;
}

/**
 * Every policy over the span, planned anew every hour, by several threads. Tasks do not depend on one
 * another, so neither do results on how many threads there are.
 */
export async function backtestHourly(
  data: RollingData,
  policies: readonly Policy[],
  { threads, taskSlots, onPlan }: RollingOptions,
): Promise<PolicyResult[]> {
  const { fleet, inputs } = data;
  assertInputs(publicFleet(fleet), inputs);
  const waiting = rollingTasks(policies, inputs.slotCount, taskSlots);
  const plans = policies.length * inputs.slotCount;
  const decided: (RollingTask & RollingDecision)[] = [];
  let planned = 0;
  const work = async () => {
    const worker = new Worker(new URL('./rolling-worker.ts', import.meta.url), {
      workerData: data,
    });
    try {
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        const { policy } = task;
        decided.push(await done(worker, task, () => onPlan?.(policy, ++planned / plans)));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, waiting.length) }, work));
  return policies.map(({ id }) =>
    chargeRolling(
      fleet,
      inputs,
      id,
      decided.filter((d) => d.policy === id),
    ),
  );
}

/** One task by one thread. */
function done(worker: Worker, task: RollingTask, onPlan: () => void) {
  return new Promise<RollingTask & RollingDecision>((resolve, reject) => {
    const hear = (message: RollingMessage) => {
      if (message.kind === 'plan') onPlan();
      else settle(() => resolve(message.decided));
    };
    const fail = (error: Error) => settle(() => reject(error));
    const settle = (how: () => void) => {
      worker.off('message', hear).off('error', fail);
      how();
    };
    worker.on('message', hear).on('error', fail).postMessage(task);
  });
}
