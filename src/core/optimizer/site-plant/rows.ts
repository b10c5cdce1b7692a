import { congestion, congestionSlope } from '../site-slot.ts';
import type { SiteProblem } from '../site-subproblem.ts';
import { type Excess, facilityKwAt, mostExportKw, type SitePlant } from './plant.ts';
import { type Column, Program } from './program.ts';

/** Which requests the plant is to meet: given totals, or the best of a box. */
export type Requests =
  | { fixed: Float64Array }
  | {
      /** Linear cost and, for a proximal step, weight ρ of N. Length T·K. */
      costAud: Float64Array;
      penalty?: Float64Array;
      /** Highest N. Length T·K. */
      most: Float64Array;
    };

/** Where the program keeps what the answer is made of: row or column by slot, −1 if there is none. */
export interface Layout {
  program: Program;
  balance: Int32Array;
  facility: Int32Array;
  stored: Int32Array;
  peak: Int32Array;
  water: number;
  carbon: number;
  /** Columns: what of the requests is shed (length T·K), and power, water and carbon over limits. */
  shed: Int32Array;
  excess: { what: keyof Excess; column: number }[];
}

const none = (length: number) => new Int32Array(length).fill(-1);

/** The linear program of plant.ts, with the site's queue where the requests are free. */
export function plantProgram(
  site: SiteProblem,
  plant: SitePlant,
  excess: Excess,
  requests: Requests,
): Layout {
  const { slotCount: T, classCount: K } = site;
  const h = plant.slotHours;
  const builder = new Builder();
  const layout: Omit<Layout, 'program'> = {
    balance: none(T),
    facility: none(T),
    stored: none(T),
    peak: none(T),
    water: -1,
    carbon: -1,
    shed: none(T * K),
    excess: [],
  };
  const most = 'fixed' in requests ? requests.fixed : requests.most;
  const usual = usualPowerKw(site, plant, most);
  const spend = (what: keyof Excess, entries: [number, number][], size: number) => {
    const column = builder.column({ cost: excess[what], upper: Infinity, entries, size });
    layout.excess.push({ what, column });
  };
  let waterBase = 0;
  let waterUsual = 0;
  let carbonUsual = 0;
  let lastStored = -1;
  let lastPeak = -1;
  for (let t = 0; t < T; t++) {
    const baseKw = plant.baseItKw[t] as number;
    const ppue = plant.ppue[t] as number;
    const itCost = h * (plant.itAud[t] as number);
    const itWater = h * (plant.itWaterL[t] as number);
    waterUsual += usual * (h * (plant.importWaterL[t] as number) + itWater);
    carbonUsual += usual * h * (plant.importCarbonKg[t] as number);
    waterBase += itWater * baseKw;
    const local = Array.from({ length: K }, (_, k) =>
      'fixed' in requests || !((most[t * K + k] as number) > 0) ? -1 : builder.row(0),
    );
    const loadRow = local.some((row) => row >= 0) ? builder.row(0) : -1;
    let demandKw = facilityKwAt(plant, t, baseKw);
    if ('fixed' in requests) {
      for (let k = 0; k < K; k++) {
        const itKw = (plant.kwPerReqPerS[t * K + k] as number) * (most[t * K + k] as number);
        demandKw += ppue * itKw;
        waterBase += itWater * itKw;
      }
    }
    const balance = builder.row(-demandKw);
    layout.balance[t] = balance;
    const facility = plant.facilityKw < Infinity ? builder.row(plant.facilityKw - demandKw) : -1;
    layout.facility[t] = facility;
    if (facility >= 0) {
      builder.column({ cost: 0, upper: Infinity, entries: [[facility, 1]], size: usual });
      spend('powerAud', [[facility, -1]], usual);
    }
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const top = most[at] as number;
      const kw = plant.kwPerReqPerS[at] as number;
      const draw = (sign: number): [number, number][] => [
        [balance, sign * ppue * kw],
        ...(facility >= 0 ? [[facility, sign * ppue * kw] as [number, number]] : []),
        ...(plant.waterCapL < Infinity ? [[WATER, sign * itWater * kw] as [number, number]] : []),
      ];
      if ('fixed' in requests) {
        layout.shed[at] = builder.column({
          cost: plant.unservedAud - itCost * kw,
          upper: top,
          entries: draw(-1),
          size: top,
        });
        continue;
      }
      const row = local[k] as number;
      if (row < 0) continue;
      builder.column({
        cost: requests.costAud[at] as number,
        quadratic: requests.penalty?.[at],
        upper: top,
        entries: [
          [row, -1],
          [loadRow, -(site.loadPerReqPerS[k] as number)],
        ],
        size: top,
      });
      builder.column({
        cost: itCost * kw,
        upper: Infinity,
        entries: [[row, 1], ...draw(1)],
        size: top,
      });
      builder.column({ cost: plant.unservedAud, upper: Infinity, entries: [[row, 1]], size: top });
    }
    if (loadRow >= 0) {
      builder.column({
        cost: 0,
        upper: site.maxLoad[t] as number,
        entries: [[loadRow, 1]],
        size: site.maxLoad[t] as number,
        curve: {
          slope: (l) => congestion(site, t, l),
          curvature: (l) => congestionSlope(site, t, l),
        },
      });
    }
    addBattery(t);
    const imports: [number, number][] = [[balance, -1]];
    if (plant.peak) {
      const peak = builder.row(plant.peak.paidKw);
      layout.peak[t] = peak;
      builder.column({ cost: 0, upper: Infinity, entries: [[peak, 1]], size: usual });
      imports.push([peak, 1]);
      addPeak(peak, plant.peak.audPerKw);
    }
    if (plant.waterCapL < Infinity) imports.push([WATER, h * (plant.importWaterL[t] as number)]);
    if (plant.carbonCapKg < Infinity)
      imports.push([CARBON, h * (plant.importCarbonKg[t] as number)]);
    builder.column({
      cost: h * (plant.importAud[t] as number),
      upper: plant.gridKw,
      entries: imports,
      size: usual,
    });
    if (plant.gridKw < Infinity) spend('powerAud', [[balance, -1]], usual);
    builder.column({
      cost: -h * (plant.exportAud[t] as number),
      upper: mostExportKw(plant, t),
      entries: [[balance, 1]],
      size: usual,
    });
    builder.column({
      cost: 0,
      upper: plant.solarKw[t] as number,
      entries: [[balance, -1]],
      size: usual,
    });
  }
  if (plant.waterCapL < Infinity) {
    layout.water = addCap(WATER, plant.waterCapL - waterBase, waterUsual, 'waterAud');
  }
  if (plant.carbonCapKg < Infinity) {
    layout.carbon = addCap(CARBON, plant.carbonCapKg, carbonUsual, 'carbonAud');
  }
  return { ...layout, program: builder.build(audScale(plant, usual)) };

  function addBattery(t: number): void {
    const b = plant.battery;
    if (!b) return;
    const balance = layout.balance[t] as number;
    const stored = builder.row(t === 0 ? b.initialKwh : 0);
    const shares = builder.row(1);
    layout.stored[t] = stored;
    builder.column({
      cost: 0,
      upper: b.chargeKw,
      entries: [
        [balance, 1],
        [stored, -h * b.chargeEfficiency],
        [shares, 1 / b.chargeKw],
      ],
      size: b.chargeKw,
    });
    builder.column({
      cost: 0,
      upper: b.dischargeKw,
      entries: [
        [balance, -1],
        [stored, h / b.dischargeEfficiency],
        [shares, 1 / b.dischargeKw],
      ],
      size: b.dischargeKw,
    });
    builder.column({ cost: 0, upper: 1, entries: [[shares, 1]], size: 1 });
    // Charge at the slot's end; the last one's lower bound is moved to zero.
    if (lastStored >= 0) {
      builder.column({
        cost: 0,
        upper: b.capacityKwh,
        entries: [
          [lastStored, 1],
          [stored, -1],
        ],
        size: b.capacityKwh,
      });
    }
    if (t === T - 1) {
      builder.shift(stored, -b.initialKwh);
      const upper = b.capacityKwh - b.initialKwh;
      builder.column({ cost: 0, upper, entries: [[stored, 1]], size: upper });
    }
    lastStored = stored;
  }

  /** r_t ≥ b_t − paid and r_t ≥ r_{t−1}: the last is the peak, and no row sees all slots. */
  function addPeak(peak: number, audPerKw: number): void {
    const t = layout.peak.indexOf(peak);
    const entries: [number, number][] = [[peak, -1]];
    if (lastPeak >= 0) entries.push([lastPeak, -1]);
    if (t < T - 1) {
      const chain = builder.row(0);
      entries.push([chain, 1]);
      builder.column({ cost: 0, upper: Infinity, entries: [[chain, 1]], size: usual });
      lastPeak = chain;
    }
    builder.column({ cost: t === T - 1 ? audPerKw : 0, upper: Infinity, entries, size: usual });
  }

  function addCap(marker: number, rhs: number, size: number, what: keyof Excess): number {
    const row = builder.row(rhs);
    builder.resolve(marker, row);
    builder.column({ cost: 0, upper: Infinity, entries: [[row, 1]], size: size || 1 });
    spend(what, [[row, -1]], size || 1);
    return row;
  }
}

