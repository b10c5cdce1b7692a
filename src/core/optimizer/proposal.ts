import { solveHorizon } from './horizon/index.ts';
import {
  type MasterLayout,
  type MasterSolution,
  masterLayout,
  type SiteModel,
  type SlotModels,
  solveMaster,
} from './master/index.ts';
import type { DispatchProblem } from './problem.ts';
import type { Settings } from './settings.ts';
import { congestionCurve, isEmpty, type SlotCurve } from './site-curve.ts';
import {
  type ConsensusState,
  isJoint,
  type SiteCut,
  type SiteState,
  type SlotState,
} from './state.ts';

/** The next proposal: masters against models of the sites, as exact as the round is worth. */

const MASTER_ITERATIONS = 80;
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
/** A cut counts in a master from this weight λ on; after so many masters without, it is forgotten. */
const IDLE_WEIGHT = 1e-6;
const IDLE_MASTERS = 4;
/** The first proposal that answers have gone into is that of round two. */
const FIRST_INFORMED_ROUND = 2;

/** The sites as their curves have them. */
export function learnedModels(p: DispatchProblem, state: ConsensusState): SlotModels {
  return (t) =>
    state.sites.map((site, j) => {
      const curve = site.curves[t] as SlotCurve;
      const capability = p.sites[j] as DispatchProblem['sites'][number];
      return { offsetAud: curve.offsetAud, congestion: congestionCurve(curve, capability) };
    });
}

/** Solves the masters that still need it, and makes their answer the proposal. */
export function moveConsensus(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  models: SlotModels,
): void {
  const layout = masterLayout(p);
  if (needsHorizon(p, state)) moveHorizon(p, settings, state, models, layout);
  else moveSlots(p, settings, state, models, layout);
}

/** Classic rounds ask a site for its proximal point, so only batch demand joins their masters. */
function needsHorizon(p: DispatchProblem, state: ConsensusState): boolean {
  return state.mode === 'classic' ? (p.batch?.length ?? 0) > 0 : isJoint(p, state);
}

function moveSlots(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  models: SlotModels,
  layout: MasterLayout,
): void {
  const tolerance = masterTolerance(settings, state);
  state.slots.forEach((slot, t) => {
    if (isSettled(settings, state, slot)) return;
    const slotModels = models(t);
    const like = similarSlot(state, t);
    const solution = solveMaster(p, t, slotModels, {
      ...tolerance,
      maxIterations: MASTER_ITERATIONS,
      ...(like && { guess: expectedPrices(p, state, slotModels, t, like) }),
      ...(like && { expectedFlow: like.flow }),
      layout,
    });
    moveSlot(p, state, slotModels, t, solution);
  });
}

function moveHorizon(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  slotModels: SlotModels,
  layout: MasterLayout,
): void {
  const models = state.slots.map((_, t) => slotModels(t));
  const solution = solveHorizon(p, models, cutsOf(state), {
    ...horizonTolerance(settings, state),
    maxIterations: MASTER_ITERATIONS,
    layout,
  });
  solution.slots.forEach((slot, t) => {
    moveSlot(p, state, models[t] as SiteModel[], t, slot);
  });
  state.batchUnserved.set(solution.batchUnserved);
  keepWorkingCuts(state, solution.cutWeights);
}

/** The cuts masters see: none in classic rounds. */
function cutsOf(state: ConsensusState): SiteCut[][] {
  return state.sites.map((site) => (state.mode === 'classic' || site.excluded ? [] : site.cuts));
}

/** Drops the cuts that no master has used for a while. */
function keepWorkingCuts(state: ConsensusState, weights: Float64Array[]): void {
  state.sites.forEach((site, j) => {
    if (weights[j]?.length !== site.cuts.length) return;
    site.cuts = site.cuts.filter((cut, i) => {
      cut.idle = (weights[j]?.[i] as number) > IDLE_WEIGHT ? 0 : cut.idle + 1;
      return cut.idle < IDLE_MASTERS;
    });
  });
}

function moveSlot(
  p: DispatchProblem,
  state: ConsensusState,
  models: SiteModel[],
  t: number,
  solution: MasterSolution,
): void {
  const K = p.classCount;
  const slot = state.slots[t] as SlotState;
  assertSolved(solution, t);
  slot.flow.set(solution.flow);
  slot.unserved.set(solution.unserved);
  state.sites.forEach((site, j) => {
    const center = (models[j] as SiteModel).quadratic?.center;
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const z = solution.totals[j * K + k] as number;
      if (center) site.dual[at] = (center[k] as number) - z;
      site.totals[at] = z;
      site.prices[at] = solution.prices[j * K + k] as number;
    }
    slot.loadPrice[j] = solution.loadPrices[j] as number;
  });
}

/**
 * How exact the masters have to be. Once costs are known every slot may be off by the same amount of
 * money, so that an hour of ordinary prices need not be exact beside one at the price cap.
 */
function masterTolerance(
  settings: Settings,
  state: ConsensusState,
): { tolerance: number; toleranceAud?: number } {
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
function horizonTolerance(
  settings: Settings,
  state: ConsensusState,
): { tolerance: number; toleranceAud?: number } {
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
function isSettled(settings: Settings, state: ConsensusState, slot: SlotState): boolean {
  if (state.mode === 'classic' || !Number.isFinite(slot.bestCostAud)) return false;
  const allowed = (SETTLED_SHARE * settings.gapTarget * totalCostAud(state)) / state.slots.length;
  return slot.bestCostAud - slot.bestBoundAud <= allowed;
}

/**
 * The solution this slot's is expected to be like: its own of last round, or while that knew nothing
 * of costs, the one that the slot before it has now.
 */
function similarSlot(state: ConsensusState, t: number): SlotState | undefined {
  return state.slots[state.round > FIRST_INFORMED_ROUND ? t : t - 1];
}

/**
 * Where the master's prices are expected: the model's offsets with the price of load in a similar
 * slot. In classic rounds, last round's prices.
 */
function expectedPrices(
  p: DispatchProblem,
  state: ConsensusState,
  models: SiteModel[],
  t: number,
  like: SlotState,
): Float64Array {
  const K = p.classCount;
  const prices = new Float64Array(p.sites.length * K);
  p.sites.forEach((site, j) => {
    const model = models[j] as SiteModel;
    for (let k = 0; k < K; k++) {
      prices[j * K + k] = model.quadratic
        ? ((state.sites[j] as SiteState).prices[t * K + k] as number)
        : (model.offsetAud[k] as number) +
          (site.loadPerReqPerS[k] as number) * (like.loadPrice[j] as number);
    }
  });
  return prices;
}

function assertSolved(solution: MasterSolution, t: number): void {
  if (Number.isFinite(total(solution.flow) + total(solution.prices))) return;
  throw new Error(
    `master: no finite solution in slot ${t} after ${solution.iterations} iterations`,
  );
}

function total(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum;
}
