import { ppue } from '../../src/core/model/cooling/index.ts';
import { mixedMode } from '../../src/core/model/cooling/mixed-mode.ts';
import { type Coordinates, estimateRttMs } from '../../src/core/model/geo.ts';
import type { DispatchProblem, SiteCapability } from '../../src/core/optimizer/problem.ts';
import type { SiteProblem } from '../../src/core/optimizer/site-subproblem.ts';
import type { Instance } from '../../test/core/support/instances.ts';
import { type Dice, dice } from '../../test/core/support/random.ts';

export interface EdgeShape {
  zones: number;
  sites: number;
  classes: number;
  slots: number;
  /** Sites a zone may use: its nearest; all if absent. */
  candidates?: number;
}

/** A site with the energy behind its costs. */
export interface EdgeSite extends SiteProblem {
  energy: {
    baseItKw: number;
    /** IT power per req/s. Length K. */
    kwPerReqPerS: Float64Array;
    /** By slot. */
    ppue: Float64Array;
    audPerKwh: Float64Array;
    carbonKgPerKwh: number;
    tempC: Float64Array;
  };
}

const AUD_PER_USER_HOUR = 0.5;
const PREFILL_MS = 40;
const CARBON_AUD_PER_KG = 0.075;
/** Peak demand over capacity. */
const PEAK_UTILISATION = 0.6;

/**
 * A continent of edge sites, the same for the same seed: sites and zones at random places, weather
 * with a daily swing around a mean that falls southwards, mixed-mode cooling, half of the sites on
 * spot prices of six regions (spikes and negative hours included), half on contracts. The
 * coordinator's queue prior is wrong on purpose: V = 1 and the listed value of time, whereas each
 * site's true variability is 0.6–2.5 and its true price of waiting half to twice the listed one.
 */
export function edgeInstance(
  seed: number,
  shape: EdgeShape,
): Omit<Instance, 'sites'> & { sites: EdgeSite[] } {
  const d = dice(seed);
  const { zones: I, sites: J, classes: K, slots: T } = shape;
  const place = () => ({ latDeg: -d.uniform(12, 43), lonDeg: d.uniform(115, 153) });
  const classServerS = Array.from({ length: K }, () => d.uniform(0.1, 0.5));
  const spot = Array.from({ length: 6 }, () => spotAudPerKwh(d, T));
  const places = Array.from({ length: J }, place);
  const capabilities: SiteCapability[] = [];
  const sites: EdgeSite[] = [];
  for (const { latDeg } of places) {
    const site = randomSite(d, classServerS, T, latDeg, spot[d.integer(0, 5)] as Float64Array);
    sites.push(site);
    capabilities.push({
      id: `site-${sites.length}`,
      loadPerReqPerS: site.loadPerReqPerS,
      maxLoad: site.maxLoad.slice(),
      prior: { servers: site.queue.servers, variability: 1, costAudPerWaiting: AUD_PER_USER_HOUR },
    });
  }
  const zones = Array.from({ length: I }, () => ({
    ...place(),
    weight: Math.exp(d.uniform(-1.5, 1.5)),
  }));
  const edges = candidateEdges(zones, places, K, shape.candidates ?? J);
  const problem: DispatchProblem = {
    slotCount: T,
    classCount: K,
    zoneCount: I,
    sites: capabilities,
    demandReqPerS: new Float64Array(T * I * K),
    ...edges,
    unservedCostAud: 0.05 * 3600,
  };
  fillDemand(d, problem, zones);
  return { problem, sites };
}

/** The same instance an hour's forecast later: demand ±5 %, energy prices ±3 %. */
export function perturbed({ problem, sites }: Instance, seed: number): Instance {
  const d = dice(seed);
  return {
    problem: {
      ...problem,
      demandReqPerS: problem.demandReqPerS.map((x) => x * d.uniform(0.95, 1.05)),
    },
    sites: sites.map((site) => {
      const rateAud = site.rateAud.slice();
      for (let t = 0; t < site.slotCount; t++) {
        const factor = d.uniform(0.97, 1.03);
        for (let k = 0; k < site.classCount; k++) {
          const at = t * site.classCount + k;
          rateAud[at] = (rateAud[at] as number) * factor;
        }
      }
      if (!site.plant) return { ...site, rateAud };
      const factors = rateAud.map((rate, at) => rate / (site.rateAud[at] as number) || 1);
      const priced = (aud: Float64Array) =>
        aud.map((v, t) => v * (factors[t * site.classCount] as number));
      const plant = {
        ...site.plant,
        importAud: priced(site.plant.importAud),
        exportAud: priced(site.plant.exportAud),
      };
      return { ...site, rateAud, plant };
    }),
  };
}

