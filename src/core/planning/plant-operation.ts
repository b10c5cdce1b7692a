import { type Fleet, hasPlant, type Site } from '../model/fleet.ts';
import { type DispatchProblem, totalsOf } from '../optimizer/problem.ts';
import { type Operation, operatePlant } from '../optimizer/site-plant/operate.ts';
import type { SitePlant } from '../optimizer/site-plant/plant.ts';
import { assembleSite } from './assemble.ts';
import { budgetPrices } from './budget.ts';
import type { MixturePart } from './budget-plan.ts';
import { conditionsAt, type PlanningInputs } from './inputs.ts';

/** How a site's plant ran over a block of slots, and what for. */
export interface PlantRun {
  plant: SitePlant;
  operation: Pick<Operation, 'importKw' | 'exportKw' | 'solarKw' | 'dischargeKw'>;
  /** Net of what is fed in, without carbon and water, by slot. */
  energyAud: Float64Array;
  /** Highest import, kW, and what it cost beyond what had been paid. */
  peakKw: number;
  peakAud: number;
  /** Share of each total that was not served. Length T·K. */
  shedShare: Float64Array;
}

/**
 * Runs the plants of a fleet at best for given flows; undefined for sites without one.
 * @param flow req/s by edge, for each slot
 */
export function runPlants(
  fleet: Fleet,
  p: DispatchProblem,
  inputs: PlanningInputs,
  flow: Float64Array[],
): (PlantRun | undefined)[] {
  if (!fleet.sites.some((site) => hasPlant(site.cost))) return fleet.sites.map(() => undefined);
  const totals = totalsOf(p, flow);
  return fleet.sites.map((site, j) => runPlant(fleet, site, inputs, j, totals[j] as Float64Array));
}

function runPlant(
  fleet: Fleet,
  site: Site,
  inputs: PlanningInputs,
  j: number,
  totals: Float64Array,
): PlantRun | undefined {
  const problem = assembleSite(site, fleet.classes, fleet.prices, inputs, (t) =>
    conditionsAt(inputs, j, t),
  );
  const { plant } = problem;
  if (!plant) return undefined;
  const operation = operatePlant(problem, plant, totals);
  return {
    plant,
    operation,
    ...peakOf(plant, operation.importKw),
    energyAud: operation.importKw.map((importKw, t) => {
      const earned = (plant.exportAud[t] as number) * (operation.exportKw[t] as number);
      return plant.slotHours * ((plant.tariffAud[t] as number) * importKw - earned);
    }),
    shedShare: operation.shedReqPerS.map((shed, i) =>
      shed > 0 ? shed / (totals[i] as number) : 0,
    ),
  };
}

function peakOf(plant: SitePlant, importKw: Float64Array): { peakKw: number; peakAud: number } {
  const peakKw = importKw.reduce((a, b) => Math.max(a, b), 0);
  const { peak } = plant;
  return { peakKw, peakAud: peak ? peak.audPerKw * Math.max(0, peakKw - peak.paidKw) : 0 };
}

/**
 * The same for a plan that is a mixture: each part's plants run at the prices it was made at, and the
 * mixture of these operations is one that serves the mixture. Its amounts are the mixture of theirs,
 * and it costs no more than that of their costs, for one peak is charged only.
 */
export function runMixture(
  fleet: Fleet,
  p: DispatchProblem,
  inputs: PlanningInputs,
  parts: readonly MixturePart[],
): (PlantRun | undefined)[] {
  const runs = parts.map(({ flow, shadow }) =>
    runPlants({ ...fleet, prices: budgetPrices(fleet.prices, shadow) }, p, inputs, flow),
  );
  return fleet.sites.map((_, j) => {
    const own = runs.flatMap((run) => run[j] ?? []);
    const [first] = own;
    if (!first) return undefined;
    const mixed = (of: (run: PlantRun) => Float64Array) =>
      of(first).map((_v, i) =>
        own.reduce(
          (sum, run, n) => sum + (parts[n] as MixturePart).weight * (of(run)[i] as number),
          0,
        ),
      );
    const importKw = mixed((run) => run.operation.importKw);
    return {
      plant: first.plant,
      operation: {
        importKw,
        exportKw: mixed((run) => run.operation.exportKw),
        solarKw: mixed((run) => run.operation.solarKw),
        dischargeKw: mixed((run) => run.operation.dischargeKw),
      },
      ...peakOf(first.plant, importKw),
      energyAud: mixed((run) => run.energyAud),
      shedShare: mixed((run) => run.shedShare),
    };
  });
}

/** Flows as they came about in slot t: what plants shed of them is unserved. */
export function servedFlows(
  p: DispatchProblem,
  t: number,
  runs: readonly (PlantRun | undefined)[],
  flow: Float64Array,
  unserved: Float64Array,
): { flow: Float64Array; unserved: Float64Array } {
  if (runs.every((run) => run === undefined)) return { flow, unserved };
  const served = flow.slice();
  const lost = unserved.slice();
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      const run = runs[p.edgeSite[e] as number];
      const share = run?.shedShare[t * p.classCount + (r % p.classCount)] ?? 0;
      const shed = share * (flow[e] as number);
      served[e] = (flow[e] as number) - shed;
      lost[r] = (lost[r] as number) + shed;
    }
  }
  return { flow: served, unserved: lost };
}
