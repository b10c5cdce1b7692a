import { congestionCurve } from './congestion-curve.ts';
import { type Cut, cutBytes } from './cut.ts';
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
import { isEmpty, type SlotCurve } from './site-curve.ts';
import { loadOf } from './site-subproblem.ts';
import { type ConsensusState, isJoint, type SiteState, type SlotState } from './state.ts';

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
/** Cuts kept after a master: of all sites together, in bytes of each site's state, and of each at least. */
const MOST_CUTS = 1200;
const MOST_CUT_BYTES = 1e6;
const LEAST_CUTS = 8;
/** The first proposal that answers have gone into is that of round two. */
const FIRST_INFORMED_ROUND = 2;

/** The sites as their curves have them. */
export function learnedModels(p: DispatchProblem, state: ConsensusState): SlotModels {
  return (t) =>
    state.sites.map((site, j) => {
      const curve = site.curves[t] as SlotCurve;
      const capability = p.sites[j] as DispatchProblem['sites'][number];
      return { offsetAud: curve.offsetAud, congestion: congestionCurve(curve.samples, capability) };
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
  if (isJoint(p, state)) moveHorizon(p, settings, state, models, layout);
  else moveSlots(p, settings, state, models, layout);
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
    guess: state.round > FIRST_INFORMED_ROUND ? standingPrices(p, state) : undefined,
    room: likelyRoom(p, state),
  });
  solution.slots.forEach((slot, t) => {
    moveSlot(p, state, models[t] as SiteModel[], t, slot);
  });
  state.batchUnserved.set(solution.batchUnserved);
  keepWorkingCuts(state, solution.cutWeights);
}

/**
 * Load a site will probably have at most in a slot, index t·J + j: where it could not serve all of the
 * last proposal, the part of it that it could. Only says where to begin.
 */
function likelyRoom(p: DispatchProblem, state: ConsensusState): Float64Array {
  const J = p.sites.length;
  const room = new Float64Array(p.slotCount * J);
  p.sites.forEach(({ maxLoad, loadPerReqPerS }, j) => {
    const { servedShare, totals } = state.sites[j] as SiteState;
    for (let t = 0; t < p.slotCount; t++) {
      const most = maxLoad[t] as number;
      room[t * J + j] =
        servedShare < 1
          ? Math.min(
              most,
              Math.max(LEAST_ROOM * most, servedShare * loadOf(loadPerReqPerS, totals, t)),
            )
          : most;
    }
  });
  return room;
}

/** Of the last masters, index (t·J + j)·K + k. */
function standingPrices(p: DispatchProblem, state: ConsensusState): Float64Array {
  const K = p.classCount;
  const JK = p.sites.length * K;
  const prices = new Float64Array(p.slotCount * JK);
  state.sites.forEach((site, j) => {
    for (let t = 0; t < p.slotCount; t++) {
      prices.set(site.prices.subarray(t * K, (t + 1) * K), t * JK + j * K);
    }
  });
  return prices;
}

/** Of a site's limit. */
const LEAST_ROOM = 0.05;

/** The cuts masters see. */
function cutsOf(state: ConsensusState): Cut[][] {
  return state.sites.map((site) => (site.excluded ? [] : site.cuts));
}

/**
 * Keeps of each site the cuts that count in the master's price, as many as the masters have room for;
 * those of the latest answer have not been tried yet and stay in any case.
 */
function keepWorkingCuts(state: ConsensusState, weights: Float64Array[]): void {
  const coupled = state.sites.filter((site) => site.cuts.length > 0).length;
  const most = Math.max(LEAST_CUTS, Math.floor(MOST_CUTS / Math.max(1, coupled)));
  state.sites.forEach((site, j) => {
    const bytes = site.cuts[0] ? cutBytes(site.cuts[0]) : 1;
    const room = Math.max(LEAST_CUTS, Math.floor(MOST_CUT_BYTES / bytes));
    if (site.cuts.length <= Math.min(most, room) || weights[j]?.length !== site.cuts.length) return;
    const ranked = site.cuts.map((cut, i) => ({ cut, weight: weights[j]?.[i] as number }));
    site.cuts = ranked
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, Math.min(most, room))
      .map(({ cut }) => cut);
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
