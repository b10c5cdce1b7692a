import type { SiteProblem } from '../site-subproblem.ts';
import { binds, type Excess, facilityKwAt, mostExportKw, type SitePlant } from './plant.ts';
import type { Program } from './program.ts';
import { carbonRow, type Entry, ProgramBuilder, waterRow } from './program-builder.ts';
import { addFreeRequests, addFreeRows, addShed, type Requests } from './request-rows.ts';

/** Where the program keeps what the answer is made of; −1 where there is none. */
export interface Layout {
  program: Program;
  /** Rows by slot; those of caps are one for all slots of a day. */
  balance: Int32Array;
  facility: Int32Array;
  stored: Int32Array;
  peak: Int32Array;
  water: Int32Array;
  carbon: Int32Array;
  /** Columns by slot. */
  imported: Int32Array;
  exported: Int32Array;
  solar: Int32Array;
  discharged: Int32Array;
  /** Columns of what is shed (length T·K), and of power, water and carbon over limits. */
  shed: Int32Array;
  excess: { what: keyof Excess; column: number }[];
}

/** The linear program of plant.ts, with the site's queue where the requests are free. */
export function plantProgram(
  site: SiteProblem,
  plant: SitePlant,
  excess: Excess,
  requests: Requests,
): Layout {
  const rows = new PlantRows(site, plant, excess, requests);
  for (let t = 0; t < site.slotCount; t++) rows.addSlot(t);
  rows.addCaps();
  return rows.layout();
}

class PlantRows {
  readonly #site: SiteProblem;
  readonly #plant: SitePlant;
  readonly #prices: Excess;
  readonly #requests: Requests;
  readonly #builder = new ProgramBuilder();
  readonly #layout: Omit<Layout, 'program'>;
  /** The order of the site's power, kW. */
  readonly #usualKw: number;
  /** On-site water of given requests and of none, by slot, L. */
  readonly #fixedWaterL: Float64Array;
  #lastStored = -1;
  #lastPeak = -1;

  constructor(site: SiteProblem, plant: SitePlant, prices: Excess, requests: Requests) {
    const { slotCount: T, classCount: K } = site;
    const none = (length: number) => new Int32Array(length).fill(-1);
    this.#site = site;
    this.#plant = plant;
    this.#prices = prices;
    this.#requests = requests;
    const most = 'fixed' in requests ? requests.fixed : requests.most;
    let usualKw = 0;
    for (let t = 0; t < T; t++)
      usualKw = Math.max(usualKw, facilityKwAt(plant, t, this.#itKw(t, most)));
    this.#usualKw = usualKw || 1;
    this.#fixedWaterL = new Float64Array(T);
    this.#layout = {
      balance: none(T),
      facility: none(T),
      stored: none(T),
      peak: none(T),
      water: none(T),
      carbon: none(T),
      imported: none(T),
      exported: none(T),
      solar: none(T),
      discharged: none(T),
      shed: none(T * K),
      excess: [],
    };
  }

  layout(): Layout {
    const { importAud, slotHours, unservedAud } = this.#plant;
    const dearest = importAud.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const audScale = slotHours * this.#usualKw * dearest || unservedAud || 1;
    return { ...this.#layout, program: this.#builder.build(audScale) };
  }

  addSlot(t: number): void {
    const plant = this.#plant;
    const requests = this.#requests;
    const { classCount: K } = this.#site;
    const builder = this.#builder;
    const given = 'fixed' in requests;
    const free = given ? undefined : addFreeRows(builder, K, t, requests);
    const itKw = given ? this.#itKw(t, requests.fixed) : (plant.baseItKw[t] as number);
    const power = this.#addPower(t, itKw);
    if (given) {
      for (let at = t * K; at < (t + 1) * K; at++) {
        const most = requests.fixed[at] as number;
        this.#layout.shed[at] = addShed(builder, plant, t, at, most, power);
      }
    } else if (free) addFreeRequests(builder, this.#site, plant, t, requests, free, power);
    this.#addBattery(t);
    this.#addGrid(t);
  }

  addCaps(): void {
    const { dayOf, waterCapL, carbonCapKg, importWaterL, importCarbonKg } = this.#plant;
    for (const day of new Set(dayOf)) {
      const slots = Array.from(dayOf.keys()).filter((t) => dayOf[t] === day);
      const sum = (of: Float64Array) => slots.reduce((all, t) => all + (of[t] as number), 0);
      if (binds(waterCapL)) {
        const left = sum(waterCapL) - sum(this.#fixedWaterL);
        const row = this.#addCap(waterRow(day), left, sum(importWaterL), 'waterAud');
        for (const t of slots) this.#layout.water[t] = row;
      }
      if (binds(carbonCapKg)) {
        const perKwh = sum(importCarbonKg);
        const row = this.#addCap(carbonRow(day), sum(carbonCapKg), perKwh, 'carbonAud');
        for (const t of slots) this.#layout.carbon[t] = row;
      }
    }
  }

  /** IT power at given requests, kW. */
  #itKw(t: number, totals: Float64Array): number {
    const { baseItKw, kwPerReqPerS } = this.#plant;
    const K = this.#site.classCount;
    let itKw = baseItKw[t] as number;
    for (let at = t * K; at < (t + 1) * K; at++) {
      itKw += (kwPerReqPerS[at] as number) * (totals[at] as number);
    }
    return itKw;
  }

  #spend(what: keyof Excess, row: number, size: number): void {
    const column = this.#builder.column({
      cost: this.#prices[what],
      upper: Infinity,
      entries: [[row, -1]],
      size,
    });
    this.#layout.excess.push({ what, column });
  }

