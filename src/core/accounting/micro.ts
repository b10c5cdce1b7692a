/**
 * Figures that are summed are whole numbers of a small unit, so that a sum of receipts is exact in
 * whatever order and grouping it is made. Doubles hold whole numbers up to 9e15 exactly: 9 million
 * AUD, 9 TWh, 9 million tonnes or 9 million m³ in one row.
 */

/** What a request took, in whole small units. Null where nobody disclosed it. */
export interface Amounts {
  energyMilliWh: number;
  carbonMg: number;
  waterMicroL: number;
  costNanoAud: number | null;
}

export const NANO_PER_AUD = 1e9;
export const MG_PER_KG = 1e6;
const MILLI_WH_PER_KWH = 1e6;
const MICRO_L_PER_L = 1e6;

/** The same in kWh, kg, L and AUD. */
export interface Quantities {
  energyKwh: number;
  carbonKg: number;
  waterL: number;
  costAud: number | null;
}

export function amountsOf(q: Quantities): Amounts {
  return {
    energyMilliWh: whole(q.energyKwh * MILLI_WH_PER_KWH, 'energy'),
    carbonMg: whole(q.carbonKg * MG_PER_KG, 'carbon'),
    waterMicroL: whole(q.waterL * MICRO_L_PER_L, 'water'),
    costNanoAud: q.costAud === null ? null : whole(q.costAud * NANO_PER_AUD, 'cost'),
  };
}

function whole(value: number, what: string): number {
  const rounded = Math.round(value);
  if (!Number.isSafeInteger(rounded)) throw new RangeError(`${what} is ${value} small units`);
  return rounded === 0 ? 0 : rounded;
}

/** Amounts as receipts show them: Wh, g, mL, AUD. */
export function shown(a: Amounts) {
  return {
    energyWh: a.energyMilliWh / 1000,
    carbonG: a.carbonMg / 1000,
    waterMl: a.waterMicroL / 1000,
    costAud: a.costNanoAud === null ? null : a.costNanoAud / NANO_PER_AUD,
  };
}
