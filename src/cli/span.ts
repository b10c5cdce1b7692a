import { type PlanningInputs, slotUtcMs } from '../core/planning/inputs.ts';

/** The time that inputs cover, for JSON. */
export function spanJson(inputs: PlanningInputs) {
  return {
    fromUtc: new Date(inputs.startUtcMs).toISOString(),
    /** Exclusive. */
    toUtc: new Date(slotUtcMs(inputs, inputs.slotCount)).toISOString(),
    hours: inputs.slotCount,
  };
}
