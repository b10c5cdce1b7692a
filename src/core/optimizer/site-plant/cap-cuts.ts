import type { Cut } from '../cut.ts';
import type { SiteProblem } from '../site-subproblem.ts';
import type { Multipliers } from './multipliers.ts';
import type { Operation } from './operate.ts';
import { piecesOf } from './pieces.ts';
import { importPrice, itAudAt } from './plane.ts';
import { binds, type SitePlant } from './plant.ts';

/**
 * Bounds below v that say where caps lie, whether they bind at the proposal or not: one with caps for
 * nothing, and one for each cap at the highest price at which no request would rather be shed, so
 * that all count by what they use. From bounds at proposals alone that takes many: far beyond a cap
 * what uses most is shed, and counts by its number.
 */
export function capCuts(
  site: SiteProblem,
  plant: SitePlant,
  { multipliers, excess, peakAud }: Operation,
  totals: Float64Array,
): Cut[] {
  const free = priced(plant, multipliers, 0, 0);
  const at: Multipliers[] = [];
  if (binds(plant.waterCapL)) {
    const most = highestPrice(plant, free, site.classCount, (t) => {
      const perKwh = (plant.ppue[t] as number) * (plant.importWaterL[t] as number);
      return perKwh + (plant.itWaterL[t] as number);
    });
    at.push(priced(plant, multipliers, Math.min(most, excess.waterAud), 0));
  }
  if (binds(plant.carbonCapKg)) {
    const most = highestPrice(plant, free, site.classCount, (t) => {
      return (plant.ppue[t] as number) * (plant.importCarbonKg[t] as number);
    });
    at.push(priced(plant, multipliers, 0, Math.min(most, excess.carbonAud)));
  }
  if (at.length === 0) return [];
  return [free, ...at].map((m) => piecesOf(site, plant, excess, m, totals, peakAud));
}

/** The multipliers at other prices of the caps, the same on every day, power worth as much more as an import costs. */
function priced(plant: SitePlant, m: Multipliers, waterL: number, carbonKg: number): Multipliers {
  const caps = {
    ...m,
    waterL: m.waterL.map(() => waterL),
    carbonKg: m.carbonKg.map(() => carbonKg),
  };
  const power = m.power.map((price, t) => {
    const imported = importPrice(plant, caps, t);
    const moved = price + imported - importPrice(plant, m, t);
    return plant.gridKw < Infinity
      ? Math.min(moved, price)
      : Math.min(moved, imported + (m.peak[t] as number));
  });
  return { ...caps, power };
}

/** A request within caps costs at most so many times what it costs without. */
const STEEPEST = 20;

/** Highest price of a unit of a resource at which every request still costs its use, and at most C_u. */
function highestPrice(
  plant: SitePlant,
  free: Multipliers,
  classCount: number,
  perItKwh: (t: number) => number,
): number {
  const paid = plant.kwPerReqPerS.map((kw, at) => {
    const t = Math.floor(at / classCount);
    const power = importPrice(plant, free, t) + (free.peak[t] as number);
    return kw * (itAudAt(plant, free, t) + (plant.ppue[t] as number) * power);
  });
  const dearest = paid.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const most = Math.min(plant.unservedAud, STEEPEST * dearest);
  let least = Infinity;
  plant.kwPerReqPerS.forEach((kw, at) => {
    const uses = kw * plant.slotHours * perItKwh(Math.floor(at / classCount));
    if (uses > 0) least = Math.min(least, Math.max(0, most - (paid[at] as number)) / uses);
  });
  return least < Infinity ? least : 0;
}
