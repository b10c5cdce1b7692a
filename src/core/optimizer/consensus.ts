import { type Certificate, certify, publicBound, publicCost } from './certificate.ts';
import { classicModels, setPenalties } from './classic-rounds.ts';
import { type MasterSolution, masterLayout, type SiteModel, solveMaster } from './master/index.ts';
import { acceptAnswers } from './participation.ts';
import { type DispatchProblem, edgeCount, rowCount, totalsBox } from './problem.ts';
import type { Settings, StopReason } from './settings.ts';
import { congestionCurve, emptyCurve, learn, type SlotCurve } from './site-curve.ts';
import { loadOf, type SiteAnswer, type SiteQuery } from './site-subproblem.ts';
import type { ConsensusState, MissingAnswer, RoundReport, SiteState } from './state.ts';

/**
 * Consensus ADMM on site totals, one round at a time: {@link propose} says what to ask of every
 * site, {@link absorb} takes the answers and moves the consensus. Whoever runs the rounds (the
 * coordinator across a continent, the backtest in process) owns the loop; the state between two
 * rounds is plain data that can be written down and read back. The equations, in this order, are in
 * docs/algorithm.md.
 */

const MASTER_ITERATIONS = 80;
/** The master's tolerance, over the gap asked for: its error is part of that gap. */
const MASTER_SHARE = 0.01;

/** A first state, with a proposal from priors, or from what an earlier optimization learned. */
export function begin(
  p: DispatchProblem,
  settings: Settings,
  warmOffsets?: (site: number, slot: number) => Float64Array | undefined,
): ConsensusState {
  const TK = p.slotCount * p.classCount;
  const state: ConsensusState = {
    round: 1,
    mode: settings.mode,
    sites: p.sites.map((_, j) => ({
      totals: new Float64Array(TK),
      prices: new Float64Array(TK),
      dual: new Float64Array(TK),
      penalty: new Float64Array(TK),
      proximal: new Float64Array(TK),
      answeredTotals: new Float64Array(TK),
      marginalAud: new Float64Array(TK),
      curves: Array.from({ length: p.slotCount }, (_, t) => {
        const curve = emptyCurve(p.classCount);
        curve.offsetAud.set(warmOffsets?.(j, t) ?? curve.offsetAud);
        return curve;
      }),
      missed: 0,
      excluded: false,
    })),
    slots: Array.from({ length: p.slotCount }, () => ({
      flow: new Float64Array(edgeCount(p)),
      unserved: new Float64Array(rowCount(p)),
      loadPrice: new Float64Array(p.sites.length),
      bestCostAud: Number.POSITIVE_INFINITY,
      bestFlow: new Float64Array(edgeCount(p)),
      bestUnserved: new Float64Array(rowCount(p)),
      bestBoundAud: Number.NEGATIVE_INFINITY,
    })),
    gaps: [],
    stalled: 0,
  };
  moveConsensus(p, settings, state, learnedModels(p, state));
  return state;
}

/** What to ask of each site this round; undefined for a site that is out. */
export function propose(p: DispatchProblem, state: ConsensusState): (SiteQuery | undefined)[] {
  return state.sites.map((site, j) => {
    if (site.excluded) return undefined;
    const query: SiteQuery = {
      round: state.round,
      totals: site.totals,
      prices: site.prices,
      box: totalsBox(p, j),
    };
    if (state.mode === 'classic' && site.penalty.some((rho) => rho > 0)) {
      query.proximal = {
        penalty: site.penalty,
        center: site.totals.map((z, i) => z - (site.dual[i] as number)),
      };
    }
    return query;
  });
}

/**
 * Takes a round's answers (undefined: none came in time) into the state: checks them, updates the
 * certificate, learns, and solves the master for the next proposal.
 */
export function absorb(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  queries: (SiteQuery | undefined)[],
  answers: (SiteAnswer | MissingAnswer | undefined)[],
): RoundReport {
  const report: RoundReport = { round: state.round, mode: state.mode, missing: [], excluded: [] };
  const accepted = acceptAnswers(p, settings, state, queries, answers, report);
  if (report.missing.length === 0) report.certificate = certifyRound(p, state, accepted);
  state.gaps.push(report.certificate?.gap ?? Number.POSITIVE_INFINITY);
  state.round++;
  for (let j = 0; j < p.sites.length; j++) {
    const answer = accepted[j];
    const query = queries[j];
    if (answer && query) learnAnswer(p, state, j, query, answer);
  }
  if (report.certificate && report.certificate.gap <= settings.gapTarget) return report;
  chooseMode(settings, state);
  if (state.mode === 'classic' && setPenalties(p, state)) {
    moveConsensus(p, settings, state, classicModels(p, settings, state, accepted));
  } else {
    moveConsensus(p, settings, state, learnedModels(p, state));
  }
  return report;
}

/** Why to stop now, or undefined to go on. */
export function stopReason(settings: Settings, state: ConsensusState): StopReason | undefined {
  const gap = state.gaps[state.gaps.length - 1] ?? Number.POSITIVE_INFINITY;
  if (gap <= settings.gapTarget) return 'gap';
  return state.gaps.length >= settings.maxRounds ? 'rounds' : undefined;
}

/** The best plan proven so far; undefined before the first certified round. */
export function incumbent(
  state: ConsensusState,
): { flow: Float64Array[]; unserved: Float64Array[]; certificate: Certificate } | undefined {
  if (state.slots.some((s) => s.bestCostAud === Number.POSITIVE_INFINITY)) return undefined;
  return {
    flow: state.slots.map((s) => s.bestFlow),
    unserved: state.slots.map((s) => s.bestUnserved),
    certificate: standingCertificate(state),
  };
}

