import { InvalidInputError } from '../../model/errors.ts';
import type { Cut } from '../cut.ts';
import type { SiteProblem } from '../site-subproblem.ts';
import { interiorPoint, type Solution } from './interior-point.ts';
import { type Multipliers, multipliersOf } from './multipliers.ts';
import { piecesOf } from './pieces.ts';
import { type Plane, planeOf, valueAt } from './plane.ts';
import { type Excess, excessPrices, type SitePlant } from './plant.ts';
import type { Requests } from './request-rows.ts';
import { type Layout, plantProgram } from './rows.ts';

/** Relative gap the programs are solved to, if doubles allow. */
const TOLERANCE = 1e-13;

/** How a plant is best operated for given totals. */
export interface Operation {
  /** v(N), AUD: what the operation found costs, at least as much as the best. */
  costAud: number;
  /** Length T·K. */
  shedReqPerS: Float64Array;
  /** Mean power by slot, kW: from and to the grid, of the sun, and out of the battery. */
  importKw: Float64Array;
  exportKw: Float64Array;
  solarKw: Float64Array;
  dischargeKw: Float64Array;
  /** Bounds below v that the program's multipliers make; both touch it at these totals. */
  plane: Plane;
  pieces: Cut;
  multipliers: Multipliers;
  excess: Excess;
  /** What the peak costs, AUD. */
  peakAud: number;
  /** The program it is a solution of, and the solution in scaled units. */
  layout: Layout;
  x: Float64Array;
}

/** Throws {@link InvalidInputError} if a limit is broken by the site with no request at all. */
export function operatePlant(site: SiteProblem, plant: SitePlant, totals: Float64Array): Operation {
  const { layout, solution, multipliers, excess, plane } = solvePlant(site, plant, {
    fixed: totals,
  });
  const { program } = layout;
  const at = (column: number) =>
    column < 0 ? 0 : (solution.x[column] as number) * (program.size[column] as number);
  for (const { what, column } of layout.excess) {
    if ((solution.x[column] as number) > LARGEST_EXCESS) throw overLimit(what);
  }
  const shedReqPerS = Float64Array.from(layout.shed, (column, i) => {
    const share = column < 0 ? 0 : (solution.x[column] as number);
    return share > LEAST_SHED ? Math.min(1, share) * (totals[i] as number) : 0;
  });
  const costAud = Math.max(
    primalAud(site, plant, layout, solution, totals),
    valueAt(plane, totals),
  );
  const peak = peakAud(plant, layout, solution);
  const power = (columns: Int32Array) => Float64Array.from(columns, at);
  return {
    costAud,
    shedReqPerS,
    importKw: power(layout.imported),
    exportKw: power(layout.exported),
    solarKw: power(layout.solar),
    dischargeKw: power(layout.discharged),
    plane,
    pieces: piecesOf(site, plant, excess, multipliers, totals, peak),
    multipliers,
    excess,
    peakAud: peak,
    layout,
    x: solution.x,
  };
}

/** Of the site's usual power or use of a resource: more over a limit is no rounding. */
const LARGEST_EXCESS = 1e-6;
/** Share of a total: an interior point sheds traces of everything. */
const LEAST_SHED = 1e-7;

/** Names the limit but no figure: the message may go to the coordinator. */
const overLimit = (what: keyof Excess): InvalidInputError =>
  new InvalidInputError('cost.limits', [`${limitNames[what]} too low even for no requests at all`]);

const limitNames = {
  powerAud: 'facilityKw or gridKw is',
  waterAud: 'dailyWaterL is',
  carbonAud: 'dailyCarbonKg is',
};

/** The program solved, and the plane its multipliers make. */
export function solvePlant(site: SiteProblem, plant: SitePlant, requests: Requests) {
  const excess = excessPrices(plant, site.classCount);
  const layout = plantProgram(site, plant, excess, requests);
  const solution = interiorPoint(layout.program, TOLERANCE);
  const multipliers = multipliersOf(plant, excess, layout, solution.y);
  const plane = planeOf(plant, multipliers, site.classCount);
  return { layout, solution, multipliers, excess, plane };
}

/** What the peak of the program's operation costs, AUD. */
export function peakAud(plant: SitePlant, layout: Layout, solution: Solution): number {
  if (!plant.peak) return 0;
  const { audPerKw, paidKw } = plant.peak;
  const { size } = layout.program;
  const imports = Array.from(layout.imported, (column) =>
    column < 0 ? 0 : (solution.x[column] as number) * (size[column] as number),
  );
  return audPerKw * Math.max(0, ...imports.map((kw) => kw - paidKw));
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
