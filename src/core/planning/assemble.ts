import { siteCapacity } from '../model/capacity.ts';
import { plannableSites } from '../model/eligibility.ts';
import type {
  Fleet,
  ObjectivePrices,
  PublicFleet,
  PublicSite,
  RequestClass,
  Site,
} from '../model/fleet.ts';

import type { RequestWork } from '../model/hardware.ts';
import { lateAtOnceShare, siteLateness } from '../model/lateness.ts';
import { resourceAud } from '../model/objective.ts';
import type { PlantState } from '../model/plant-state.ts';
import { variability } from '../model/queueing.ts';
import { mayWait } from '../model/request-class.ts';
import {
  chosenPower,
  type ItPower,
  itKwhAud,
  operate,
  type SiteConditions,
  type SiteFactors,
  siteFactors,
  siteWork,
  withCooling,
} from '../model/site-power.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { SiteEnergy, SiteImpacts } from '../optimizer/impacts.ts';
import type { DispatchProblem, SiteCapability } from '../optimizer/problem.ts';
import type { SiteProblem } from '../optimizer/site-subproblem.ts';
import { assemblePlant, type PlantSlot } from './assemble-plant.ts';
import { conditionsAt, type PlanningInputs } from './inputs.ts';
import { type WaitingWork, withWaitingWork } from './waiting-work.ts';

/** The span a problem is assembled for. */
export interface Horizon {
  startUtcMs: number;
  slotCount: number;
  slotHours: number;
}

/**
 * The coordinator's problem: demand, eligible edges with their network time and the prompts that are too
 * long for the distance, public capabilities.
 * Demand of classes that may wait becomes work with a window of slots; nobody waits for its network.
 * @param beside work that may wait on top of what demand brings
 */
export function assembleDispatch(
  fleet: PublicFleet,
  horizon: Horizon,
  demandReqPerS: Float64Array,
  beside: readonly WaitingWork[] = [],
): DispatchProblem {
  const K = fleet.classes.length;
  const rowStart = new Int32Array(fleet.zones.length * K + 1);
  const edgeSite: number[] = [];
  const edgeCost: number[] = [];
  const { timeAudPerUserHour, lateAudPerRequest } = fleet.prices;
  const lateAudPerReqPerS = lateAudPerRequest * SECONDS_PER_HOUR * horizon.slotHours;
  const works = fleet.sites.map((site) => siteWork(site, fleet.classes));
  fleet.zones.forEach((zone, i) => {
    fleet.classes.forEach((cls, k) => {
      const timeAud = mayWait(cls) ? 0 : timeAudPerUserHour;
      for (const { site, unloadedTtftMs } of plannableSites(fleet, zone, k)) {
        const userHours = (unloadedTtftMs / 1000) * horizon.slotHours;
        const work = works[site]?.[k] as RequestWork;
        const lateShare =
          lateAudPerReqPerS > 0
            ? lateAtOnceShare(work, unloadedTtftMs - work.firstTokenMs, cls)
            : 0;
        edgeSite.push(site);
        edgeCost.push(userHours * timeAud + lateShare * lateAudPerReqPerS);
      }
      rowStart[i * K + k + 1] = edgeSite.length;
    });
  });
  const problem: DispatchProblem = {
    slotCount: horizon.slotCount,
    classCount: K,
    zoneCount: fleet.zones.length,
    sites: fleet.sites.map((site, j) => capability(fleet, site, works[j] ?? [], horizon)),
    demandReqPerS,
    rowStart,
    edgeSite: Int32Array.from(edgeSite),
    edgeCostAud: Float64Array.from(edgeCost),
    unservedCostAud: fleet.prices.unservedAudPerRequest * SECONDS_PER_HOUR * horizon.slotHours,
    ...(fleet.sites.some((s) => s.capacityShare !== undefined) && { limited: true as const }),
  };
  return withWaitingWork(fleet, horizon, problem, beside);
}

function capability(
  { classes, prices }: PublicFleet,
  site: PublicSite,
  work: RequestWork[],
  horizon: Horizon,
): SiteCapability {
  return {
    id: site.id,
    loadPerReqPerS: Float64Array.from(work, (w) => w.serverS),
    maxLoad: siteCapacity(site, horizon).maxLoad,
    prior: {
      servers: site.hardware.servers,
      variability: variability(classes),
      costAudPerWaiting: prices.timeAudPerUserHour * horizon.slotHours,
      lateness: siteLateness(site, classes, prices, horizon.slotHours),
    },
  };
}

/**
 * A site's private problem: its power, tariff, cooling and queue turned into AUD per slot.
 * @param conditionsAt the site's surroundings in slot t
 * @param state of its plant as the horizon begins; absent: as the registry has it
 */
