import type { SitePlant } from '../../src/core/optimizer/site-plant/plant.ts';
import type { Instance } from '../../test/core/support/instances.ts';
import { type Dice, dice } from '../../test/core/support/random.ts';
import { type EdgeShape, type EdgeSite, edgeInstance } from './edge-instance.ts';

/** Evaporative cooling begins here, and uses this much per IT kWh. */
const WET_ABOVE_C = 24;
const WET_L_PER_KWH = 1.4;

/**
 * An edge instance whose sites may draw only so much water or carbon a day: half of the sites have a
 * cap of water, half one of carbon (a quarter both), at 30 to 90 % of what a site at the fleet's mean
 * utilisation would draw. Prices, queues and demand are those of the instance without caps.
 */
export function cappedInstance(seed: number, shape: EdgeShape): Instance {
  const instance = edgeInstance(seed, shape);
  const d = dice(seed + 7000);
  return {
    problem: instance.problem,
    sites: instance.sites.map((site) => withCaps(d, site, instance.problem.unservedCostAud)),
  };
}

function withCaps(d: Dice, site: EdgeSite, unservedAud: number): EdgeSite {
  const { energy, slotCount: T, classCount: K } = site;
  const gridLPerKwh = d.uniform(0.5, 2);
  const itWaterL = energy.tempC.map((tempC) => (tempC > WET_ABOVE_C ? WET_L_PER_KWH : 0));
  const plant: SitePlant = {
    slotHours: 1,
    baseItKw: new Float64Array(T).fill(energy.baseItKw),
    kwPerReqPerS: Float64Array.from({ length: T * K }, (_, i) => energy.kwPerReqPerS[i % K]!),
    ppue: energy.ppue,
    overheadKw: 0,
    importAud: energy.audPerKwh,
    tariffAud: energy.audPerKwh,
    exportAud: energy.audPerKwh.map((aud) => Math.min(0, aud)),
    itAud: new Float64Array(T),
    importCarbonKg: new Float64Array(T).fill(energy.carbonKgPerKwh),
    importWaterL: new Float64Array(T).fill(gridLPerKwh),
    itWaterL,
    solarKw: new Float64Array(T),
    facilityKw: Number.POSITIVE_INFINITY,
    gridKw: Number.POSITIVE_INFINITY,
    exportKw: 0,
    dayOf: new Int32Array(T),
    waterCapL: new Float64Array(T).fill(Number.POSITIVE_INFINITY),
    carbonCapKg: new Float64Array(T).fill(Number.POSITIVE_INFINITY),
    unservedAud,
  };
  const cap = (perItKwh: (t: number) => number): Float64Array => {
    let base = 0;
    let usual = 0;
    for (let t = 0; t < T; t++) {
      base += energy.baseItKw * perItKwh(t);
      usual += MEAN_LOAD * busyKw(site) * perItKwh(t);
    }
    return new Float64Array(T).fill((base + d.uniform(0.3, 0.9) * usual) / T);
  };
  const kind = d.uniform(0, 1);
  if (kind < 0.5) plant.waterCapL = cap((t) => energy.ppue[t]! * gridLPerKwh + itWaterL[t]!);
  if (kind > 0.25 && kind < 0.75) {
    plant.carbonCapKg = cap((t) => energy.ppue[t]! * energy.carbonKgPerKwh);
  }
  return {
    ...site,
    // What stands there has to cost in both parts of the site's problem alike.
    baseAud: energy.audPerKwh.map((aud, t) => aud * energy.ppue[t]! * energy.baseItKw),
    plant,
  };
}

/** Mean load over the day and over the limit, at the instance's peak of 0.6. */
const MEAN_LOAD = 0.37;

/** IT power above base of a site at its limit, as its first class draws it. */
function busyKw(site: EdgeSite): number {
  return ((site.maxLoad[0] as number) * site.energy.kwPerReqPerS[0]!) / site.loadPerReqPerS[0]!;
}
