import type { Certificate } from './certificate.ts';
import type { Cut } from './cut.ts';
import type { SiteImpacts } from './impacts.ts';
import type { DispatchProblem } from './problem.ts';
import type { Residuals } from './residuals.ts';
import type { Settings } from './settings.ts';
import type { SlotCurve } from './site-curve.ts';
import type { SupplyBid } from './supply-curve.ts';

/** Where an optimization stands between two rounds: plain data, to be written down and read back. */
export interface ConsensusState {
  round: number;
  mode: Settings['mode'];
  sites: SiteState[];
  slots: SlotState[];
  /** Gap after each certified round; Infinity where a site was missing. */
  gaps: number[];
  /** Whether sites are asked for carbon, water and energy. */
  asksImpacts: boolean;
  /** Learned rounds in a row without progress. */
  stalled: number;
  /** Of each batch demand, what the standing proposal leaves unserved, (req/s)·slots. */
  batchUnserved: Float64Array;
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
  /** The last proposal it answered, ∇g there (length T·K), and g (length T). */
  answeredTotals: Float64Array;
  answeredCostAud: Float64Array;
  marginalAud: Float64Array;
  /** Its carbon and water there, and energy, if it says. */
  impacts?: SiteImpacts;
  /** The same at the best plan, where it has a plant: of the operation whose cost the plan's is. */
  bestImpacts?: SiteImpacts;
  curves: SlotCurve[];
  /** Bounds below its coupled cost; none where its slots are independent. */
  cuts: Cut[];
  /** Those of its last answer: none yet where the cuts are guesses of an earlier optimization. */
  latestCuts: Cut[];
  /** Share of the last proposal's load that it could serve within its own limits. */
  servedShare: number;
  /** What it bid in a supply round. */
  bid?: SupplyBid;
  /** Rounds in a row without a valid answer, and why the last was refused. */
  missed: number;
  fault?: string;
  /** Out of this optimization: planned at zero, its demand moved. */
  excluded: boolean;
}

/**
 * The best proven of each slot so far: slots that are independent add up their bests; where something
 * joins them, all bests are of the same round (incumbent.ts).
 */
export interface SlotState {
  /** Flows and unserved demand of the standing proposal. */
  flow: Float64Array;
  unserved: Float64Array;
  /** Price of load by site there, congestion and capacity rent, AUD per busy server. */
  loadPrice: Float64Array;
  bestCostAud: number;
  bestFlow: Float64Array;
  bestUnserved: Float64Array;
  bestBoundAud: number;
  /** π at the best bound: what a request more would cost, AUD per (req/s) and slot. Length I·K. */
  bestPrices: Float64Array;
  /** The edge that sets each of them; −1 where no site does. Length I·K. */
  bestEdges: Int32Array;
}

/** Whether something joins the slots: batch demand, or a site whose slots depend on one another. */
export function isJoint(p: DispatchProblem, state: ConsensusState): boolean {
  return (p.batch?.length ?? 0) > 0 || state.sites.some((site) => site.cuts.length > 0);
}

/** A site that gave no usable answer, with the reason as its asker saw it. */
export interface MissingAnswer {
  missing: string;
}

/** How long a round took. */
export interface RoundTiming {
  /** From the first question to the next proposal. */
  wallMs: number;
  /** Until the slowest site had answered, or was given up. */
  slowestMs: number;
  slowestSite: string;
  /** The same of every site that was asked, by id. */
  siteMs?: Record<string, number>;
}

/** What one round brought; without times where nobody held a clock to it. */
export interface RoundReport extends Partial<RoundTiming> {
  round: number;
  mode: Settings['mode'];
  certificate?: Certificate;
  /** Sites that gave a valid answer. */
  answered: number;
  /** Absent where the round ended the optimization: nothing was proposed after it. */
  residuals?: Residuals;
  /** ids of sites without a valid answer, with the reason. */
  missing: { site: string; reason: string }[];
  excluded: string[];
}
