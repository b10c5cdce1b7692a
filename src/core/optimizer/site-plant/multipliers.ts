import type { Excess, SitePlant } from './plant.ts';
import type { Layout } from './rows.ts';

/** Prices of the plant's rows, AUD per unit of the row. */
export interface Multipliers {
  /** A kW more of facility power or charging, by slot. */
  power: Float64Array;
  /** A kW more under the facility's limit, by slot. */
  facility: Float64Array;
  /** A kWh more in the battery at the slot's end. */
  stored: Float64Array;
  /** A kW less imported in the slot, for the peak's sake. */
  peak: Float64Array;
  /** A litre and a kg less of the slot's day. */
  waterL: Float64Array;
  carbonKg: Float64Array;
}

/** Multipliers of a solved program, made feasible: as near as may be, but exactly. */
export function multipliersOf(
  plant: SitePlant,
  excess: Excess,
  layout: Layout,
  y: Float64Array,
): Multipliers {
  const { program } = layout;
  const h = plant.slotHours;
  const at = (row: number) =>
    row < 0 ? 0 : ((y[row] as number) * program.audScale) / (program.rowScale[row] as number);
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  const T = layout.balance.length;
  const m: Multipliers = {
    power: new Float64Array(T),
    facility: Float64Array.from(layout.facility, (row) => within(-at(row), excess.powerAud)),
    stored: Float64Array.from(layout.stored, (row) => -at(row)),
    peak: Float64Array.from(layout.peak, (row) => Math.max(0, -at(row))),
    waterL: Float64Array.from(layout.water, (row) => within(-at(row), excess.waterAud)),
    carbonKg: Float64Array.from(layout.carbon, (row) => within(-at(row), excess.carbonAud)),
  };
  const peaks = m.peak.reduce((a, b) => a + b, 0);
  const most = plant.peak?.audPerKw ?? 0;
  if (peaks > most) for (let t = 0; t < T; t++) m.peak[t] = (m.peak[t] as number) * (most / peaks);
  for (let t = 0; t < T; t++) {
    // What power can be worth is bounded by imports; with a limit, by those beyond it.
    const limit = importAud(plant, m, t) + (plant.gridKw < Infinity ? excess.powerAud : 0);
    m.power[t] = Math.min(-at(layout.balance[t] as number), limit);
  }
  return m;

  function importAud(p: SitePlant, of: Multipliers, t: number): number {
    const resources =
      (of.waterL[t] as number) * (p.importWaterL[t] as number) +
      (of.carbonKg[t] as number) * (p.importCarbonKg[t] as number);
    return h * ((p.importAud[t] as number) + resources) + (of.peak[t] as number);
  }
}
