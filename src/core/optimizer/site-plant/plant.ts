/**
 * A site's energy plant: what couples its slots. Powers are means over a slot, in kW; an infinite
 * limit is none. With IT power P = base + Σ_k kw_k M_k of the requests served, M ≤ N, and h hours a
 * slot, the plant's operation is a linear program:
 *
 *   v(N) = min Σ_t h (importAud b − exportAud e + itAud P) + peak.audPerKw · r + C_u Σ (N − M)
 *   s.t.   ppue P + overhead + c = b − e + s + d          facility power and charging are met
 *          ppue P + overhead ≤ facilityKw                 b ≤ gridKw,  e ≤ exportKw,  s ≤ solarKw
 *          soc_t = soc_{t−1} + h (η_c c − d / η_d)        0 ≤ soc ≤ capacity,  soc_T ≥ final
 *          c / chargeKw + d / dischargeKw ≤ 1             b ≤ peak.paidKw + r
 *          Σ_t h (importWaterL b + itWaterL P) ≤ Σ_t waterCapL,   Σ_t h importCarbonKg b ≤ Σ_t carbonCapKg,
 *          each over the slots of one day
 *
 * A battery that charges and discharges within one slot does one after the other, so the shares of
 * the slot it does either add up to one at most. Without that, energy could be burnt in a battery at
 * negative prices at twice the power it has.
 */
export interface SitePlant {
  slotHours: number;
  /** IT power with no request at all, by slot. */
  baseItKw: Float64Array;
  /** IT power per req/s. Length T·K. */
  kwPerReqPerS: Float64Array;
  /** Facility over IT power, by slot. */
  ppue: Float64Array;
  /** Facility power that depends on nothing. */
  overheadKw: number;
  /** A kWh from the grid with its carbon and water at their prices, AUD, by slot. */
  importAud: Float64Array;
  /** The same without them: what is paid for it. */
  tariffAud: Float64Array;
  /**
   * What a kWh into the grid earns, AUD, by slot. At most `tariffAud`, so at most `importAud` whatever
   * carbon and water cost: the program may import and export in one slot, which a meter does not, and
   * would earn the difference without limit.
   */
  exportAud: Float64Array;
  /** On-site water per IT kWh at its price, AUD, by slot. */
  itAud: Float64Array;
  importCarbonKg: Float64Array;
  importWaterL: Float64Array;
  itWaterL: Float64Array;
  /** Solar power to be had, all of it optional, by slot. */
  solarKw: Float64Array;
  battery?: PlantBattery;
  facilityKw: number;
  gridKw: number;
  exportKw: number;
  /** Which day's caps a slot counts to, from 0; the same for all where they are of the whole plan. */
  dayOf: Int32Array;
  /** A day's cap in equal parts by slot; infinite for all or for none. */
  waterCapL: Float64Array;
  carbonCapKg: Float64Array;
  /** Charge on the highest import of the horizon, beyond what is paid for already. */
  peak?: { audPerKw: number; paidKw: number };
  /** C_u: a request left unserved, AUD per req/s and slot. */
  unservedAud: number;
}

export interface PlantBattery {
  capacityKwh: number;
  chargeKw: number;
  dischargeKw: number;
  /** η_c and η_d, in (0, 1]. */
  chargeEfficiency: number;
  dischargeEfficiency: number;
  initialKwh: number;
  /** Least charge at the end, at most `initialKwh`: a battery left alone keeps it, so none is forced to charge. */
  finalKwh: number;
}

/** Whether a cap is one. */
export function binds(cap: Float64Array): boolean {
  return (cap[0] as number) < Infinity;
}

/** Facility power at IT power P in slot t, kW. */
export function facilityKwAt(plant: SitePlant, t: number, itKw: number): number {
  return (plant.ppue[t] as number) * itKw + plant.overheadKw;
}

/** Most that can be exported in slot t without importing for it, which never pays. */
export function mostExportKw(plant: SitePlant, t: number): number {
  return Math.min(plant.exportKw, (plant.solarKw[t] as number) + (plant.battery?.dischargeKw ?? 0));
}

/**
 * Prices of breaking a limit, per kW and slot, litre and kg: ten times what it costs at most to keep
 * it by serving less. So no limit is broken to serve requests; only a site that breaks one with no
 * request at all pays such a price, which the solver then reports as a fault of the configuration.
 */
export interface Excess {
  powerAud: number;
  waterAud: number;
  carbonAud: number;
}

const EXCESS_FACTOR = 10;
/** Requests that use less than this share of the most are not worth shedding for a limit's sake. */
const LEAST_SHARE = 1e-3;

export function excessPrices(plant: SitePlant, classCount: number): Excess {
  const { slotHours: h, ppue, importAud, itAud } = plant;
  const uses = (perItKw: (t: number) => number) =>
    Float64Array.from(plant.kwPerReqPerS, (kw, i) => kw * perItKw(Math.floor(i / classCount)));
  const largest = (values: Float64Array) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const drawKw = uses((t) => ppue[t] as number);
  const audPerKw = h * (largest(importAud) + largest(itAud)) + (plant.peak?.audPerKw ?? 0);
  const forgoneAud = plant.unservedAud + largest(drawKw) * audPerKw;
  const price = (use: Float64Array): number => {
    const most = largest(use);
    const least = use.reduce((a, b) => (b > LEAST_SHARE * most ? Math.min(a, b) : a), most);
    return (EXCESS_FACTOR * forgoneAud) / (least || 1);
  };
  return {
    powerAud: price(drawKw),
    waterAud: price(
      uses((t) => {
        const perKwh = (ppue[t] as number) * (plant.importWaterL[t] as number);
        return h * (perKwh + (plant.itWaterL[t] as number));
      }),
    ),
    carbonAud: price(uses((t) => h * (ppue[t] as number) * (plant.importCarbonKg[t] as number))),
  };
}