function randomSite(
  d: Dice,
  classServerS: number[],
  T: number,
  latDeg: number,
  spot: Float64Array,
): EdgeSite {
  const K = classServerS.length;
  const servers = d.integer(4, 40);
  const speed = d.uniform(0.7, 1.6);
  const serverKw = d.uniform(4, 8);
  const cooling = mixedMode.schema.parse({ kind: 'mixed-mode', ratedCop: d.uniform(2.5, 4) });
  const onSpot = d.chance(0.5);
  const contractAudPerKwh = d.uniform(0.12, 0.28);
  const carbonKgPerKwh = d.uniform(0.1, 0.9);
  const meanC = 34 + 0.45 * latDeg + d.uniform(-4, 4);
  const rateAud = new Float64Array(T * K);
  const loadPerReqPerS = Float64Array.from(classServerS, (s) => s * speed * d.uniform(0.95, 1.05));
  const energy: EdgeSite['energy'] = {
    baseItKw: 0.2 * servers * serverKw,
    kwPerReqPerS: loadPerReqPerS.map((load) => serverKw * load),
    ppue: new Float64Array(T),
    audPerKwh: new Float64Array(T),
    carbonKgPerKwh,
    tempC: new Float64Array(T),
  };
  for (let t = 0; t < T; t++) {
    const tempC = meanC - 6 * Math.cos((2 * Math.PI * ((t % 24) - 3)) / 24) + d.uniform(-1, 1);
    const audPerKwh =
      (onSpot ? 0.04 + (spot[t] as number) : contractAudPerKwh) +
      carbonKgPerKwh * CARBON_AUD_PER_KG;
    energy.tempC[t] = tempC;
    energy.audPerKwh[t] = audPerKwh;
    energy.ppue[t] = ppue(cooling, { tempC, wetBulbC: tempC - 5 });
    for (let k = 0; k < K; k++) {
      const facilityKw = (energy.ppue[t] as number) * (energy.kwPerReqPerS[k] as number);
      rateAud[t * K + k] = audPerKwh * facilityKw;
    }
  }
  return {
    slotCount: T,
    classCount: K,
    baseAud: new Float64Array(T).fill(energy.baseItKw * contractAudPerKwh),
    rateAud,
    waitingAud: new Float64Array(T).fill(AUD_PER_USER_HOUR * 2 ** d.uniform(-1, 1)),
    loadPerReqPerS,
    maxLoad: new Float64Array(T).fill(0.9 * servers),
    queue: { servers, variability: d.uniform(0.6, 2.5) },
    energy,
  };
}

/** A day shape around 0.08 AUD/kWh, with a chance of a spike and of hours below zero at noon. */
function spotAudPerKwh(d: Dice, T: number): Float64Array {
  const spikeAt = d.chance(0.4) ? d.integer(16, 20) : -1;
  return Float64Array.from({ length: T }, (_, t) => {
    const hour = t % 24;
    if (hour === spikeAt) return d.uniform(1, 15);
    const noon = Math.exp(-(((hour - 12) / 3) ** 2));
    return 0.1 - 0.13 * noon * d.uniform(0.5, 1.2) + 0.05 * d.uniform(-1, 1);
  });
}

function candidateEdges(zones: Coordinates[], sites: Coordinates[], K: number, candidates: number) {
  const rowStart = [0];
  const edgeSite: number[] = [];
  const edgeCost: number[] = [];
  for (const zone of zones) {
    const near = sites
      .map((site, j) => ({ j, rttMs: estimateRttMs(zone, site) }))
      .sort((a, b) => a.rttMs - b.rttMs)
      .slice(0, candidates)
      .sort((a, b) => a.j - b.j);
    for (let k = 0; k < K; k++) {
      for (const { j, rttMs } of near) {
        edgeSite.push(j);
        edgeCost.push(((rttMs + PREFILL_MS) / 1000) * AUD_PER_USER_HOUR);
      }
      rowStart.push(edgeSite.length);
    }
  }
  return {
    rowStart: Int32Array.from(rowStart),
    edgeSite: Int32Array.from(edgeSite),
    edgeCostAud: Float64Array.from(edgeCost),
  };
}

/** Daily shape per zone; scaled so that the busiest slot has the peak utilisation. */
function fillDemand(
  d: Dice,
  p: DispatchProblem,
  zones: { weight: number; lonDeg: number }[],
): void {
  const K = p.classCount;
  const rows = zones.length * K;
  let peak = 0;
  let capacity = 0;
  for (const s of p.sites) capacity += s.maxLoad[0] as number;
  for (let t = 0; t < p.slotCount; t++) {
    let load = 0;
    zones.forEach((zone, i) => {
      const hour = t + zone.lonDeg / 15;
      const shape = 1 - 0.6 * Math.cos((2 * Math.PI * (hour - 4)) / 24);
      for (let k = 0; k < K; k++) {
        const rate = zone.weight * shape * d.uniform(0.8, 1.2);
        p.demandReqPerS[t * rows + i * K + k] = rate;
        let mean = 0;
        for (const s of p.sites) mean += (s.loadPerReqPerS[k] as number) / p.sites.length;
        load += rate * mean;
      }
    });
    peak = Math.max(peak, load);
  }
  const factor = (PEAK_UTILISATION * capacity) / peak;
  for (let n = 0; n < p.demandReqPerS.length; n++) {
    p.demandReqPerS[n] = (p.demandReqPerS[n] as number) * factor;
  }
}
