/**
 * A site's energy plant: what couples its slots. Powers are means over a slot, in kW; an infinite
 * limit is none. With IT power P = base + Σ_k kw_k M_k of the requests served, M ≤ N, and h hours a
 * slot, the plant's operation is a linear program:
 *
 *   v(N) = min Σ_t h (importAud b − exportAud e + itAud P) + peak.audPerKw · r + C_u Σ (N − M)
 *   s.t.   ppue P + overhead + c = b − e + s + d          facility power and charging are met
 *          ppue P + overhead ≤ facilityKw                 b ≤ gridKw,  e ≤ exportKw,  s ≤ solarKw
 *          soc_t = soc_{t−1} + h (η_c c − d / η_d)        0 ≤ soc ≤ capacity,  final ≥ initial
 *          c / chargeKw + d / dischargeKw ≤ 1             b ≤ peak.paidKw + r
 *          Σ_t h (importWaterL b + itWaterL P) ≤ waterCapL,   Σ_t h importCarbonKg b ≤ carbonCapKg
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
  /**
   * What a kWh into the grid earns, AUD, by slot. At most `importAud`: the program may import and
   * export in one slot, which a meter does not, and would earn the difference without limit.
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
  /** Over all slots. */
  waterCapL: number;
  carbonCapKg: number;
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
 * Prices of breaking a limit, per kWh, litre and kg: ten times what it costs at most to keep it by
 * serving less. So no limit is broken to serve requests; only a site that breaks one with no request
 * at all pays such a price, which the solver then reports as a fault of the configuration.
 */
export interface Excess {
  powerAud: number;
  waterAud: number;
  carbonAud: number;
}

const EXCESS_FACTOR = 10;
/** Slots that use less than this share of the most a resource is used per kW keep no cap for it. */
const LEAST_SHARE = 1e-3;

export function excessPrices(plant: SitePlant, classCount: number): Excess {
  const { slotHours: h, ppue } = plant;
  const T = ppue.length;
  const uses = (perItKwh: (t: number) => number): Float64Array =>
    Float64Array.from(plant.kwPerReqPerS, (kw, i) => h * kw * perItKwh(Math.floor(i / classCount)));
  const dearest = (use: Float64Array, floorAud: number): number => {
    const most = use.reduce((a, b) => Math.max(a, b), 0);
    const least = use.reduce((a, b) => (b > LEAST_SHARE * most ? Math.min(a, b) : a), most);
    return most > 0 ? Math.max((EXCESS_FACTOR * plant.unservedAud) / least, floorAud) : floorAud;
  };
  let energyAud = 0;
  for (let t = 0; t < T; t++) {
    energyAud = Math.max(
      energyAud,
      Math.abs(plant.importAud[t] as number),
      plant.itAud[t] as number,
    );
  }
  const floorAud = EXCESS_FACTOR * energyAud;
  return {
    powerAud: dearest(
      uses((t) => ppue[t] as number),
      floorAud,
    ),
    waterAud: dearest(
      uses(
        (t) =>
          (ppue[t] as number) * (plant.importWaterL[t] as number) + (plant.itWaterL[t] as number),
      ),
      0,
    ),
    carbonAud: dearest(
      uses((t) => (ppue[t] as number) * (plant.importCarbonKg[t] as number)),
      0,
    ),
  };
}
