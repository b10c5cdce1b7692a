import { classicModels, setPenalties } from './classic-rounds.ts';
import type { Cut } from './cut.ts';
import { learnAnswer } from './learning.ts';
import { acceptAnswers } from './participation.ts';
import { type DispatchProblem, edgeCount, rowCount, totalsBoxes } from './problem.ts';
import { certifyByBids, certifyRound } from './proof.ts';
import { learnedModels, moveConsensus } from './proposal.ts';
import { proposalOf, residuals } from './residuals.ts';
import type { Settings, StopReason } from './settings.ts';
import { emptyCurve, type SlotCurve } from './site-curve.ts';
import type { SiteAnswer, SiteQuery } from './site-subproblem.ts';
import { type ConsensusState, isJoint, type MissingAnswer, type RoundReport } from './state.ts';
import { supplyLoads } from './supply-curve.ts';

export { type Incumbent, incumbent } from './incumbent.ts';

/**
 * Consensus ADMM on site totals, one round at a time: {@link propose} says what to ask of every
 * site, {@link absorb} takes the answers and moves the consensus. Whoever runs the rounds (the
 * coordinator across a continent, the backtest in process) owns the loop; the state between two
 * rounds is plain data that can be written down and read back. The equations, in this order, are in
 * docs/algorithm.md.
 */

/** What an earlier optimization learned of the sites: guesses, which the first answers replace. */
export interface WarmStart {
  (site: number, slot: number): SlotCurve | undefined;
  /** Bounds below a site's coupled cost, as long as this optimization's slots. */
  cuts?(site: number): Cut[] | undefined;
}

/** A first state, with a proposal from priors, or from what an earlier optimization learned. */
export function begin(p: DispatchProblem, settings: Settings, warm?: WarmStart): ConsensusState {
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
      cuts: warm?.cuts?.(j) ?? [],
      latestCuts: [],
      servedShare: 1,
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
      bestEdges: new Int32Array(rowCount(p)).fill(-1),
    })),
    gaps: [],
    asksImpacts: settings.discloseImpacts,
    stalled: 0,
    batchUnserved: Float64Array.from(p.batch ?? [], (b) => b.amount),
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
  const boxes = totalsBoxes(p);
  return state.sites.map((site, j) => {
    if (site.excluded) return undefined;
    const query: SiteQuery = {
      round: state.round,
      totals: site.totals,
      prices: site.prices,
      box: boxes[j] as Float64Array,
    };
    if (p.limited) query.maxLoad = p.sites[j]?.maxLoad;
    if (state.asksImpacts) query.impacts = true;
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
  for (let j = 0; j < p.sites.length; j++) {
    const answer = accepted[j];
    const query = queries[j];
    if (answer && query) learnAnswer(p, state, j, query, answer);
  }
  if (report.missing.length === 0) report.certificate = certifyRound(p, state, queries, accepted);
  state.gaps.push(report.certificate?.gap ?? Number.POSITIVE_INFINITY);
  state.round++;
  if (report.certificate && report.certificate.gap <= settings.gapTarget) return report;
  const before = proposalOf(state);
  chooseMode(p, settings, state);
  if (state.mode === 'supply') {
    absorbBids(p, settings, state, report);
  } else if (state.mode === 'classic' && setPenalties(p, state)) {
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
  // A bid says nothing of what joins a site's slots.
  if (report.missing.length > 0 || state.sites.some((site) => site.cuts.length > 0)) {
    state.mode = 'learned';
    return;
  }
  report.certificate = certifyByBids(p, state);
  state.gaps[state.gaps.length - 1] = report.certificate.gap;
  if (report.certificate.gap > settings.gapTarget) state.mode = 'learned';
}

/** Why to stop now, or undefined to go on. */
export function stopReason(settings: Settings, state: ConsensusState): StopReason | undefined {
  const gap = state.gaps[state.gaps.length - 1] ?? Number.POSITIVE_INFINITY;
  if (gap <= settings.gapTarget) return 'gap';
  return state.gaps.length >= settings.maxRounds ? 'rounds' : undefined;
}

/** Where something joins the slots, classic rounds wait so many times longer. */
const JOINT_PATIENCE = 4;

/** Learned rounds that no longer close the gap hand over to classic ones. */
function chooseMode(p: DispatchProblem, settings: Settings, state: ConsensusState): void {
  const [previous, latest] = state.gaps.slice(-2);
  if (state.mode !== 'learned' || previous === undefined || latest === undefined) return;
  if (!Number.isFinite(previous) || !Number.isFinite(latest)) return;
  state.stalled = latest > 0.75 * previous ? state.stalled + 1 : 0;
  // Every cut brings cuts nearer, though a few may bring the gap no lower.
  const patience = isJoint(p, state) ? JOINT_PATIENCE : 1;
  if (state.stalled >= patience * settings.stallRounds) state.mode = 'classic';
}
