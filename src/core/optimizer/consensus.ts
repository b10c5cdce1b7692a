import { answerFault } from './answer-check.ts';
import { type Certificate, certify, publicBound, publicCost } from './certificate.ts';
import { type MasterSolution, type SiteModel, solveMaster } from './master.ts';
import { type DispatchProblem, edgeCount, rowCount, totalsBox } from './problem.ts';
import type { Settings, StopReason } from './settings.ts';
import { congestionCurve, emptyCurve, learn, type SlotCurve } from './site-curve.ts';
import { loadOf, type SiteAnswer, type SiteQuery } from './site-subproblem.ts';

/**
 * Consensus ADMM on site totals, one round at a time: {@link propose} says what to ask of every
 * site, {@link absorb} takes the answers and moves the consensus. Whoever runs the rounds (the
 * coordinator across a continent, the backtest in process) owns the loop; the state between two
 * rounds is plain data that can be written down and read back. The equations, in this order, are in
 * docs/algorithm.md.
 */
export interface ConsensusState {
  round: number;
  mode: 'learned' | 'classic';
  sites: SiteState[];
  slots: SlotState[];
  /** Gap after each certified round; Infinity where a site was missing. */
  gaps: number[];
  /** Learned rounds in a row without progress. */
  stalled: number;
}

export interface SiteState {
  /** z, the standing proposal. Length T·K. */
  totals: Float64Array;
  /** p. Length T·K. */
  prices: Float64Array;
  /** u, scaled dual of classic rounds. Length T·K. */
  dual: Float64Array;
  /** ρ of classic rounds; zero until the first answer sets its scale. Length T·K. */
  penalty: Float64Array;
  /** N, the last proximal point of classic rounds. Length T·K. */
  proximal: Float64Array;
  /** ∇g at the last proposal it answered. Length T·K. */
  marginalAud: Float64Array;
  curves: SlotCurve[];
  /** Rounds in a row without a valid answer, and why the last was refused. */
  missed: number;
  fault?: string;
  /** Out of this optimization: planned at zero, its demand moved. */
  excluded: boolean;
}

/** The best proven of each slot so far: slots are independent, so their bests add up. */
export interface SlotState {
  /** Flows and unserved demand of the standing proposal. */
  flow: Float64Array;
  unserved: Float64Array;
  bestCostAud: number;
  bestFlow: Float64Array;
  bestUnserved: Float64Array;
  bestBoundAud: number;
}

/** A site that gave no usable answer, with the reason as its asker saw it. */
export interface MissingAnswer {
  missing: string;
}

/** What one round brought. */
export interface RoundReport {
  round: number;
  mode: 'learned' | 'classic';
  certificate?: Certificate;
  /** ids of sites without a valid answer, with the reason. */
  missing: { site: string; reason: string }[];
  excluded: string[];
}

