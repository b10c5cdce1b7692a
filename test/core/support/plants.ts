import type { SiteImpacts } from '../../../src/core/optimizer/impacts.ts';
import type { PlantBattery, SitePlant } from '../../../src/core/optimizer/site-plant/plant.ts';
import type { SiteProblem, SiteQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import { type Instance, randomInstance } from './instances.ts';
import { type Dice, dice } from './random.ts';

export interface PlantShape {
  slots: number;
  classes: number;
  waitingAud: number;
  /** Factors on all prices, and on all powers. */
  priceFactor: number;
  powerFactor: number;
}

const usualShape: PlantShape = {
  slots: 8,
  classes: 2,
  waitingAud: 1,
  priceFactor: 1,
  powerFactor: 1,
};

export type PlantSite = SiteProblem & { plant: SitePlant };

/** A random site with a plant of random parts, some of them degenerate; the base load breaks no limit. */
export function randomPlantSite(seed: number, partial: Partial<PlantShape> = {}): PlantSite {
  const shape = { ...usualShape, ...partial };
  const d = dice(seed);
  const T = shape.slots;
  const K = shape.classes;
  const money = shape.priceFactor;
  const site = randomInstance(seed, {
    sites: 1,
    slots: T,
    classes: K,
    waitingAud: shape.waitingAud * money,
    closedShare: d.chance(0.1) ? 0.2 : 0,
  }).sites[0] as SiteProblem;
  const slots = (f: (t: number) => number) => Float64Array.from({ length: T }, (_, t) => f(t));
  const h = d.chance(0.7) ? 1 : d.uniform(0.25, 2);
  const kw = Float64Array.from({ length: K }, () => d.uniform(0.5, 2.5) * shape.powerFactor);
  const baseItKw = slots(() => d.uniform(0.5, 3) * shape.powerFactor);
  const ppue = slots(() => d.uniform(1.05, 1.5));
  const overheadKw = d.uniform(0, 2) * shape.powerFactor;
  const equal = d.chance(0.15);
  const level = d.uniform(0.05, 0.4) * money;
  const importAud = slots(() =>
    equal ? level : d.uniform(d.chance(0.3) ? -0.2 : 0.03, 0.5) * money,
  );
  const feedIn = d.uniform(0, 0.3) * money;
  const onSite = d.chance(0.5) ? d.uniform(0, 2) : 0;
  let peakKw = 0;
  for (let t = 0; t < T; t++) {
    let itKw = baseItKw[t]!;
    for (let k = 0; k < K; k++) {
      itKw += (kw[k]! * site.maxLoad[t]!) / site.loadPerReqPerS[k]! / K;
    }
    peakKw = Math.max(peakKw, ppue[t]! * itKw + overheadKw);
  }
  const baseKw = baseItKw.reduce((most, it, t) => Math.max(most, ppue[t]! * it + overheadKw), 0);
  const above = (share: number) => baseKw + share * (peakKw - baseKw);
  const importCarbonKg = slots(() => d.uniform(0.05, 0.9));
  const importWaterL = slots(() => d.uniform(0.02, 1.2));
  const itWaterL = slots(() => onSite);
  const share = () => (d.chance(0.1) ? 0 : d.uniform(0.05, 1));
  // Caps of the whole span, or of two days of it.
  const days = dice(seed + 1e6);
  const midnight = T > 1 && days.chance(0.5) ? days.integer(1, T - 1) : T;
  const dayOf = Int32Array.from({ length: T }, (_, t) => (t < midnight ? 0 : 1));
  const caps = (perKwh: Float64Array, it: Float64Array) => {
    const shares = [share(), days.uniform(0.05, 1)];
    return slots((of) => {
      const own = [...dayOf.keys()].filter((t) => dayOf[t] === dayOf[of]);
      let base = 0;
      let full = 0;
      for (const t of own) {
        const atBase = ppue[t]! * baseItKw[t]! + overheadKw;
        base += h * (atBase * perKwh[t]! + baseItKw[t]! * it[t]!);
        full += h * (peakKw * perKwh[t]! + (peakKw / ppue[t]!) * it[t]!);
      }
      return (base + shares[dayOf[of]!]! * (full - base)) / own.length;
    });
  };
  const none = slots(() => Infinity);
  const plant: SitePlant = {
    slotHours: h,
    baseItKw,
    kwPerReqPerS: Float64Array.from({ length: T * K }, (_, i) => kw[i % K]!),
    ppue,
    overheadKw,
    importAud,
    tariffAud: importAud.map(
      (aud, t) => aud - money * (0.05 * importCarbonKg[t]! + 0.003 * importWaterL[t]!),
    ),
    exportAud: importAud.map((p) => Math.min(feedIn, p)),
    itAud: itWaterL.map((l) => l * 0.003 * money),
    importCarbonKg,
    importWaterL,
    itWaterL,
    solarKw: slots((t) => (d.chance(0.5) ? Math.max(0, Math.sin((t * Math.PI) / T)) * peakKw : 0)),
    facilityKw: d.chance(0.4) ? above(share()) : Infinity,
    gridKw: d.chance(0.4) ? above(share()) : Infinity,
    exportKw: d.chance(0.3) ? 0 : d.chance(0.5) ? Infinity : d.uniform(0, peakKw),
    dayOf,
    waterCapL: d.chance(0.3) ? caps(importWaterL, itWaterL) : none,
    carbonCapKg: d.chance(0.3) ? caps(importCarbonKg, new Float64Array(T)) : none,
    unservedAud: 180 * money,
  };
  if (d.chance(0.7)) plant.battery = randomBattery(d, peakKw);
  if (d.chance(0.5)) {
    plant.peak = {
      audPerKw: d.chance(0.1) ? 0 : d.uniform(0.1, 15) * money,
      paidKw: d.chance(0.3) ? 0 : above(d.uniform(-0.2, 1)),
    };
  }
  const problem: PlantSite = { ...site, plant, impacts: gridImpacts(plant, K) };
  // The separable part is the grid's energy for all of N, as assembled.
  for (let t = 0; t < T; t++) {
    const perItKw = h * (ppue[t]! * importAud[t]! + plant.itAud[t]!);
    problem.baseAud[t] = perItKw * baseItKw[t]! + h * overheadKw * importAud[t]!;
    for (let k = 0; k < K; k++) problem.rateAud[t * K + k] = perItKw * kw[k]!;
  }
  return problem;
}

/** A site's problem with carbon and water at these prices above those it has. */
export function repriced(site: SiteProblem, audPerKg: number, audPerL: number): SiteProblem {
  const { carbonKg, waterL, marginalCarbonKg, marginalWaterL } = site.impacts!;
  const priced = (aud: Float64Array, carbon: Float64Array, water: Float64Array) =>
    aud.map((v, i) => v + audPerKg * carbon[i]! + audPerL * water[i]!);
  const { plant: p } = site;
  return {
    ...site,
    baseAud: priced(site.baseAud, carbonKg, waterL),
    rateAud: priced(site.rateAud, marginalCarbonKg, marginalWaterL),
    ...(p && {
      plant: {
        ...p,
        importAud: priced(p.importAud, p.importCarbonKg, p.importWaterL),
        itAud: p.itAud.map((aud, t) => aud + audPerL * p.itWaterL[t]!),
      },
    }),
  };
}

/** What a plant's site takes where all its power comes from the grid. */
function gridImpacts(p: SitePlant, classCount: number): SiteImpacts {
  const of = (perImport: Float64Array, perIt?: Float64Array) => {
    const perItKwh = p.ppue.map((ppue, t) => ppue * perImport[t]! + (perIt?.[t] ?? 0));
    return {
      base: p.baseItKw.map(
        (kw, t) => p.slotHours * (kw * perItKwh[t]! + p.overheadKw * perImport[t]!),
      ),
      rate: p.kwPerReqPerS.map((kw, i) => p.slotHours * kw * perItKwh[Math.floor(i / classCount)]!),
    };
  };
  const carbon = of(p.importCarbonKg);
  const water = of(p.importWaterL, p.itWaterL);
  const kwh = of(new Float64Array(p.baseItKw.length).fill(1));
  const aud = of(p.tariffAud);
  return {
    carbonKg: carbon.base,
    waterL: water.base,
    marginalCarbonKg: carbon.rate,
    marginalWaterL: water.rate,
    energy: {
      energyKwh: kwh.base,
      energyAud: aud.base,
      marginalEnergyKwh: kwh.rate,
      marginalEnergyAud: aud.rate,
    },
  };
}

function randomBattery(d: Dice, peakKw: number): PlantBattery {
  const capacityKwh = d.chance(0.1) ? 0 : d.uniform(0.1, 4) * peakKw;
  const full = d.chance(0.15) ? 1 : d.chance(0.15) ? 0 : d.uniform(0, 1);
  return {
    capacityKwh,
    chargeKw: d.uniform(0.1, 1) * peakKw,
    dischargeKw: d.uniform(0.1, 1) * peakKw,
    chargeEfficiency: d.chance(0.1) ? 1 : d.uniform(0.8, 1),
    dischargeEfficiency: d.chance(0.1) ? 1 : d.uniform(0.8, 1),
    initialKwh: full * capacityKwh,
    finalKwh: (d.chance(0.5) ? 1 : d.uniform(0, 1)) * full * capacityKwh,
  };
}

/** A query at a random proposal within capacity, with prices of the site's order. */
export function randomPlantQuery(site: PlantSite, seed: number): SiteQuery {
  const d = dice(seed);
  const K = site.classCount;
  const TK = site.slotCount * K;
  const money = site.plant.unservedAud / 180;
  const box = new Float64Array(TK);
  const totals = new Float64Array(TK);
  for (let i = 0; i < TK; i++) {
    const most = site.maxLoad[Math.floor(i / K)]! / site.loadPerReqPerS[i % K]!;
    box[i] = d.chance(0.1) ? 0 : most * d.uniform(0.1, 2) + (d.chance(0.1) ? 5 : 0);
    totals[i] = d.chance(0.1) ? 0 : Math.min(box[i]!, (most * d.uniform(0, 1)) / K);
  }
  const prices = Float64Array.from({ length: TK }, () => d.uniform(-0.3, 3) * money);
  return { round: 1, totals, prices, box };
}

/** A random instance of four sites, the first `plants` of them with plants. */
export function plantFleet(
  seed: number,
  shape: { utilisation: number; slots?: number; waitingAud?: number; plants?: number },
): Instance {
  const { utilisation, slots = 6, waitingAud = 0, plants = 2 } = shape;
  const common = { slots, classes: 2, waitingAud };
  const { problem } = randomInstance(seed, { ...common, sites: 4, zones: 4, utilisation });
  const sites = problem.sites.map((capability, j): SiteProblem => {
    const { plant, ...plain } = randomPlantSite(10 * seed + j, common);
    capability.loadPerReqPerS = plain.loadPerReqPerS;
    capability.maxLoad = plain.maxLoad.slice();
    capability.prior = { ...plain.queue, costAudPerWaiting: waitingAud };
    return j < plants ? { ...plain, plant } : plain;
  });
  return { problem, sites };
}
