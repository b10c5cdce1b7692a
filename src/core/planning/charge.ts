import { disclosedFactors, estimatedFactors, type WorkFactors } from '../accounting/receipt.ts';
import { unloadedTtftMs } from '../model/eligibility.ts';
import type { PublicFleet, PublicSite, Zone } from '../model/fleet.ts';
import { resourceAud } from '../model/objective.ts';
import { variability, waitingRequests } from '../model/queueing.ts';
import { siteWork } from '../model/site-power.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { PlanHeader } from './plan.ts';
import type { SiteHours } from './site-hours.ts';

/** Of one slot; rates by the hour. */
export interface Figures {
  reqPerS: number;
  unservedReqPerS: number;
  /** At the meter. */
  energyKwhPerH: number;
  carbonKgPerH: number;
  waterLPerH: number;
  /** Null where a site that serves does not say what it pays, and the operator names no price. */
  costAudPerH: number | null;
  /** Mean over served requests: network, prefill and wait; null where none is served. */
  ttftMs: number | null;
}

/** A site in one slot. */
export interface SiteSlot {
  reqPerS: number;
  /** Busy servers over servers. */
  utilisation: number;
  tempC: number;
  rhPct: number;
  carbonKgPerKwh: number;
  /** Power of servers and cooling over that of servers: the site's own word, else estimated. */
  ppue: number;
  isPpueTold: boolean;
  /** kWh at the meter per kWh of work of one request more, mean over classes. */
  meterKwhPerKwh: number;
  /** What a kWh at the meter costs; null where nobody says. */
  audPerKwh: number | null;
  /** Energy, carbon and water of one request more at the plan's prices, mean over classes. */
  audPerRequest: number | null;
  /** By the site's own word, or estimated from weather and grid. */
  isDisclosed: boolean;
  /** Mean over its requests: network, prefill and wait; null where it serves none. */
  ttftMs: number | null;
  /** What of that is waiting for a place in a batch; 0 where it serves none. */
  waitMs: number;
}

/** A flow of one slot: places of zone, class and site, and req/s. */
export type Flow = [zone: number, cls: number, site: number, reqPerS: number];

/** Puts flows' energy, carbon, water, cost and waiting together. */
export class Charge {
  readonly #fleet: PublicFleet;
  readonly #prices: { carbonAudPerT: number; waterAudPerKl: number };
  readonly #referenceAudPerKwh: number | undefined;
  readonly #work;
  /** By zone, class and site; made as they are met. */
  readonly #unloadedMs = new Map<string, number>();

  constructor(
    fleet: PublicFleet,
    prices: PlanHeader['impactPrices'],
    referenceAudPerKwh: number | undefined,
  ) {
    this.#fleet = fleet;
    this.#prices = prices ?? fleet.prices;
    this.#referenceAudPerKwh = referenceAudPerKwh;
    this.#work = fleet.sites.map((s) => siteWork(s, fleet.classes));
  }

