import type { SiteEnergy, SiteImpacts } from '../impacts.ts';
import type { SiteProblem } from '../site-subproblem.ts';
import type { Operation } from './operate.ts';
import type { SitePlant } from './plant.ts';
import type { Layout } from './rows.ts';

/**
 * What a plant's operation takes, and by how much a request more changes it.
 *
 * Amounts are those of the operation found: sums over its imports. Their derivatives are by the
 * program's rows: were its basis B, a quantity with cost q on the variables would change by q_B B⁻¹ db
 * where the right-hand side does by db, which are the row's prices with q in the place of the cost. A
 * part of the marginal cost, that is: all such parts, each at its price, add up to it. An interior
 * point has no basis, but (A Θ Aᵀ)⁻¹ A Θ q comes to the same with Θ = diag(x to its nearer bound),
 * since variables at a bound weigh nothing; where several operations are best, or the optimum has a
 * corner, it is one of the derivatives between those of either side.
 */
export function plantImpacts(
  site: SiteProblem,
  plant: SitePlant,
  totals: Float64Array,
  operation: Operation,
): SiteImpacts & { energy: SiteEnergy } {
  const { slotCount: T, classCount: K } = site;
  const h = plant.slotHours;
  const { importKw, exportKw, shedReqPerS } = operation;
  const bySlot = (of: (t: number) => number) => Float64Array.from({ length: T }, (_, t) => of(t));
  const itKw = (t: number) => {
    let kw = plant.baseItKw[t] as number;
    for (let at = t * K; at < (t + 1) * K; at++) {
      const served = (totals[at] as number) - (shedReqPerS[at] as number);
      kw += (plant.kwPerReqPerS[at] as number) * served;
    }
    return kw;
  };
  const imported = (t: number, perKwh: Float64Array) =>
    h * (perKwh[t] as number) * (importKw[t] as number);
  const energyAud = bySlot(
    (t) =>
      imported(t, plant.tariffAud) - h * (plant.exportAud[t] as number) * (exportKw[t] as number),
  );
  chargePeak(plant, importKw, energyAud);
  const marginal = new Marginals(site, plant, operation);
  return {
    carbonKg: bySlot((t) => imported(t, plant.importCarbonKg)),
    waterL: bySlot(
      (t) => imported(t, plant.importWaterL) + h * (plant.itWaterL[t] as number) * itKw(t),
    ),
    marginalCarbonKg: marginal.of(plant.importCarbonKg),
    marginalWaterL: marginal.of(plant.importWaterL, plant.itWaterL),
    energy: {
      energyKwh: importKw.map((kw) => h * kw),
      energyAud,
      marginalEnergyKwh: marginal.of(new Float64Array(T).fill(1)),
      marginalEnergyAud: marginal.ofMoney(),
      ppue: plant.ppue,
    },
  };
}

/** The month's highest import is charged in the slot that has it. */
function chargePeak(plant: SitePlant, importKw: Float64Array, energyAud: Float64Array): void {
  if (!plant.peak) return;
  let highest = 0;
  importKw.forEach((kw, t) => {
    if (kw > (importKw[highest] as number)) highest = t;
  });
  const over = Math.max(0, (importKw[highest] as number) - plant.peak.paidKw);
  energyAud[highest] = (energyAud[highest] as number) + plant.peak.audPerKw * over;
}

/** Derivatives by a site's totals of quantities that are linear in the program's variables. */
class Marginals {
  readonly #site: SiteProblem;
  readonly #plant: SitePlant;
  readonly #operation: Operation;
  readonly #weight: Float64Array;
  readonly #matrix: ReturnType<Layout['program']['normalMatrix']>;

  constructor(site: SiteProblem, plant: SitePlant, operation: Operation) {
    this.#site = site;
    this.#plant = plant;
    this.#operation = operation;
    const { layout, x } = operation;
    const { program } = layout;
    this.#weight = x.map((v, j) => Math.min(v, (program.upper[j] as number) - v));
    this.#matrix = program.normalMatrix();
    program.fillNormal(this.#weight, this.#matrix);
    this.#matrix.factorize();
  }

  /** Of a quantity per kWh imported, and per kWh of IT power. */
  of(perImportKwh: Float64Array, perItKwh?: Float64Array): Float64Array {
    const { layout } = this.#operation;
    const { program, imported, shed } = layout;
    const h = this.#plant.slotHours;
    const K = this.#site.classCount;
    const of = new Float64Array(program.columnCount);
    imported.forEach((column, t) => {
      if (column >= 0) of[column] = h * (perImportKwh[t] as number);
    });
    shed.forEach((column, at) => {
      const perIt = perItKwh?.[Math.floor(at / K)] ?? 0;
      if (column >= 0) of[column] = -h * perIt * (this.#plant.kwPerReqPerS[at] as number);
    });
    return this.#byTotals(of, perItKwh);
  }

  /** Of what is paid at the meter: all of the program's costs but carbon, water and what is shed. */
  ofMoney(): Float64Array {
    const { program, imported, shed, excess } = this.#operation.layout;
    const of = program.cost.map((c, j) => (c * program.audScale) / (program.size[j] as number));
    imported.forEach((column, t) => {
      if (column >= 0) of[column] = this.#plant.slotHours * (this.#plant.tariffAud[t] as number);
    });
    for (const column of shed) if (column >= 0) of[column] = 0;
    for (const { column } of excess) if (column >= 0) of[column] = 0;
    return this.#byTotals(of);
  }

  /** @param of per unit of each variable */
  #byTotals(of: Float64Array, perItKwh?: Float64Array): Float64Array {
    const { layout, plane } = this.#operation;
    const { program } = layout;
    const rows = new Float64Array(program.rowCount);
    const weighed = of.map((q, j) => q * (program.size[j] as number) * (this.#weight[j] as number));
    program.addProduct(weighed, 1, rows);
    this.#matrix.solve(rows);
    const at = (row: number) =>
      row < 0 ? 0 : -(rows[row] as number) / (program.rowScale[row] as number);
    const plant = this.#plant;
    const K = this.#site.classCount;
    return plant.kwPerReqPerS.map((kw, i) => {
      // Served nowhere, it takes nothing.
      if ((plane.rateAud[i] as number) >= plant.unservedAud) return 0;
      const t = Math.floor(i / K);
      const power = at(layout.balance[t] as number) + at(layout.facility[t] as number);
      const water = at(layout.water[t] as number) * (plant.itWaterL[t] as number);
      const direct = perItKwh?.[t] ?? 0;
      return kw * ((plant.ppue[t] as number) * power + plant.slotHours * (water + direct));
    });
  }
}