/** Step of the classic rounds: ρ in units of spread over reach; 1 to 5 do about as well. */
const PENALTY = 3;
const MASTER = { tolerance: 1e-8, maxIterations: 80 };

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
      bestCostAud: Number.POSITIVE_INFINITY,
      bestFlow: new Float64Array(edgeCount(p)),
      bestUnserved: new Float64Array(rowCount(p)),
      bestBoundAud: Number.NEGATIVE_INFINITY,
    })),
    gaps: [],
    stalled: 0,
  };
  moveConsensus(p, state, learnedModels(p, state));
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
    moveConsensus(p, state, classicModels(p, settings, state, accepted));
  } else {
    moveConsensus(p, state, learnedModels(p, state));
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

/** Valid answers pass; others count as missing, and a site that misses too often is taken out. */
function acceptAnswers(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  queries: (SiteQuery | undefined)[],
  answers: (SiteAnswer | MissingAnswer | undefined)[],
  report: RoundReport,
): (SiteAnswer | undefined)[] {
  return state.sites.map((site, j) => {
    const query = queries[j];
    if (!query) return undefined;
    const answer = answers[j];
    const fault = replyFault(p, query, answer);
    if (fault === undefined && answer && !('missing' in answer)) {
      site.missed = 0;
      delete site.fault;
      return answer;
    }
    const id = (p.sites[j] as { id: string }).id;
    site.missed++;
    site.fault = fault ?? 'no answer';
    report.missing.push({ site: id, reason: site.fault });
    if (site.missed >= settings.maxMissedRounds) {
      excludeSite(p, state, j);
      report.excluded.push(id);
    }
    return undefined;
  });
}

function replyFault(
  p: DispatchProblem,
  query: SiteQuery,
  reply: SiteAnswer | MissingAnswer | undefined,
): string | undefined {
  if (reply === undefined) return 'no answer in time';
  return 'missing' in reply ? reply.missing : answerFault(p, query, reply);
}

/** Closes excluded sites in a problem assembled anew around a stored state. */
export function restoreExclusions(p: DispatchProblem, state: ConsensusState): void {
  state.sites.forEach((site, j) => {
    if (site.excluded) p.sites[j]?.maxLoad.fill(0);
  });
}

/** Plans on without a site. What was proven with it no longer holds. */
function excludeSite(p: DispatchProblem, state: ConsensusState, j: number): void {
  const site = state.sites[j] as SiteState;
  site.excluded = true;
  (p.sites[j] as { maxLoad: Float64Array }).maxLoad.fill(0);
  for (const array of [site.totals, site.dual, site.prices, site.proximal]) array.fill(0);
  for (const slot of state.slots) {
    slot.bestCostAud = Number.POSITIVE_INFINITY;
    slot.bestBoundAud = Number.NEGATIVE_INFINITY;
  }
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

/**
 * ρ by site, slot and class, once: the spread of the sites' marginal costs over what the site could
 * serve of the class, so that a step of the size of a site is worth a typical difference in cost.
 * u starts where the sites' own marginal costs say. False while some site has not answered yet.
 */
function setPenalties(p: DispatchProblem, state: ConsensusState): boolean {
  const active = state.sites.flatMap((site, j) => (site.excluded ? [] : [{ site, j }]));
  if (active.every(({ site }) => site.penalty.some((rho) => rho > 0))) return true;
  if (active.some(({ site }) => site.curves.some((c) => c.samples.length === 0))) return false;
  const K = p.classCount;
  for (let t = 0; t < p.slotCount; t++) {
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const marginals = active.map(({ site }) => site.marginalAud[at] as number);
      const mean = marginals.reduce((a, b) => a + b, 0) / marginals.length;
      const variance = marginals.reduce((a, m) => a + (m - mean) ** 2, 0) / marginals.length;
      const spread = Math.max(Math.sqrt(variance), 1e-3 * Math.abs(mean), 1e-12);
      for (const { site, j } of active) {
        const { maxLoad, loadPerReqPerS } = p.sites[j] as DispatchProblem['sites'][number];
        const reach = (maxLoad[t] as number) / (loadPerReqPerS[k] as number);
        const rho = (PENALTY * spread) / Math.max(reach, 1e-9);
        site.penalty[at] = rho;
        site.dual[at] = -(site.marginalAud[at] as number) / rho;
        site.proximal[at] = site.totals[at] as number;
      }
    }
  }
  return true;
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

/** The quadratics of two-block ADMM around the sites' over-relaxed proximal points. */
function classicModels(
  p: DispatchProblem,
  settings: Settings,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): SiteModel[][] {
  const K = p.classCount;
  balancePenalties(p, state, answers);
  const centers = state.sites.map((site, j) => {
    const proximal = answers[j]?.proximal ?? site.proximal;
    site.proximal.set(proximal);
    return proximal.map((n, i) => {
      const z = site.totals[i] as number;
      return settings.relaxation * n + (1 - settings.relaxation) * z + (site.dual[i] as number);
    });
  });
  return state.slots.map((_, t) =>
    state.sites.map((site, j) => ({
      offsetAud: new Float64Array(K),
      quadratic: {
        weight: site.penalty.subarray(t * K, (t + 1) * K),
        center: (centers[j] as Float64Array).subarray(t * K, (t + 1) * K),
      },
    })),
  );
}

/**
 * Residual balancing by slot (Boyd et al. 2011, §3.4.1): where primal and dual residual, each
 * relative to its own scale, differ more than threefold, ρ moves towards their ratio.
 */
function balancePenalties(
  p: DispatchProblem,
  state: ConsensusState,
  answers: (SiteAnswer | undefined)[],
): void {
  const K = p.classCount;
  for (let t = 0; t < p.slotCount; t++) {
    let primal = 0;
    let dual = 0;
    let totalSize = 0;
    let priceSize = 0;
    state.sites.forEach((site, j) => {
      const answer = answers[j]?.proximal;
      if (!answer) return;
      for (let i = t * K; i < (t + 1) * K; i++) {
        const z = site.totals[i] as number;
        const rho = site.penalty[i] as number;
        primal += ((answer[i] as number) - z) ** 2;
        dual += (rho * ((answer[i] as number) - (site.proximal[i] as number))) ** 2;
        totalSize += z * z;
        priceSize += (rho * (site.dual[i] as number)) ** 2;
      }
    });
    if (primal === 0 || dual === 0) continue;
    const ratio =
      Math.sqrt(primal / Math.max(totalSize, 1e-300)) /
      Math.sqrt(dual / Math.max(priceSize, 1e-300));
    if (ratio < 3 && ratio > 1 / 3) continue;
    const factor = Math.min(4, Math.max(0.25, Math.sqrt(ratio)));
    for (const site of state.sites) {
      for (let i = t * K; i < (t + 1) * K; i++) {
        site.penalty[i] = (site.penalty[i] as number) * factor;
        site.dual[i] = (site.dual[i] as number) / factor;
      }
    }
  }
}

/** Solves the master in every slot and makes its answer the standing proposal. */
function moveConsensus(p: DispatchProblem, state: ConsensusState, models: SiteModel[][]): void {
  const K = p.classCount;
  state.slots.forEach((slot, t) => {
    const slotModels = models[t] as SiteModel[];
    const solution = solveMaster(p, t, slotModels, MASTER);
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
    });
  });
}

function assertSolved(solution: MasterSolution, t: number): void {
  const finite = solution.flow.every(Number.isFinite) && solution.prices.every(Number.isFinite);
  if (finite) return;
  throw new Error(
    `master: no finite solution in slot ${t} after ${solution.iterations} iterations`,
  );
}
