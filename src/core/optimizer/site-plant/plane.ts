import type { Multipliers } from './multipliers.ts';
import { facilityKwAt, mostExportKw, type SitePlant } from './plant.ts';

/** v(N) ≥ Σ interceptAud + Σ rateAud · N for every N ≥ 0. */
export interface Plane {
  /** By slot; only the sum has a meaning. */
  interceptAud: Float64Array;
  /** Length T·K. */
  rateAud: Float64Array;
}

/** Prices within a slot, AUD per kW and slot: of power, of room under the facility's limit, and under the peak. */
export interface SlotPrices {
  power: number;
  facility: number;
  peak: number;
}

/**
 * What weak duality makes of any feasible multipliers: the least of the Lagrangian over the bounds
 * of the plant's variables, each by itself. Of N it leaves Σ min(C_u, kw π) N, with π the price of a
 * kW of IT power: a request is served or shed, whichever is cheaper. Exact to rounding, however
 * inexactly the multipliers were found; at optimal ones the plane touches v.
 */
export function planeOf(plant: SitePlant, m: Multipliers, classCount: number): Plane {
  const T = plant.baseItKw.length;
  const interceptAud = new Float64Array(T);
  const rateAud = new Float64Array(plant.kwPerReqPerS.length);
  for (let t = 0; t < T; t++) {
    const prices = pricesAt(m, t);
    interceptAud[t] = interceptAt(plant, m, t, prices);
    ratesAt(plant, m, t, prices, rateAud.subarray(t * classCount, (t + 1) * classCount));
  }
  return { interceptAud, rateAud };
}

/** Those of the multipliers themselves. */
export function pricesAt(m: Multipliers, t: number): SlotPrices {
  return {
    power: m.power[t] as number,
    facility: m.facility[t] as number,
    peak: m.peak[t] as number,
  };
}

/** Slot t's part of the bound, at whatever prices within the slot. */
export function interceptAt(
  plant: SitePlant,
  m: Multipliers,
  t: number,
  { power, facility, peak }: SlotPrices,
): number {
  const h = plant.slotHours;
  const baseKw = plant.baseItKw[t] as number;
  let least = itAudAt(plant, m, t) * baseKw + (power + facility) * facilityKwAt(plant, t, baseKw);
  // Without a limit its price is zero, and so is the term.
  if (facility > 0) least -= facility * plant.facilityKw;
  if (peak > 0) least -= peak * (plant.peak?.paidKw ?? 0);
  if (plant.gridKw < Infinity) {
    least += plant.gridKw * Math.min(0, importPrice(plant, m, t) + peak - power);
  }
  least += mostExportKw(plant, t) * Math.min(0, power - h * (plant.exportAud[t] as number));
  least += (plant.solarKw[t] as number) * Math.min(0, -power);
  least += batteryAud(plant, m, t, power);
  const waterAud = m.waterL[t] as number;
  const carbonAud = m.carbonKg[t] as number;
  if (waterAud > 0) least -= waterAud * (plant.waterCapL[t] as number);
  if (carbonAud > 0) least -= carbonAud * (plant.carbonCapKg[t] as number);
  return least;
}

/** A kW from the grid in slot t with what it takes of caps, AUD. */
export function importPrice(plant: SitePlant, m: Multipliers, t: number): number {
  const resources =
    (m.waterL[t] as number) * (plant.importWaterL[t] as number) +
    (m.carbonKg[t] as number) * (plant.importCarbonKg[t] as number);
  return plant.slotHours * ((plant.importAud[t] as number) + resources);
}

/** Marginal cost by class in slot t, AUD per (req/s) and slot. */
export function ratesAt(
  plant: SitePlant,
  m: Multipliers,
  t: number,
  { power, facility }: SlotPrices,
  out: Float64Array,
): void {
  const itPrice = itAudAt(plant, m, t) + (plant.ppue[t] as number) * (power + facility);
  for (let k = 0; k < out.length; k++) {
    const kw = plant.kwPerReqPerS[t * out.length + k] as number;
    out[k] = Math.min(plant.unservedAud, kw * itPrice);
  }
}

/** What a kW of IT power costs beside its facility power, AUD per kW and slot. */
export function itAudAt(plant: SitePlant, m: Multipliers, t: number): number {
  const water = (m.waterL[t] as number) * (plant.itWaterL[t] as number);
  return plant.slotHours * ((plant.itAud[t] as number) + water);
}

/** The battery's part in slot t: charging, discharging or neither, and its charge at the slot's end. */
function batteryAud(plant: SitePlant, m: Multipliers, t: number, power: number): number {
  const b = plant.battery;
  if (!b) return 0;
  const h = plant.slotHours;
  const stored = m.stored[t] as number;
  const charge = b.chargeKw * (power - h * b.chargeEfficiency * stored);
  const discharge = b.dischargeKw * ((h * stored) / b.dischargeEfficiency - power);
  let least = Math.min(0, charge, discharge);
  if (t === 0) least -= stored * b.initialKwh;
  const last = t === m.stored.length - 1;
  const held = last ? stored : stored - (m.stored[t + 1] as number);
  least += held * (held < 0 ? b.capacityKwh : last ? b.finalKwh : 0);
  return least;
}

/** The plane at given totals, AUD. */
export function valueAt(plane: Plane, totals: Float64Array): number {
  let aud = 0;
  for (const intercept of plane.interceptAud) aud += intercept;
  for (let i = 0; i < totals.length; i++) {
    aud += (plane.rateAud[i] as number) * (totals[i] as number);
  }
  return aud;
}
