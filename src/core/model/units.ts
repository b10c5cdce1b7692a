/** Conversions at the boundary; inside, rates are req/s, power kW, energy kWh, time s or h as named. */
export const SECONDS_PER_HOUR = 3600;
export const MS_PER_HOUR = 3_600_000;
export const JOULES_PER_KWH = 3.6e6;
export const KG_PER_TONNE = 1000;
export const L_PER_KL = 1000;
export const KWH_PER_MWH = 1000;
