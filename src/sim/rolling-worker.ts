import { parentPort, workerData } from 'node:worker_threads';
import { policies, spanMeans } from '../core/planning/policies/index.ts';
import { decideRolling, type RollingTask } from './rolling.ts';
import type { RollingData, RollingMessage } from './rolling-pool.ts';

/** A thread that plans the tasks it is given, one after another. */
const { fleet, inputs, settings } = workerData as RollingData;
const means = spanMeans(fleet, inputs);

const tell = (message: RollingMessage) => parentPort?.postMessage(message);

parentPort?.on('message', (task: RollingTask) => {
  const policy = policies.find((p) => p.id === task.policy);
  if (!policy) throw new RangeError(`no policy "${task.policy}"`);
  const onPlan = () => tell({ kind: 'plan' });
  const decision = decideRolling(fleet, inputs, policy, task, settings, means, onPlan);
  tell({ kind: 'done', decided: { ...task, ...decision } });
});
