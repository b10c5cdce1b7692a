import { initialChargeKwh } from '../../core/model/battery.ts';
import { type Fleet, hasPlant, type Site } from '../../core/model/fleet.ts';
import type { PlantState } from '../../core/model/plant-state.ts';
import { localDate } from '../../core/model/time.ts';
import { type DispatchProblem, totalsOf } from '../../core/optimizer/problem.ts';
import { operatePlant } from '../../core/optimizer/site-plant/operate.ts';
import { facilityKwAt, type SitePlant } from '../../core/optimizer/site-plant/plant.ts';
import type { SiteProblem } from '../../core/optimizer/site-subproblem.ts';
import { assembleSite } from '../../core/planning/assemble.ts';
import { conditionsAt, type PlanningInputs, slotUtcMs } from '../../core/planning/inputs.ts';
import { type PlantRun, servedFlows } from '../../core/planning/plant-operation.ts';
import { cappedUse, type PlantOrder, type PlantStep, stepPlant } from './plant-step.ts';

/** What each plant is to do by slot of a plan; undefined for sites without one. */
export type PlantOrders = (PlantOrder[] | undefined)[];

/** How plants are best run for a plan's flows, as each site's own program has it. */
export function plantOrders(
  p: DispatchProblem,
  sites: readonly SiteProblem[],
  flow: Float64Array[],
): PlantOrders {
  if (sites.every((site) => site.plant === undefined)) return [];
  const totals = totalsOf(p, flow);
  return sites.map((site, j) => {
    const { plant } = site;
    if (!plant) return undefined;
    const planned = totals[j] as Float64Array;
    const run = operatePlant(site, plant, planned);
    const peakKw = plant.peak
      ? Math.max(plant.peak.paidKw, ...run.importKw)
      : Number.POSITIVE_INFINITY;
    return Array.from({ length: p.slotCount }, (_, t): PlantOrder => {
      let itKw = plant.baseItKw[t] as number;
      for (let k = 0, at = t * p.classCount; k < p.classCount; k++, at++) {
        const served = (planned[at] as number) - (run.shedReqPerS[at] as number);
        itKw += (plant.kwPerReqPerS[at] as number) * served;
      }
      const kw = (of: Float64Array) => of[t] as number;
      const drawKw = facilityKwAt(plant, t, itKw);
      const chargeKw =
        kw(run.importKw) - kw(run.exportKw) + kw(run.solarKw) + kw(run.dischargeKw) - drawKw;
      return {
        chargeKw: Math.max(0, chargeKw),
        dischargeKw: kw(run.dischargeKw),
        exportKw: kw(run.exportKw),
        peakKw,
      };
    });
  });
}

/** What a plant's meters have read over a span, kWh; the battery's charge at its ends. */
export interface PlantReadings {
  site: string;
  storedFromKwh: number;
  storedToKwh: number;
  importKwh: number;
  exportKwh: number;
  solarKwh: number;
  chargedKwh: number;
  dischargedKwh: number;
  /** All that the site draws, but for what charges its battery. */
  facilityKwh: number;
}

/** The plants of one run: what is in them goes on from step to step, whatever plans there are. */
export class Plants {
  readonly #meters: (Meter | undefined)[];

  constructor(fleet: Fleet) {
    this.#meters = fleet.sites.map((site) =>
      hasPlant(site.cost) ? new Meter(fleet, site) : undefined,
    );
  }

  /** As a deployment's plants report it; undefined for sites without one. */
  states(utcMs: number): (PlantState | undefined)[] {
    return this.#meters.map((meter) => meter?.state(utcMs));
  }

  beginHour(inputs: PlanningInputs): void {
    this.#meters.forEach((meter, j) => {
      meter?.beginHour(inputs, j);
    });
  }

  /** Runs a step; what limits shed of the flows is unserved. */
  step(
    p: DispatchProblem,
    t: number,
    orders: (PlantOrder | undefined)[],
    { flow, unserved }: { flow: Float64Array; unserved: Float64Array },
  ) {
    const totals = totalsOf({ ...p, slotCount: 1 }, [flow]);
    const runs = this.#meters.map((meter, j) =>
      meter?.step(t, totals[j] as Float64Array, orders[j]),
    );
    return servedFlows({ ...p, slotCount: 1 }, 0, runs, flow, unserved);
  }

  /** The hour as the ledger charges it. */
  endHour(): (PlantRun | undefined)[] {
    return this.#meters.map((meter) => meter?.endHour());
  }

  readings(): PlantReadings[] {
    return this.#meters.flatMap((meter) => meter?.readings ?? []);
  }
}

const IDLE: PlantOrder = {
  chargeKw: 0,
  dischargeKw: 0,
  exportKw: 0,
  peakKw: Number.POSITIVE_INFINITY,
};

class Meter {
  readonly #fleet: Fleet;
  readonly #site: Site;
  readonly readings: PlantReadings;
  #peakKw: number;
  #month = '';
  #date = '';
  #usedWaterL = 0;
  #usedCarbonKg = 0;
  #plant!: SitePlant;
  #utcMs: number[] = [];
  #steps: PlantStep[] = [];

