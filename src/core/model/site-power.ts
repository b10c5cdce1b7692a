import { onSiteWaterLPerKwh, ppue as ppueOf } from './cooling/index.ts';
import type { RequestClass, Site } from './fleet.ts';
import { hardwareProfiles, idleServerKw, type RequestWork, requestWork } from './hardware.ts';
import { energyPriceAudPerKwh } from './tariff.ts';
import { SECONDS_PER_HOUR } from './units.ts';
import { airOf } from './weather.ts';

/** What a site's surroundings are in one slot. */
export interface SiteConditions {
  utcMs: number;
  tempC: number;
  rhPct: number;
  /** Wholesale price, AUD/MWh; NaN where no feed has one. */
  spotAudPerMwh: number;
  /** Carbon intensity of the grid, kg CO2e/kWh. */
  carbonKgPerKwh: number;
  /** Water consumed off site per kWh drawn from the grid, L/kWh. */
  gridWaterLPerKwh: number;
}

/** What a kWh means at a site in one slot. */
export interface SiteFactors {
  ppue: number;
  energyAudPerKwh: number;
  carbonKgPerKwh: number;
  gridWaterLPerKwh: number;
  onSiteWaterLPerKwh: number;
}

export function siteFactors(site: Site, now: SiteConditions): SiteFactors {
  const air = airOf(now.tempC, now.rhPct);
  return {
    ppue: ppueOf(site.cost.cooling, air),
    energyAudPerKwh: energyPriceAudPerKwh(
      site.cost.tariff,
      now.utcMs,
      site.timeZone,
      now.spotAudPerMwh,
    ),
    carbonKgPerKwh: now.carbonKgPerKwh,
    gridWaterLPerKwh: now.gridWaterLPerKwh,
    onSiteWaterLPerKwh: onSiteWaterLPerKwh(site.cost.cooling, air),
  };
}

/** Work of each class on a site's hardware. */
export function siteWork(site: Pick<Site, 'hardware'>, classes: RequestClass[]): RequestWork[] {
  const hw = hardwareProfiles[site.hardware.profile];
  return classes.map((c) =>
    requestWork(hw, c.meanInputTokens, c.meanOutputTokens, site.hardware.batch),
  );
}

/** IT power as a linear function of the site's totals: base kW, and kW per req/s by class. */
export interface ItPower {
  baseKw: number;
  kwPerReqPerS: Float64Array;
}

/**
 * IT power of a site. Busy servers draw their phase's power. The others idle (`always-on`), or all
 * but the headroom sleep: awake servers = load / u_max, so that they reach every server exactly at
 * the highest load a plan allows. Queueing still counts every server as ready: sleepers are woken
 * ahead of need, which is what the headroom is for.
 */
export function itPower(site: Site, work: RequestWork[]): ItPower {
  const hw = hardwareProfiles[site.hardware.profile];
  const { servers } = site.hardware;
  const idleKw = idleServerKw(hw);
  const sleeping = site.cost.idle === 'sleep';
  const parkedKw = sleeping ? Math.min(site.cost.sleepServerKw, idleKw) : idleKw;
  const awakePerLoad = sleeping ? 1 / site.maxUtilisation : 0;
  return {
    baseKw: parkedKw * servers,
    kwPerReqPerS: Float64Array.from(work, (w) => {
      const busyKw = w.itEnergyKwh * SECONDS_PER_HOUR;
      const awakeKw = (idleKw - parkedKw) * awakePerLoad * w.serverS;
      return busyKw + awakeKw - idleKw * w.serverS;
    }),
  };
}

/** A site at work in one slot, by the hour. */
export interface SiteOperation {
  itKw: number;
  /** Facility power less IT and fixed overhead. */
  coolingKw: number;
  facilityKw: number;
  energyAudPerH: number;
  carbonKgPerH: number;
  waterLPerH: number;
}

/** The site's flows of energy, money, carbon and water at given IT power. */
export function operate(site: Site, f: SiteFactors, itKw: number): SiteOperation {
  const coolingKw = itKw * (f.ppue - 1);
  const facilityKw = itKw + coolingKw + site.cost.fixedOverheadKw;
  return {
    itKw,
    coolingKw,
    facilityKw,
    energyAudPerH: facilityKw * f.energyAudPerKwh,
    carbonKgPerH: facilityKw * f.carbonKgPerKwh,
    waterLPerH: facilityKw * f.gridWaterLPerKwh + itKw * f.onSiteWaterLPerKwh,
  };
}
