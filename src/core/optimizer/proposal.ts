import { congestionCurve } from './congestion-curve.ts';
import { solveHorizon } from './horizon/index.ts';
import {
  type MasterLayout,
  type MasterSolution,
  masterLayout,
  type SiteModel,
  type SlotModels,
  solveMaster,
} from './master/index.ts';
import { horizonTolerance, isSettled, masterTolerance } from './master-tolerance.ts';
import type { DispatchProblem } from './problem.ts';
import type { Settings } from './settings.ts';
import type { SlotCurve } from './site-curve.ts';
import { loadOf } from './site-subproblem.ts';
import { type ConsensusState, isJoint, type SiteState, type SlotState } from './state.ts';
import { cutsOf, keepWorkingCuts } from './working-cuts.ts';

/** The next proposal: masters against models of the sites, as exact as the round is worth. */

const MASTER_ITERATIONS = 80;
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