  slot(flows: Flow[], hours: SiteHours, unservedReqPerS: number) {
    const { sites } = this.#fleet;
    const factors = sites.map((_, j) => this.#factors(j, hours));
    const load = new Float64Array(sites.length);
    const rate = new Float64Array(sites.length);
    const sums = { energyKwhPerH: 0, carbonKgPerH: 0, waterLPerH: 0 };
    let costAudPerH: number | null = 0;
    const unloaded = new Float64Array(sites.length);
    for (const [i, k, j, x] of flows) {
      const work = this.#work[j]?.[k];
      const factor = factors[j]?.[k];
      if (work === undefined || factor === undefined) continue;
      const kwhPerH = x * SECONDS_PER_HOUR * work.itEnergyKwh;
      sums.energyKwhPerH += kwhPerH * factor.energyKwh;
      sums.carbonKgPerH += kwhPerH * factor.carbonKg;
      sums.waterLPerH += kwhPerH * factor.waterL;
      if (factor.costAud === null) costAudPerH = null;
      else if (costAudPerH !== null) costAudPerH += kwhPerH * factor.costAud;
      load[j] = (load[j] as number) + x * work.serverS;
      rate[j] = (rate[j] as number) + x;
      unloaded[j] = (unloaded[j] as number) + x * this.#unloaded(i, k, j);
    }
    const utilisation = sites.map((s, j) => (load[j] as number) / s.hardware.servers);
    const scv = variability(this.#fleet.classes);
    // Little's law: requests that wait over requests that come are seconds each of them waits.
    const waitingMs = sites.map((s, j) => {
      const queue = { servers: s.hardware.servers, variability: scv };
      return 1000 * waitingRequests(queue, utilisation[j] as number);
    });
    const userMs = waitingMs.map((ms, j) => (unloaded[j] as number) + ms);
    const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
    const served = sum(rate);
    const figures: Figures = {
      reqPerS: rounded(served),
      unservedReqPerS: rounded(unservedReqPerS),
      energyKwhPerH: rounded(sums.energyKwhPerH),
      carbonKgPerH: rounded(sums.carbonKgPerH),
      waterLPerH: rounded(sums.waterLPerH),
      costAudPerH: costAudPerH === null ? null : rounded(costAudPerH),
      ttftMs: served > 0 ? rounded(sum(userMs) / served) : null,
    };
    const perRequest = (ms: number[], j: number) =>
      (rate[j] as number) > 0 ? rounded((ms[j] as number) / (rate[j] as number)) : null;
    const views = sites.map((_, j) => ({
      reqPerS: rounded(rate[j] as number),
      utilisation: rounded(utilisation[j] as number),
      ttftMs: perRequest(userMs, j),
      waitMs: perRequest(waitingMs, j) ?? 0,
      ...this.#site(j, factors[j] as WorkFactors[], hours),
    }));
    return { figures, sites: views };
  }

  #factors(j: number, hours: SiteHours): WorkFactors[] {
    const known = hours[this.#fleet.sites[j]?.id as string];
    if (known === undefined) return [];
    const now = { ...known, referenceAudPerKwh: this.#referenceAudPerKwh };
    return this.#fleet.classes.map((cls) => {
      const own = known.disclosed?.[cls.id];
      return own ? disclosedFactors(now, own) : estimatedFactors(now);
    });
  }

  #site(j: number, factors: WorkFactors[], hours: SiteHours) {
    const known = hours[this.#fleet.sites[j]?.id as string] as SiteHours[string];
    const mean = (of: (f: WorkFactors, k: number) => number) =>
      factors.reduce((sum, f, k) => sum + of(f, k), 0) / factors.length;
    const isPriced = factors.every((f) => f.costAud !== null);
    const perRequest = (f: WorkFactors, k: number) =>
      (this.#work[j]?.[k]?.itEnergyKwh as number) *
      ((f.costAud as number) + resourceAud(this.#prices, f.carbonKg, f.waterL));
    return {
      tempC: known.tempC,
      rhPct: known.rhPct,
      carbonKgPerKwh: known.carbonKgPerKwh,
      ppue: known.ppue ?? rounded(estimatedFactors(known).energyKwh),
      isPpueTold: known.ppue !== undefined,
      meterKwhPerKwh: rounded(mean((f) => f.energyKwh)),
      audPerKwh:
        isPriced && factors.every((f) => f.energyKwh > 0)
          ? rounded(mean((f) => (f.costAud as number) / f.energyKwh))
          : null,
      audPerRequest: isPriced ? rounded(mean(perRequest)) : null,
      isDisclosed: factors.every((f) => f.basis.energyBasis === 'disclosed'),
    };
  }

  #unloaded(i: number, k: number, j: number): number {
    const { zones, sites, classes } = this.#fleet;
    const key = `${i}/${k}/${j}`;
    let ms = this.#unloadedMs.get(key);
    if (ms === undefined) {
      ms = unloadedTtftMs(zones[i] as Zone, sites[j] as PublicSite, classes, k);
      this.#unloadedMs.set(key, ms);
    }
    return ms;
  }
}

/** Six digits: no figure here is known to more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
