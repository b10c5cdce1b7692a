import { type Certificate, certify, publicBound, publicCost, rowPrices } from './certificate.ts';
import { classicModels, setPenalties } from './classic-rounds.ts';
import { type MasterSolution, masterLayout, type SiteModel, solveMaster } from './master/index.ts';
import { acceptAnswers } from './participation.ts';
import { type DispatchProblem, edgeCount, rowCount, totalsBox } from './problem.ts';
import { proposalOf, residuals } from './residuals.ts';
import type { Settings, StopReason } from './settings.ts';
import { congestionCurve, emptyCurve, isEmpty, learn, type SlotCurve } from './site-curve.ts';
import { loadOf, type SiteAnswer, type SiteQuery } from './site-subproblem.ts';
import type { ConsensusState, MissingAnswer, RoundReport, SiteState, SlotState } from './state.ts';
import {
  leastBoundAud,
  mostCostAud,
  type SupplyBid,
  supplyBid,
  supplyLoads,
  supplySamples,
} from './supply-curve.ts';

/**
 * Consensus ADMM on site totals, one round at a time: {@link propose} says what to ask of every
 * site, {@link absorb} takes the answers and moves the consensus. Whoever runs the rounds (the
 * coordinator across a continent, the backtest in process) owns the loop; the state between two
 * rounds is plain data that can be written down and read back. The equations, in this order, are in
 * docs/algorithm.md.
 */

const MASTER_ITERATIONS = 80;
/** The master's tolerance over the gap asked for, since its error is part of that gap. */
const MASTER_SHARE = 0.1;
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
/** A lower bound this share above the cost is no rounding. */
const CONTRADICTION = 1e-6;
/** The first proposal that answers have gone into is that of round two. */
const FIRST_INFORMED_ROUND = 2;

/** A first state, with a proposal from priors, or from what an earlier optimization learned. */
export function begin(
  p: DispatchProblem,
  settings: Settings,
  warm?: (site: number, slot: number) => SlotCurve | undefined,
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
      answeredCostAud: new Float64Array(p.slotCount),
      marginalAud: new Float64Array(TK),
      curves: Array.from(
        { length: p.slotCount },
        (_, t) => warm?.(j, t) ?? emptyCurve(p.classCount),
      ),
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
      bestPrices: new Float64Array(rowCount(p)),
    })),
    gaps: [],
    stalled: 0,
  };
  if (state.mode === 'supply') proposeNothing(p, state);
  else moveConsensus(p, settings, state, learnedModels(p, state));
  return state;
}

/** Bids are asked for at a proposal of nothing, where a site's costs are its offsets alone. */
function proposeNothing(p: DispatchProblem, state: ConsensusState): void {
  const rows = rowCount(p);
  state.slots.forEach((slot, t) => {
    slot.unserved.set(p.demandReqPerS.subarray(t * rows, (t + 1) * rows));
  });
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
    if (state.mode === 'supply') {
      query.supplyLoad = supplyLoads(p, p.sites[j] as DispatchProblem['sites'][number]);
    }
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
  const report: RoundReport = {
    round: state.round,
    mode: state.mode,
    answered: 0,
    missing: [],
    excluded: [],
  };
  const accepted = acceptAnswers(p, settings, state, queries, answers, report);
  report.answered = accepted.filter((a) => a !== undefined).length;
  if (report.missing.length === 0) report.certificate = certifyRound(p, state, accepted);
  state.gaps.push(report.certificate?.gap ?? Number.POSITIVE_INFINITY);
  state.round++;
  for (let j = 0; j < p.sites.length; j++) {
    const answer = accepted[j];
    const query = queries[j];
    if (answer && query) learnAnswer(p, state, j, query, answer);
  }
  if (report.certificate && report.certificate.gap <= settings.gapTarget) return report;
  const before = proposalOf(state);
  if (state.mode === 'supply') {
    absorbBids(p, settings, state, report);
    report.residuals = residuals(before, accepted, state);
    return report;
  }
  chooseMode(settings, state);
  if (state.mode === 'classic' && setPenalties(p, state)) {
    moveConsensus(p, settings, state, classicModels(p, settings, state, accepted));
  } else {
    moveConsensus(p, settings, state, learnedModels(p, state));
  }
  report.residuals = residuals(before, accepted, state);
  return report;
}

/**
 * After a supply round: the plan that the bids ask for, proven by the bids where all sites sent one.
 * Later rounds, if any are needed, are learned ones.
 */
function absorbBids(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  report: RoundReport,
): void {
  moveConsensus(p, settings, state, learnedModels(p, state));
  if (report.missing.length > 0) {
    state.mode = 'learned';
    return;
  }
  state.slots.forEach((slot, t) => {
    assertServed(p, t, slot);
    let upper = publicCost(p, slot.flow, slot.unserved);
    const rows = rowPrices(
      p,
      t,
      state.sites.map((s) => s.prices),
    );
    let lower = publicBound(p, t, rows);
    state.sites.forEach((site, j) => {
      if (!site.bid) return;
      const capability = p.sites[j] as DispatchProblem['sites'][number];
      upper += mostCostAud(site.bid, capability, site.totals, t);
      lower += leastBoundAud(site.bid, capability, site.prices, totalsBox(p, j), t);
    });
    keepBetter(slot, upper, lower, rows);
  });
  report.certificate = standingCertificate(state);
  state.gaps[state.gaps.length - 1] = report.certificate.gap;
  if (report.certificate.gap > settings.gapTarget) state.mode = 'learned';
}

