import type { PublicFleet } from '../model/fleet.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { ConsensusState } from '../optimizer/state.ts';
import type { PlanningInputs } from './inputs.ts';

/**
 * What one optimization leaves to the next: the sites' marginal costs beside congestion, by slot.
 * Only a first guess: a wrong one costs a round, never correctness.
 */
export interface LearnedOffsets {
  startUtcMs: number;
  slotHours: number;
  slotCount: number;
  classCount: number;
  /** Site id to offsets, AUD per (req/s), length T·K. */
  offsets: Record<string, Float64Array>;
}

export function learnedOffsets(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  state: ConsensusState,
): LearnedOffsets {
  const K = fleet.classes.length;
  const offsets: LearnedOffsets['offsets'] = {};
  fleet.sites.forEach((site, j) => {
    const curves = state.sites[j]?.curves ?? [];
    if (curves.some((c) => c.samples.length === 0)) return;
    const all = new Float64Array(inputs.slotCount * K);
    curves.forEach((c, t) => {
      all.set(c.offsetAud, t * K);
    });
    offsets[site.id] = all;
  });
  const { startUtcMs, slotHours, slotCount } = inputs;
  return { startUtcMs, slotHours, slotCount, classCount: K, offsets };
}

/** Offsets for the slots of new inputs: those of the same hour, else of the same hour a day off. */
export function warmOffsets(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  learned: LearnedOffsets | undefined,
): ((site: number, slot: number) => Float64Array | undefined) | undefined {
  const K = fleet.classes.length;
  if (!learned || learned.classCount !== K || learned.slotHours !== inputs.slotHours) {
    return undefined;
  }
  const shift = (inputs.startUtcMs - learned.startUtcMs) / (inputs.slotHours * MS_PER_HOUR);
  const perDay = Math.round(24 / inputs.slotHours);
  return (j, t) => {
    const all = learned.offsets[fleet.sites[j]?.id ?? ''];
    let slot = t + shift;
    if (!all || !Number.isInteger(slot)) return undefined;
    while (slot >= learned.slotCount) slot -= perDay;
    return slot < 0 ? undefined : all.subarray(slot * K, (slot + 1) * K);
  };
}
