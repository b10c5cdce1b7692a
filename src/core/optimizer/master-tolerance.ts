import type { Settings } from './settings.ts';
import { isEmpty } from './site-curve.ts';
import type { ConsensusState, SlotState } from './state.ts';

/** How exact a round's masters have to be. */

/** The master's tolerance over the gap asked for, since its error is part of that gap. */
const MASTER_SHARE = 0.2;
/** The same over the gap that stands, where something joins the slots. */
const JOINT_SHARE = 0.02;
/**
 * While the gap is beyond FAR_GAP (or nothing is known at all) the curves have one sample a slot at
 * most: the next proposal teaches as much if it is optimal to this tolerance only.
 */
const FAR_GAP = 0.1;
const FAR_TOLERANCE = 1e-2;
/** Classic rounds are only as good as their master's multipliers. */
const CLASSIC_TOLERANCE = 1e-8;
/** A slot whose own gap is this share of the one asked for keeps its plan. */
const SETTLED_SHARE = 0.1;

/** Gap to stop at: relative to the objective's scale, and in AUD; both, where both are given. */
export interface MasterTolerance {
  tolerance: number;
  toleranceAud?: number;
}

/**
 * How exact the masters have to be. Once costs are known every slot may be off by the same amount of
 * money, so that an hour of ordinary prices need not be exact beside one at the price cap.
 */
export function masterTolerance(settings: Settings, state: ConsensusState): MasterTolerance {
  if (state.mode === 'classic') return { tolerance: CLASSIC_TOLERANCE };
  // Nothing is known yet of what the slots cost.
  if (state.mode === 'supply') return { tolerance: MASTER_SHARE * settings.gapTarget };
  if (isBlind(state) || (state.gaps.findLast(Number.isFinite) ?? 0) > FAR_GAP) {
    return { tolerance: FAR_TOLERANCE };
  }
  const total = totalCostAud(state);
  if (!Number.isFinite(total)) return { tolerance: MASTER_SHARE * settings.gapTarget };
  const toleranceAud = (MASTER_SHARE * settings.gapTarget * total) / state.slots.length;
  return { tolerance: FAR_TOLERANCE, toleranceAud };
}

/**
 * The same for slots that something joins: a tenth of the gap asked for, or while that is far a share
 * of the gap that stands, since cuts teach most where the master really has its minimum.
 */
export function horizonTolerance(settings: Settings, state: ConsensusState): MasterTolerance {
  if (state.mode === 'classic') return { tolerance: CLASSIC_TOLERANCE };
  const total = totalCostAud(state);
  const gap = state.gaps.findLast(Number.isFinite);
  if (gap === undefined || !Number.isFinite(total)) return { tolerance: FAR_TOLERANCE };
  const share = Math.max(MASTER_SHARE * settings.gapTarget, JOINT_SHARE * gap);
  return { tolerance: FAR_TOLERANCE, toleranceAud: share * total };
}

/** Whether nothing at all is known of the sites' costs: any proposal teaches as much. */
function isBlind(state: ConsensusState): boolean {
  return state.sites.every((site) => site.curves.every(isEmpty));
}

/** |U|, AUD; infinite before every slot has a plan. */
function totalCostAud(state: ConsensusState): number {
  return Math.abs(state.slots.reduce((sum, s) => sum + s.bestCostAud, 0));
}

/** Whether a slot's plan is proven so well that another would not help the whole. */
export function isSettled(settings: Settings, state: ConsensusState, slot: SlotState): boolean {
  if (state.mode === 'classic' || !Number.isFinite(slot.bestCostAud)) return false;
  const allowed = (SETTLED_SHARE * settings.gapTarget * totalCostAud(state)) / state.slots.length;
  return slot.bestCostAud - slot.bestBoundAud <= allowed;
}
