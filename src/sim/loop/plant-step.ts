import { facilityKwAt, type SitePlant } from '../../core/optimizer/site-plant/plant.ts';

/** What a plan has a plant do in a slot, mean kW. */
export interface PlantOrder {
  chargeKw: number;
  dischargeKw: number;
  exportKw: number;
  /** Imports are kept below it while the battery can: the month's peak, paid or planned; else infinite. */
  peakKw: number;
}

/** What a step began with: charge, and what is left of the day's caps. */
export interface PlantStock {
  storedKwh: number;
  waterLeftL: number;
  carbonLeftKg: number;
}

/** Means over a step, kW. */
export interface PlantStep {
  importKw: number;
  exportKw: number;
  solarKw: number;
  chargeKw: number;
  dischargeKw: number;
  /** Share of the requests that the site's limits let it serve. */
  servedShare: number;
}

const HALVINGS = 40;

/**
 * One step of a plant run as an energy management system runs it: the battery does as ordered while it
 * holds or takes that much; beyond a limit of imports, or what a day's cap leaves of them, it charges less, then gives more; solar power that
 * nobody takes is stored; what still breaks a limit is shed. Rules of the present alone, no program.
 * @param t the step, among the plant's slots
 * @param itKw IT power of the requests that come, beyond that of none
 */
export function stepPlant(
  plant: SitePlant,
  t: number,
  itKw: number,
  order: PlantOrder,
  stock: PlantStock,
): PlantStep {
  const at = (share: number) => powers(plant, t, share * itKw, order, stock);
  const fits = (share: number) => {
    const allItKw = (plant.baseItKw[t] as number) + share * itKw;
    const { importKw } = at(share);
    const { waterL, carbonKg } = cappedUse(plant, t, allItKw, importKw);
    return (
      isWithin(facilityKwAt(plant, t, allItKw), plant.facilityKw) &&
      isWithin(importKw, plant.gridKw) &&
      isWithin(waterL, stock.waterLeftL) &&
      isWithin(carbonKg, stock.carbonLeftKg)
    );
  };
  if (fits(1)) return { ...at(1), servedShare: 1 };
  // Site alone is no fault of a step: nothing is served, and limits are what they are.
  let [served, over] = [0, 1];
  for (let n = 0; n < HALVINGS; n++) {
    const middle = (served + over) / 2;
    if (fits(middle)) served = middle;
    else over = middle;
  }
  return { ...at(served), servedShare: served };
}

/** But for rounding: charging yields to just what a limit leaves. */
function isWithin(value: number, limit: number): boolean {
  return value <= limit + 1e-9 * Math.max(1, Math.abs(limit));
}

function powers(
  plant: SitePlant,
  t: number,
  itKw: number,
  order: PlantOrder,
  stock: PlantStock,
): Omit<PlantStep, 'servedShare'> {
  const { storedKwh } = stock;
  const { slotHours: h, battery: b } = plant;
  const needKw = facilityKwAt(plant, t, (plant.baseItKw[t] as number) + itKw);
  // A kWh from the grid that earns money is worth more than the sun's.
  const sunKw = (plant.importAud[t] as number) < 0 ? 0 : (plant.solarKw[t] as number);
  const mostCharge = b
    ? Math.min(b.chargeKw, Math.max(0, b.capacityKwh - storedKwh) / (b.chargeEfficiency * h))
    : 0;
  const holds = b ? (Math.max(0, storedKwh) * b.dischargeEfficiency) / h : 0;
  let charge = Math.min(order.chargeKw, mostCharge);
  /** What may come out while so much goes in: it does one after the other. */
  const mostDischarge = () =>
    b ? Math.min(holds, b.dischargeKw * Math.max(0, 1 - charge / b.chargeKw)) : 0;
  let discharge = Math.min(order.dischargeKw, mostDischarge());
  const limitKw = Math.min(plant.gridKw, order.peakKw, capKw(plant, t, itKw, stock));
  const overKw = () => needKw + charge - discharge - sunKw - limitKw;
  charge -= Math.min(charge, Math.max(0, overKw()));
  if (overKw() > 0) discharge = Math.min(mostDischarge(), discharge + overKw());
  // A battery feeds in no more than was ordered.
  const surplusKw = () => sunKw + discharge - needKw - charge;
  const mostExport = (plant.exportAud[t] as number) < 0 ? 0 : plant.exportKw;
  const fedKw = Math.min(order.exportKw, mostExport);
  discharge -= Math.min(discharge, Math.max(0, surplusKw() - fedKw));
  const exportKw = Math.min(mostExport, Math.max(0, surplusKw()));
  const unusedKw = Math.max(0, surplusKw() - exportKw);
  if (b && discharge === 0) {
    charge += Math.max(0, Math.min(unusedKw, mostCharge - charge));
  }
  const importKw = Math.max(0, -surplusKw());
  return {
    importKw,
    exportKw,
    solarKw: sunKw - Math.max(0, surplusKw() - exportKw),
    chargeKw: charge,
    dischargeKw: discharge,
  };
}

/** What counts against a day's caps in a step. @param itKw all of the site's */
export function cappedUse(
  plant: SitePlant,
  t: number,
  itKw: number,
  importKw: number,
): { waterL: number; carbonKg: number } {
  const { slotHours: h } = plant;
  const waterKw =
    importKw * (plant.importWaterL[t] as number) + itKw * (plant.itWaterL[t] as number);
  return { waterL: h * waterKw, carbonKg: h * importKw * (plant.importCarbonKg[t] as number) };
}

/** The most that may be imported in the step by what is left of the day's caps, kW. */
function capKw(plant: SitePlant, t: number, itKw: number, stock: PlantStock): number {
  const { slotHours: h } = plant;
  const { waterL: itWaterL } = cappedUse(plant, t, (plant.baseItKw[t] as number) + itKw, 0);
  const most = (left: number, perKwh: number) =>
    perKwh > 0 ? Math.max(0, left) / (h * perKwh) : Number.POSITIVE_INFINITY;
  return Math.min(
    most(stock.waterLeftL - itWaterL, plant.importWaterL[t] as number),
    most(stock.carbonLeftKg, plant.importCarbonKg[t] as number),
  );
}