function standingCertificate(state: ConsensusState): Certificate {
  let upper = 0;
  let lower = 0;
  for (const slot of state.slots) {
    upper += slot.bestCostAud;
    lower += slot.bestBoundAud;
  }
  return certify(upper, lower);
}

/** Upper bound from the costs at z, lower bound from the minima at p, kept by slot if better. */
function certifyRound(
  p: DispatchProblem,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): Certificate {
  const prices = state.sites.map((s) => s.prices);
  state.slots.forEach((slot, t) => {
    let upper = publicCost(p, slot.flow, slot.unserved);
    let lower = publicBound(p, t, prices);
    for (const answer of answers) {
      if (!answer) continue;
      upper += answer.costAud[t] as number;
      lower += answer.boundAud[t] as number;
    }
    if (upper < slot.bestCostAud) {
      slot.bestCostAud = upper;
      slot.bestFlow.set(slot.flow);
      slot.bestUnserved.set(slot.unserved);
    }
    slot.bestBoundAud = Math.max(slot.bestBoundAud, lower);
  });
  return standingCertificate(state);
}

function learnAnswer(
  p: DispatchProblem,
  state: ConsensusState,
  j: number,
  query: SiteQuery,
  answer: SiteAnswer,
): void {
  const K = p.classCount;
  const site = state.sites[j] as SiteState;
  const capability = p.sites[j] as DispatchProblem['sites'][number];
  site.answeredTotals.set(query.totals);
  site.marginalAud.set(answer.marginalAud);
  site.curves.forEach((curve, t) => {
    const load = loadOf(capability.loadPerReqPerS, query.totals, t);
    const marginal = answer.marginalAud.subarray(t * K, (t + 1) * K);
    learn(curve, capability, load, marginal, answer.slopeAud[t] as number);
  });
}

/** Learned rounds that no longer close the gap hand over to classic ones. */
function chooseMode(settings: Settings, state: ConsensusState): void {
  const [previous, latest] = state.gaps.slice(-2);
  if (state.mode !== 'learned' || previous === undefined || latest === undefined) return;
  if (!Number.isFinite(previous) || !Number.isFinite(latest)) return;
  state.stalled = latest > 0.75 * previous ? state.stalled + 1 : 0;
  if (state.stalled >= settings.stallRounds) state.mode = 'classic';
}

function learnedModels(p: DispatchProblem, state: ConsensusState): SiteModel[][] {
  return state.slots.map((_, t) =>
    state.sites.map((site, j) => {
      const curve = site.curves[t] as SlotCurve;
      const capability = p.sites[j] as DispatchProblem['sites'][number];
      return { offsetAud: curve.offsetAud, congestion: congestionCurve(curve, capability) };
    }),
  );
}

/** Solves the master in every slot that still needs it, and makes its answer the proposal. */
function moveConsensus(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  models: SiteModel[][],
): void {
  const K = p.classCount;
  const options = {
    tolerance: Math.min(Math.max(MASTER_SHARE * settings.gapTarget, 1e-9), 1e-6),
    maxIterations: MASTER_ITERATIONS,
    layout: masterLayout(p),
  };
  state.slots.forEach((slot, t) => {
    const slotModels = models[t] as SiteModel[];
    const guess = expectedPrices(p, state, slotModels, t);
    const solution = solveMaster(p, t, slotModels, { ...options, guess });
    assertSolved(solution, t);
    slot.flow.set(solution.flow);
    slot.unserved.set(solution.unserved);
    state.sites.forEach((site, j) => {
      const center = (slotModels[j] as SiteModel).quadratic?.center;
      for (let k = 0; k < K; k++) {
        const at = t * K + k;
        const z = solution.totals[j * K + k] as number;
        if (center) site.dual[at] = (center[k] as number) - z;
        site.totals[at] = z;
        site.prices[at] = solution.prices[j * K + k] as number;
      }
      slot.loadPrice[j] = solution.loadPrices[j] as number;
    });
  });
}

/**
 * Where the master's prices are expected: the model's offsets with the price of load this slot had
 * last round, or in a first round the slot before it has now. In classic rounds, last round's prices.
 */
function expectedPrices(
  p: DispatchProblem,
  state: ConsensusState,
  models: SiteModel[],
  t: number,
): Float64Array | undefined {
  const K = p.classCount;
  const from = state.round > 1 ? t : t - 1;
  const loadPrice = state.slots[from]?.loadPrice;
  if (!loadPrice) return undefined;
  const prices = new Float64Array(p.sites.length * K);
  p.sites.forEach((site, j) => {
    const model = models[j] as SiteModel;
    for (let k = 0; k < K; k++) {
      prices[j * K + k] = model.quadratic
        ? ((state.sites[j] as SiteState).prices[t * K + k] as number)
        : (model.offsetAud[k] as number) +
          (site.loadPerReqPerS[k] as number) * (loadPrice[j] as number);
    }
  });
  return prices;
}

function assertSolved(solution: MasterSolution, t: number): void {
  const finite = solution.flow.every(Number.isFinite) && solution.prices.every(Number.isFinite);
  if (finite) return;
  throw new Error(
    `master: no finite solution in slot ${t} after ${solution.iterations} iterations`,
  );
}