export function assembleSite(
  site: Site,
  classes: RequestClass[],
  prices: ObjectivePrices,
  horizon: Horizon,
  conditionsAt: (t: number) => SiteConditions,
  state?: PlantState,
): SiteProblem {
  const { slotCount, slotHours } = horizon;
  const K = classes.length;
  const work = siteWork(site, classes);
  const { maxLoad, headroom } = siteCapacity(site, horizon);
  const problem: SiteProblem = {
    slotCount,
    classCount: K,
    baseAud: new Float64Array(slotCount),
    rateAud: new Float64Array(slotCount * K),
    waitingAud: new Float64Array(slotCount).fill(prices.timeAudPerUserHour * slotHours),
    loadPerReqPerS: Float64Array.from(work, (w) => w.serverS),
    maxLoad,
    queue: { servers: site.hardware.servers, variability: variability(classes) },
    lateness: siteLateness(site, classes, prices, slotHours),
  };
  const energy: Required<SiteEnergy> = {
    energyKwh: new Float64Array(slotCount),
    energyAud: new Float64Array(slotCount),
    marginalEnergyKwh: new Float64Array(slotCount * K),
    marginalEnergyAud: new Float64Array(slotCount * K),
    ppue: new Float64Array(slotCount),
  };
  const impacts: SiteImpacts = {
    carbonKg: new Float64Array(slotCount),
    waterL: new Float64Array(slotCount),
    marginalCarbonKg: new Float64Array(slotCount * K),
    marginalWaterL: new Float64Array(slotCount * K),
  };
  const slots: PlantSlot[] = [];
  for (let t = 0; t < slotCount; t++) {
    const conditions = conditionsAt(t);
    const factors = withCooling(siteFactors(site, conditions), state?.coolingTimes);
    // Facility cost is affine in IT power: its value at 0 kW, and its rise by kW.
    const idle = operate(site, factors, 0);
    const fixedAudPerH =
      idle.energyAudPerH + resourceAud(prices, idle.carbonKgPerH, idle.waterLPerH);
    const audPerItKwh = itKwhAud(factors, prices);
    const kept = headroom[t] as number;
    const power = chosenPower(site, work, factors, prices, kept, state?.powerTimes);
    problem.baseAud[t] = (fixedAudPerH + audPerItKwh * power.baseKw) * slotHours;
    for (let k = 0; k < K; k++) {
      problem.rateAud[t * K + k] = audPerItKwh * (power.kwPerReqPerS[k] as number) * slotHours;
    }
    setImpacts({ ...impacts, ...energy }, t, site, factors, power, slotHours);
    slots.push({ conditions, factors, power });
  }
  const plant = assemblePlant(site, prices, slotHours, slots, state);
  const { discloses = 'all' } = site.cost;
  if (plant) problem.plant = plant;
  if (discloses === 'all') problem.impacts = { ...impacts, energy };
  else if (discloses === 'impacts') problem.impacts = impacts;
  return problem;
}

/** What a slot takes: at no request, and what its IT power adds per request. */
function setImpacts(
  out: SiteImpacts & Required<SiteEnergy>,
  t: number,
  site: Site,
  factors: SiteFactors,
  power: ItPower,
  slotHours: number,
): void {
  const K = power.kwPerReqPerS.length;
  const idle = operate(site, factors, power.baseKw);
  const perKw = {
    carbonKg: factors.ppue * factors.carbonKgPerKwh,
    waterL: factors.ppue * factors.gridWaterLPerKwh + factors.onSiteWaterLPerKwh,
  };
  out.ppue[t] = factors.ppue;
  out.energyKwh[t] = idle.facilityKw * slotHours;
  out.energyAud[t] = idle.energyAudPerH * slotHours;
  out.carbonKg[t] = idle.carbonKgPerH * slotHours;
  out.waterL[t] = idle.waterLPerH * slotHours;
  power.kwPerReqPerS.forEach((kw, k) => {
    const meterKwh = kw * factors.ppue * slotHours;
    out.marginalEnergyKwh[t * K + k] = meterKwh;
    out.marginalEnergyAud[t * K + k] = meterKwh * factors.energyAudPerKwh;
    out.marginalCarbonKg[t * K + k] = kw * perKw.carbonKg * slotHours;
    out.marginalWaterL[t * K + k] = kw * perKw.waterL * slotHours;
  });
}

/**
 * The private problems of all sites of a fleet, in its order.
 * @param states of their plants as the horizon begins, where known; others are as the registry has them
 */
export function assembleSites(
  fleet: Fleet,
  inputs: PlanningInputs,
  states?: readonly (PlantState | undefined)[],
): SiteProblem[] {
  return fleet.sites.map((site, j) =>
    assembleSite(
      site,
      fleet.classes,
      fleet.prices,
      inputs,
      (t) => conditionsAt(inputs, j, t),
      states?.[j],
    ),
  );
}