  constructor(fleet: Fleet, site: Site) {
    this.#fleet = fleet;
    this.#site = site;
    const { battery, demandCharge } = site.cost;
    const storedKwh = battery ? initialChargeKwh(battery) : 0;
    this.#peakKw = demandCharge?.paidKw ?? 0;
    this.readings = {
      site: site.id,
      storedFromKwh: storedKwh,
      storedToKwh: storedKwh,
      importKwh: 0,
      exportKwh: 0,
      solarKwh: 0,
      chargedKwh: 0,
      dischargedKwh: 0,
      facilityKwh: 0,
    };
  }

  state(utcMs: number): PlantState {
    this.#turn(utcMs);
    const { battery, demandCharge, limits = {} } = this.#site.cost;
    return {
      utcMs,
      ...(battery && { storedKwh: this.readings.storedToKwh }),
      ...(demandCharge && { peakKw: this.#peakKw }),
      ...(limits.dailyWaterL !== undefined && { usedTodayWaterL: this.#usedWaterL }),
      ...(limits.dailyCarbonKg !== undefined && { usedTodayCarbonKg: this.#usedCarbonKg }),
    };
  }

  beginHour(inputs: PlanningInputs, j: number): void {
    const { plant } = assembleSite(
      this.#site,
      this.#fleet.classes,
      this.#fleet.prices,
      inputs,
      (t) => conditionsAt(inputs, j, t),
    );
    this.#plant = plant as SitePlant;
    this.#utcMs = Array.from({ length: inputs.slotCount }, (_, t) => slotUtcMs(inputs, t));
    this.#steps = [];
  }

  /** @returns what of the requests is shed, by class, for {@link servedFlows} */
  step(t: number, totals: Float64Array, order: PlantOrder = IDLE): PlantRun {
    const plant = this.#plant;
    this.#turn(this.#utcMs[t] as number);
    const K = totals.length;
    const itKw = totals.reduce(
      (sum, n, k) => sum + n * (plant.kwPerReqPerS[t * K + k] as number),
      0,
    );
    const { dailyWaterL = Infinity, dailyCarbonKg = Infinity } = this.#site.cost.limits ?? {};
    const done = stepPlant(plant, t, itKw, order, {
      storedKwh: this.readings.storedToKwh,
      waterLeftL: dailyWaterL - this.#usedWaterL,
      carbonLeftKg: dailyCarbonKg - this.#usedCarbonKg,
    });
    this.#steps.push(done);
    this.#read(t, (plant.baseItKw[t] as number) + done.servedShare * itKw, done);
    return { ...this.#run(), shedShare: new Float64Array(K).fill(1 - done.servedShare) };
  }

  #read(t: number, itKw: number, done: PlantStep): void {
    const { slotHours: h, battery: b } = this.#plant;
    const r = this.readings;
    r.facilityKwh += h * facilityKwAt(this.#plant, t, itKw);
    r.importKwh += h * done.importKw;
    r.exportKwh += h * done.exportKw;
    r.solarKwh += h * done.solarKw;
    r.chargedKwh += h * done.chargeKw;
    r.dischargedKwh += h * done.dischargeKw;
    if (b) {
      const storedKwh =
        r.storedToKwh +
        h * (b.chargeEfficiency * done.chargeKw - done.dischargeKw / b.dischargeEfficiency);
      // Rounding of the last bit, at a battery that is empty or full.
      r.storedToKwh = Math.min(b.capacityKwh, Math.max(0, storedKwh));
    }
    const { waterL, carbonKg } = cappedUse(this.#plant, t, itKw, done.importKw);
    this.#usedWaterL += waterL;
    this.#usedCarbonKg += carbonKg;
  }

  endHour(): PlantRun {
    const run = this.#run();
    this.#peakKw = Math.max(this.#peakKw, run.peakKw);
    return run;
  }

  /** Of the hour so far; the peak is that of its mean, as a demand charge is read. */
  #run(): PlantRun {
    const plant = this.#plant;
    const by = (of: (s: PlantStep, t: number) => number) => Float64Array.from(this.#steps, of);
    const importKw = by((s) => s.importKw);
    const meanKw = importKw.reduce((a, b) => a + b, 0) / importKw.length;
    const { peak } = plant;
    return {
      plant,
      operation: {
        importKw,
        exportKw: by((s) => s.exportKw),
        solarKw: by((s) => s.solarKw),
        dischargeKw: by((s) => s.dischargeKw),
      },
      energyAud: by((s, t) => {
        const earned = (plant.exportAud[t] as number) * s.exportKw;
        return plant.slotHours * ((plant.tariffAud[t] as number) * s.importKw - earned);
      }),
      peakKw: meanKw,
      peakAud: peak ? peak.audPerKw * Math.max(0, meanKw - this.#peakKw) : 0,
      shedShare: new Float64Array(importKw.length * this.#fleet.classes.length),
    };
  }

  /** Peaks are a calendar month's (UTC, as the ledger has them), caps a day's on the site's own clock. */
  #turn(utcMs: number): void {
    const month = new Date(utcMs).toISOString().slice(0, 7);
    if (this.#month !== '' && month !== this.#month) {
      this.#peakKw = this.#site.cost.demandCharge?.paidKw ?? 0;
    }
    this.#month = month;
    const date = localDate(utcMs, this.#site.timeZone);
    if (date !== this.#date) [this.#usedWaterL, this.#usedCarbonKg] = [0, 0];
    this.#date = date;
  }
}
