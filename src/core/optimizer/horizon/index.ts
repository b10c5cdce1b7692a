import type { Cut } from '../cut.ts';
import {
  type MasterLayout,
  type MasterSolution,
  type SiteModel,
  solveMaster,
} from '../master/index.ts';
import { InteriorPoint } from '../master/interior-point.ts';
import { restrict } from '../master/program.ts';
import { exactFlows } from '../master/recover.ts';
import { startAt } from '../master/start.ts';
import { PRICING_GAP, PRICING_SLACK, relativeTolerance, START_GAP } from '../master/stopping.ts';
import { addCheaperEdges, gainLeftAside, promisingEdges } from '../master/working-set.ts';
import { type DispatchProblem, edgeCount, rowCount } from '../problem.ts';
import { HorizonNewton } from './newton.ts';
import { isBent } from './pieces.ts';
import { HorizonPoint, steepness } from './point.ts';
import { type HorizonProgram, horizonProgram, isClassic } from './program.ts';

/** Edges of a row tried: how far above the cheapest, and how many. */
const BAND = 0.02;
const MOST_EDGES = 8;
/** Edges a row gains at a time: more than where slots are solved alone, for a solve costs far more here. */
const MOST_ADDED = 12;
/** Of the slots by themselves, which only say where to begin. */
const GUESS_TOLERANCE = 1e-2;
const GUESS_ITERATIONS = 60;

export interface HorizonOptions {
  /** Gap to stop at: relative to the objective's scale, and in AUD; both, where given. */
  tolerance: number;
  toleranceAud?: number;
  maxIterations: number;
  layout: MasterLayout;
  /** Prices the solution is expected near, index (t·J + j)·K + k; found by the slots alone if absent. */
  guess?: Float64Array;
  /** Load each site will have at most in a slot, index t·J + j: only says where to begin. */
  room: Float64Array;
}

export interface HorizonSolution {
  /** By slot; flows and totals include batch demand. */
  slots: MasterSolution[];
  /** Batch demand left unserved, (req/s)·slots. */
  batchUnserved: Float64Array;
  /** λ by site and cut: how much each cut counts in the site's price. */
  cutWeights: Float64Array[];
}

/**
 * The masters of all slots at once, where something joins them: batch demand, which chooses its slots,
 * or sites whose coupled cost is modelled by cuts,
 *
 *   min  Σ_t (slot t's objective, see master/index.ts) + C_u Σ_b y_b + Σ_j (θ_j + r_j)
 *   s.t. every slot's constraints,  Σ_t Σ_j x_bjt + y_b = D_b,  θ_j ≥ cut_i(N_j, r_j)
 *
 * @param models by slot and site
 * @param cuts by site, on its whole horizon; empty for a site whose slots are independent
 */
export function solveHorizon(
  p: DispatchProblem,
  models: SiteModel[][],
  cuts: readonly (readonly Cut[])[],
  options: HorizonOptions,
): HorizonSolution {
  // A quadratic bends by class; beside cuts, there is one layout of columns for that.
  const wide = isClassic(models) && cuts.some((of) => of.length > 0);
  const full = horizonProgram(
    p,
    models,
    options.layout,
    cuts.map((of) => wide || of.some((cut) => isBent(cut, p.slotCount))),
  );
  let prices = options.guess ?? slotPrices(p, models, cuts, options);
  // Enough edges to serve all within what sites can probably take.
  const likely = { ...full, limit: options.room };
  const keep = promisingEdges(likely, prices, BAND, MOST_EDGES);
  for (;;) {
    const partial = keep.includes(0);
    const point = new HorizonPoint(partial ? (restrict(full, keep) as HorizonProgram) : full, cuts);
    point.startCuts(startAt(point, prices, START_GAP, options.room));
    const solver = new InteriorPoint(point, new HorizonNewton(point));
    const missed = () => (partial ? gainLeftAside(full, keep, point) / solver.measure.scale : 0);
    let reached = solver.run(PRICING_GAP, options.maxIterations);
    if (missed() <= PRICING_SLACK * PRICING_GAP) {
      // The scale has settled by now.
      const tolerance = relativeTolerance(options, solver);
      reached = solver.run(tolerance, options.maxIterations);
      if (!partial || missed() <= PRICING_SLACK * tolerance) {
        const { x, y } = exactFlows(solver);
        return { ...bySlot(p, solver, x, y), cutWeights: weightsBySite(point, cuts) };
      }
    }
    // Prices of a set that cannot serve all are those of unserved demand: the old ones say more.
    if (missed() < 1) prices = point.price;
    if (reached) addCheaperEdges(full, keep, point, MOST_ADDED);
    else keep.fill(1);
  }
}