/** Rows of the caps come last and are named before they exist. */
const WATER = -1;
const CARBON = -2;

class Builder {
  readonly #rhs: number[] = [];
  readonly #columns: Column[] = [];

  row(rhs: number): number {
    return this.#rhs.push(rhs) - 1;
  }

  shift(row: number, by: number): void {
    this.#rhs[row] = (this.#rhs[row] as number) + by;
  }

  /** A column that cannot be other than zero is left out: −1. */
  column(column: Column): number {
    if (!(column.upper > 0)) return -1;
    return (
      this.#columns.push({ ...column, entries: column.entries.filter(([, c]) => c !== 0) }) - 1
    );
  }

  resolve(marker: number, row: number): void {
    for (const { entries } of this.#columns) {
      for (const entry of entries) if (entry[0] === marker) entry[0] = row;
    }
  }

  build(scaleAud: number): Program {
    return new Program(this.#rhs, this.#columns, scaleAud);
  }
}

/** The order of the site's power, kW. */
function usualPowerKw(site: SiteProblem, plant: SitePlant, most: Float64Array): number {
  const K = site.classCount;
  let usual = 0;
  for (let t = 0; t < site.slotCount; t++) {
    let itKw = plant.baseItKw[t] as number;
    for (let k = 0; k < K; k++) {
      itKw += (plant.kwPerReqPerS[t * K + k] as number) * (most[t * K + k] as number);
    }
    usual = Math.max(usual, facilityKwAt(plant, t, itKw));
  }
  return usual || 1;
}

function audScale(plant: SitePlant, usualKw: number): number {
  const dearest = plant.importAud.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return plant.slotHours * usualKw * dearest || plant.unservedAud || 1;
}