/** Why to stop now, or undefined to go on. */
export function stopReason(settings: Settings, state: ConsensusState): StopReason | undefined {
  const gap = state.gaps[state.gaps.length - 1] ?? Number.POSITIVE_INFINITY;
  if (gap <= settings.gapTarget) return 'gap';
  return state.gaps.length >= settings.maxRounds ? 'rounds' : undefined;
}

/** A proven plan, by slot. */
export interface Incumbent {
  /** req/s by edge, and req/s by row left unserved. */
  flow: Float64Array[];
  unserved: Float64Array[];
  /** Marginal price by row, AUD per (req/s) and slot. */
  rowPrices: Float64Array[];
  certificate: Certificate;
}

/** The best plan proven so far; undefined before the first certified round. */
export function incumbent(state: ConsensusState): Incumbent | undefined {
  if (state.slots.some((s) => s.bestCostAud === Number.POSITIVE_INFINITY)) return undefined;
  return {
    flow: state.slots.map((s) => s.bestFlow),
    unserved: state.slots.map((s) => s.bestUnserved),
    rowPrices: state.slots.map((s) => s.bestPrices),
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
    assertServed(p, t, slot);
    let upper = publicCost(p, slot.flow, slot.unserved);
    const rows = rowPrices(p, t, prices);
    let lower = publicBound(p, t, rows);
    for (const answer of answers) {
      if (!answer) continue;
      upper += answer.costAud[t] as number;
      lower += answer.boundAud[t] as number;
    }
    keepBetter(slot, upper, lower, rows);
  });
  return standingCertificate(state);
}

function keepBetter(slot: SlotState, upper: number, lower: number, rows: Float64Array): void {
  if (upper < slot.bestCostAud) {
    slot.bestCostAud = upper;
    slot.bestFlow.set(slot.flow);
    slot.bestUnserved.set(slot.unserved);
  }
  if (lower > slot.bestBoundAud) {
    slot.bestBoundAud = lower;
    slot.bestPrices.set(rows);
  }
  // Answers of different rounds that contradict one another prove nothing together.
  if (slot.bestBoundAud - slot.bestCostAud > CONTRADICTION * Math.abs(upper) + 1e-12) {
    slot.bestCostAud = upper;
    slot.bestFlow.set(slot.flow);
    slot.bestUnserved.set(slot.unserved);
    slot.bestBoundAud = lower;
    slot.bestPrices.set(rows);
  }
}

/** A certificate of a plan that serves less than the demand would prove nothing. */
function assertServed(p: DispatchProblem, t: number, slot: SlotState): void {
  const rows = rowCount(p);
  for (let r = 0; r < rows; r++) {
    const demand = p.demandReqPerS[t * rows + r] as number;
    let placed = slot.unserved[r] as number;
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      placed += slot.flow[e] as number;
    }
    if (Math.abs(placed - demand) <= 1e-9 * demand) continue;
    throw new Error(`slot ${t}, row ${r}: ${placed} req/s placed of ${demand}`);
  }
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
  site.answeredCostAud.set(answer.costAud);
  site.marginalAud.set(answer.marginalAud);
  if (answer.supply && query.supplyLoad) {
    takeBid(p, site, supplyBid(capability, query.supplyLoad, answer, answer.supply));
    return;
  }
  site.curves.forEach((curve, t) => {
    const load = loadOf(capability.loadPerReqPerS, query.totals, t);
    const marginal = answer.marginalAud.subarray(t * K, (t + 1) * K);
    learn(curve, capability, load, marginal, answer.slopeAud[t] as number);
  });
}

/** A bid is all there is to know of a site: its curves are the bid's. */
function takeBid(p: DispatchProblem, site: SiteState, bid: SupplyBid): void {
  const K = p.classCount;
  site.bid = bid;
  site.curves = site.curves.map((_, t) => ({
    offsetAud: bid.rateAud.slice(t * K, (t + 1) * K),
    samples: supplySamples(bid, t),
    anchored: true,
  }));
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
  const layout = masterLayout(p);
  const tolerance = masterTolerance(settings, state);
  state.slots.forEach((slot, t) => {
    if (isSettled(settings, state, slot)) return;
    const slotModels = models[t] as SiteModel[];
    const solution = solveMaster(p, t, slotModels, {
      ...tolerance,
      maxIterations: MASTER_ITERATIONS,
      guess: expectedPrices(p, state, slotModels, t),
      layout,
    });
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
 * Where the master's prices are expected: the model's offsets with the price of load this slot had
 * last round, or while that knew nothing of costs, the slot before it has now. In classic rounds,
 * last round's prices.
 */
function expectedPrices(
  p: DispatchProblem,
  state: ConsensusState,
  models: SiteModel[],
  t: number,
): Float64Array | undefined {
  const K = p.classCount;
  const from = state.round > FIRST_INFORMED_ROUND ? t : t - 1;
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