/**
 * Where prices are expected, index (t·J + j)·K + k: those of the slots by themselves, with batch
 * demand spread evenly over its window and coupled costs as steep as the gentlest cut: others may be from
 * beyond what the site can serve.
 */
function slotPrices(
  p: DispatchProblem,
  models: SiteModel[][],
  cuts: readonly (readonly Cut[])[],
  { layout, room }: HorizonOptions,
): Float64Array {
  const K = p.classCount;
  const JK = p.sites.length * K;
  const J = p.sites.length;
  const alone: DispatchProblem = {
    ...p,
    sites: p.sites.map((site, j) => ({
      ...site,
      maxLoad: site.maxLoad.map((_, t) => room[t * J + j]!),
    })),
    demandReqPerS: spreadEvenly(p),
    batch: undefined,
  };
  const prices = new Float64Array(p.slotCount * JK);
  models.forEach((slot, t) => {
    const steeper = slot.map((model, j): SiteModel => {
      const cut = gentlest(cuts[j] ?? []);
      if (!cut) return model;
      const offsetAud = model.offsetAud.map(
        (a, k) => a + cut.marginalAud[((t * cut.interceptAud.length) / p.slotCount) * K + k]!,
      );
      return { ...model, offsetAud };
    });
    const options = { tolerance: GUESS_TOLERANCE, maxIterations: GUESS_ITERATIONS, layout };
    prices.set(solveMaster(alone, t, steeper, options).prices, t * JK);
  });
  return prices;
}

function gentlest(cuts: readonly Cut[]): Cut | undefined {
  return cuts.toSorted((a, b) => steepness(a) - steepness(b))[0];
}

/** Demand with every batch in equal parts in the slots of its window. */
function spreadEvenly(p: DispatchProblem): Float64Array {
  const demand = p.demandReqPerS.slice();
  const R = rowCount(p);
  for (const batch of p.batch ?? []) {
    const slots = batch.lastSlot - batch.firstSlot + 1;
    for (let t = batch.firstSlot; t <= batch.lastSlot; t++) {
      batch.rows.forEach((r, n) => {
        demand[t * R + r] = demand[t * R + r]! + (batch.amount * batch.rowShare[n]!) / slots;
      });
    }
  }
  return demand;
}

function weightsBySite(point: HorizonPoint, cuts: readonly (readonly Cut[])[]): Float64Array[] {
  let at = 0;
  return cuts.map((of) => {
    at += of.length;
    return point.lambda.slice(at - of.length, at);
  });
}

/** The horizon's arrays, slot by slot, batch demand spread over the rows it comes from. */
function bySlot(
  p: DispatchProblem,
  solver: InteriorPoint,
  x: Float64Array,
  y: Float64Array,
): Omit<HorizonSolution, 'cutWeights'> {
  const point = solver.point as HorizonPoint;
  const { program } = point;
  const E = edgeCount(p);
  const R = rowCount(p);
  const J = p.sites.length;
  const JK = J * p.classCount;
  const slots = Array.from({ length: p.slotCount }, (_, t): MasterSolution => {
    const at = { from: t * J, to: (t + 1) * J };
    return {
      flow: new Float64Array(E),
      unserved: new Float64Array(R),
      totals: new Float64Array(JK),
      prices: point.price.slice(t * JK, (t + 1) * JK),
      loadPrices: Float64Array.from(
        point.phi.subarray(at.from, at.to),
        (phi, j) => phi + point.kappa[at.from + j]!,
      ),
      iterations: solver.iterations,
      gap: solver.gap,
    };
  });
  const batchUnserved = new Float64Array(p.batch?.length ?? 0);
  for (let r = 0; r < program.rows; r++) {
    const source = program.sourceRow[r]!;
    const batch = r < program.ownRows ? undefined : p.batch?.[source - p.slotCount * R];
    if (batch) batchUnserved[source - p.slotCount * R] = y[r]!;
    else slots[program.rowSlot[r]!]!.unserved[source % R] = y[r]!;
    for (let e = program.rowStart[r]!; e < program.rowStart[r + 1]!; e++) {
      const s = program.site[e]!;
      const slot = slots[Math.floor(s / J)]!;
      const n = program.total[e]! - Math.floor(s / J) * JK;
      slot.totals[n] = slot.totals[n]! + x[e]!;
      if (batch) spread(p, batch, s % J, x[e]!, slot.flow);
      else slot.flow[program.sourceEdge[e]! % E] = x[e]!;
    }
  }
  return { slots, batchUnserved };
}

function spread(
  p: DispatchProblem,
  batch: NonNullable<DispatchProblem['batch']>[number],
  j: number,
  flow: number,
  flows: Float64Array,
): void {
  batch.rows.forEach((r, n) => {
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
      if (p.edgeSite[e] === j) flows[e] = flows[e]! + flow * batch.rowShare[n]!;
    }
  });
}