  /** Power that must be met, and its limit. */
  #addPower(t: number, itKw: number): { balance: number; facility: number } {
    const { facilityKw, slotHours, itWaterL } = this.#plant;
    const needKw = facilityKwAt(this.#plant, t, itKw);
    this.#fixedWaterL[t] = slotHours * (itWaterL[t] as number) * itKw;
    const balance = this.#builder.row(-needKw);
    this.#layout.balance[t] = balance;
    if (!(facilityKw < Infinity)) return { balance, facility: -1 };
    const facility = this.#builder.row(facilityKw - needKw);
    this.#layout.facility[t] = facility;
    this.#builder.slack(facility, this.#usualKw);
    this.#spend('powerAud', facility, this.#usualKw);
    return { balance, facility };
  }

  #addBattery(t: number): void {
    const b = this.#plant.battery;
    if (!b) return;
    const h = this.#plant.slotHours;
    const builder = this.#builder;
    const balance = this.#layout.balance[t] as number;
    const last = t === this.#site.slotCount - 1;
    // The last charge counts from the least it may be.
    const stored = builder.row((t === 0 ? b.initialKwh : 0) - (last ? b.finalKwh : 0));
    const shares = builder.row(1);
    this.#layout.stored[t] = stored;
    const power = (limitKw: number, sign: number, storedPerKw: number) =>
      builder.column({
        cost: 0,
        upper: limitKw,
        entries: [
          [balance, sign],
          [stored, storedPerKw],
          [shares, 1 / limitKw],
        ],
        size: limitKw,
      });
    power(b.chargeKw, 1, -h * b.chargeEfficiency);
    this.#layout.discharged[t] = power(b.dischargeKw, -1, h / b.dischargeEfficiency);
    builder.slack(shares, 1);
    const charge = (upper: number, entries: Entry[]) =>
      builder.column({ cost: 0, upper, entries, size: upper });
    if (this.#lastStored >= 0) {
      charge(b.capacityKwh, [
        [this.#lastStored, 1],
        [stored, -1],
      ]);
    }
    if (last) charge(b.capacityKwh - b.finalKwh, [[stored, 1]]);
    this.#lastStored = stored;
  }

  /** Import, export and solar power. */
  #addGrid(t: number): void {
    const plant = this.#plant;
    const h = plant.slotHours;
    const builder = this.#builder;
    const balance = this.#layout.balance[t] as number;
    const size = this.#usualKw;
    const entries: Entry[] = [[balance, -1]];
    if (plant.peak) entries.push([this.#addPeak(t, plant.peak), 1]);
    const day = plant.dayOf[t] as number;
    if (binds(plant.waterCapL))
      entries.push([waterRow(day), h * (plant.importWaterL[t] as number)]);
    if (binds(plant.carbonCapKg))
      entries.push([carbonRow(day), h * (plant.importCarbonKg[t] as number)]);
    this.#layout.imported[t] = builder.column({
      cost: h * (plant.importAud[t] as number),
      upper: plant.gridKw,
      entries,
      size,
    });
    if (plant.gridKw < Infinity) {
      // Power beyond the limit is imported all the same: it is no way around a cap or the peak.
      const cost = h * (plant.importAud[t] as number) + this.#prices.powerAud;
      const column = builder.column({ cost, upper: Infinity, entries: [...entries], size });
      this.#layout.excess.push({ what: 'powerAud', column });
    }
    this.#layout.exported[t] = builder.column({
      cost: -h * (plant.exportAud[t] as number),
      upper: mostExportKw(plant, t),
      entries: [[balance, 1]],
      size,
    });
    this.#layout.solar[t] = builder.column({
      cost: 0,
      upper: plant.solarKw[t] as number,
      entries: [[balance, -1]],
      size,
    });
  }

  /** r_t ≥ b_t − paid and r_t ≥ r_{t−1}: the last is the peak, and no column is in all slots' rows. */
  #addPeak(t: number, peak: { audPerKw: number; paidKw: number }): number {
    const builder = this.#builder;
    const size = this.#usualKw;
    const last = t === this.#site.slotCount - 1;
    const row = builder.row(peak.paidKw);
    this.#layout.peak[t] = row;
    builder.slack(row, size);
    const entries: Entry[] = [[row, -1]];
    if (this.#lastPeak >= 0) entries.push([this.#lastPeak, -1]);
    if (!last) {
      this.#lastPeak = builder.row(0);
      builder.slack(this.#lastPeak, size);
      entries.push([this.#lastPeak, 1]);
    }
    builder.column({ cost: last ? peak.audPerKw : 0, upper: Infinity, entries, size });
    return row;
  }

  /** @param perKwh of a kWh imported in every slot of the day, together */
  #addCap(name: number, rhs: number, perKwh: number, what: keyof Excess): number {
    const used = perKwh * this.#plant.slotHours * this.#usualKw;
    const row = this.#builder.row(rhs);
    this.#builder.resolve(name, row);
    this.#builder.slack(row, used || 1);
    this.#spend(what, row, used || 1);
    return row;
  }
}
