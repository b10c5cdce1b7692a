import { InvalidInputError } from '../../model/errors.ts';
import { proximalSlot, slotBound } from '../site-slot.ts';
import type { SiteAnswer, SiteCoupling, SiteProblem, SiteQuery } from '../site-subproblem.ts';
import { interiorPoint, type Solution } from './interior-point.ts';
import { multipliersOf } from './multipliers.ts';
import { type Plane, planeOf } from './plane.ts';
import { type Excess, excessPrices, type SitePlant } from './plant.ts';
import { type Layout, plantProgram, type Requests } from './rows.ts';

/** Relative gap the programs are solved to, if doubles allow. */
const TOLERANCE = 1e-13;

/**
 * A plant's part of an answer: planes of c, what is shed, the bound and the proximal point.
 * Throws {@link InvalidInputError} if a limit is broken by the site with no request at all.
 */
export function couple(
  site: SiteProblem,
  plant: SitePlant,
  query: SiteQuery,
  answer: SiteAnswer,
): void {
  const here = operatePlant(site, plant, query.totals);
  const most = query.box.map((box, at) => {
    const k = at % site.classCount;
    const limit = site.maxLoad[Math.floor(at / site.classCount)] as number;
    return Math.min(box, limit / (site.loadPerReqPerS[k] as number));
  });
  const bound = solvePlant(site, plant, { costAud: query.prices.map((p) => -p), most });
  const planned = withRates(site, bound.plane);
  for (let t = 0; t < site.slotCount; t++) {
    answer.boundAud[t] = slotBound(planned, t, query.prices, query.box);
  }
  answer.coupling = {
    cuts: [cutOf(site, here.plane, here.costAud - valueAt(here.plane, query.totals))],
    shedReqPerS: here.shedReqPerS,
  };
  if (!bound.plane.rateAud.every((rate, i) => rate === here.plane.rateAud[i])) {
    answer.coupling.cuts.push(cutOf(site, bound.plane, 0));
  }
  if (!query.proximal || !answer.proximal) return;
  const { penalty, center } = query.proximal;
  const costAud = penalty.map((rho, i) => -rho * (center[i] as number));
  const near = withRates(site, solvePlant(site, plant, { costAud, penalty, most }).plane);
  for (let t = 0; t < site.slotCount; t++) {
    proximalSlot(near, t, query.proximal, query.box, answer.proximal);
  }
}

/** How a plant is best operated for given totals. */
export interface Operation {
  /** v(N), AUD: what the operation found costs, at least as much as the best. */
  costAud: number;
  /** Length T·K. */
  shedReqPerS: Float64Array;
  plane: Plane;
}

/** Throws {@link InvalidInputError} if a limit is broken by the site with no request at all. */
export function operatePlant(site: SiteProblem, plant: SitePlant, totals: Float64Array): Operation {
  const { layout, solution, plane } = solvePlant(site, plant, { fixed: totals });
  const { program } = layout;
  const at = (column: number) =>
    column < 0 ? 0 : (solution.x[column] as number) * (program.size[column] as number);
  for (const { what, column } of layout.excess) {
    if ((solution.x[column] as number) > LARGEST_EXCESS) throw overLimit(what, at(column));
  }
  const shedReqPerS = Float64Array.from(layout.shed, (column, i) => {
    const share = column < 0 ? 0 : (solution.x[column] as number);
    return share > LEAST_SHED ? Math.min(1, share) * (totals[i] as number) : 0;
  });
  const costAud = Math.max(
    primalAud(site, plant, layout, solution, totals),
    valueAt(plane, totals),
  );
  return { costAud, shedReqPerS, plane };
}

/** Of the site's usual power or use of a resource: more over a limit is no rounding. */
const LARGEST_EXCESS = 1e-6;
/** Share of a total: an interior point sheds traces of everything. */
const LEAST_SHED = 1e-7;

function overLimit(what: keyof Excess, by: number): InvalidInputError {
  const over = by.toPrecision(3);
  const words = {
    powerAud: `facilityKw or gridKw is ${over} kW too low in some slot`,
    waterAud: `dailyWaterL is ${over} L too low for the horizon`,
    carbonAud: `dailyCarbonKg is ${over} kg too low for the horizon`,
  };
  return new InvalidInputError('cost.limits', [`${words[what]} even with no requests at all`]);
}

function solvePlant(site: SiteProblem, plant: SitePlant, requests: Requests) {
  const excess = excessPrices(plant, site.classCount);
  const layout = plantProgram(site, plant, excess, requests);
  const solution = interiorPoint(layout.program, TOLERANCE);
  const multipliers = multipliersOf(plant, excess, layout, solution.y);
  return { layout, solution, plane: planeOf(plant, multipliers, site.classCount) };
}

/** The program's objective, its residuals at their prices included. */
function primalAud(
  site: SiteProblem,
  plant: SitePlant,
  { program }: Layout,
  { x, y }: Solution,
  totals: Float64Array,
): number {
  const K = site.classCount;
  let aud = 0;
  for (let t = 0; t < site.slotCount; t++) {
    let itKw = plant.baseItKw[t] as number;
    for (let k = 0; k < K; k++) {
      itKw += (plant.kwPerReqPerS[t * K + k] as number) * (totals[t * K + k] as number);
    }
    aud += plant.slotHours * (plant.itAud[t] as number) * itKw;
  }
  const lacking = program.rhs.slice();
  program.addProduct(x, -1, lacking);
  let scaled = 0;
  for (let j = 0; j < x.length; j++) scaled += (program.cost[j] as number) * (x[j] as number);
  for (let i = 0; i < lacking.length; i++) {
    scaled += Math.abs((lacking[i] as number) * (y[i] as number));
  }
  return aud + scaled * program.audScale;
}

function valueAt(plane: Plane, totals: Float64Array): number {
  let aud = 0;
  for (const intercept of plane.interceptAud) aud += intercept;
  for (let i = 0; i < totals.length; i++) {
    aud += (plane.rateAud[i] as number) * (totals[i] as number);
  }
  return aud;
}

/** The site with a plane for its energy: separable, and nowhere dearer than the plant. */
function withRates(site: SiteProblem, plane: Plane): SiteProblem {
  return { ...site, baseAud: plane.interceptAud, rateAud: plane.rateAud };
}

/** A plane of v as one of c = v − Σ (b + a·N). */
function cutOf(site: SiteProblem, plane: Plane, raisedAud: number): SiteCoupling['cuts'][number] {
  let interceptAud = raisedAud;
  for (let t = 0; t < site.slotCount; t++) {
    interceptAud += (plane.interceptAud[t] as number) - (site.baseAud[t] as number);
  }
  return {
    interceptAud,
    marginalAud: plane.rateAud.map((rate, i) => rate - (site.rateAud[i] as number)),
  };
}
