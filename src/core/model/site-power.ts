import { onSiteWaterLPerKwh, ppue as ppueOf } from './cooling/index.ts';
import { hasPlant, type ObjectivePrices, type RequestClass, type Site } from './fleet.ts';
import { hardwareProfiles, idleServerKw, type RequestWork, requestWork } from './hardware.ts';
import { resourceAud } from './objective.ts';
import { promptsOf } from './request-class.ts';
import { hardwareOf, type Speedy } from './speed.ts';
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

/** The same where cooling takes so many times what its model has. */
export function withCooling(f: SiteFactors, times = 1): SiteFactors {
  return times === 1 ? f : { ...f, ppue: 1 + (f.ppue - 1) * times };
}

/** Work of each class on a site's hardware, as fast as that is known to be. */
export function siteWork(site: Speedy, classes: RequestClass[]): RequestWork[] {
  const hw = hardwareOf(site);
  return classes.map((c) => requestWork(hw, promptsOf(c), c.meanOutputTokens, site.hardware.batch));
}

/** IT power as a linear function of the site's totals: base kW, and kW per req/s by class. */
export interface ItPower {
  baseKw: number;
  kwPerReqPerS: Float64Array;
  /** Servers awake: so many at no load, and so many more per busy server. */
  awakeServers: number;
  awakePerLoad: number;
}

/** IT power over that of the model: of servers that idle or sleep, and of those at work. */
export interface PowerTimes {
  idle: number;
  load: number;
}

/** How many servers of a site with sleep are awake: what load and headroom need, or all. */
export type Wakefulness = 'fewest' | 'all';

/**
 * IT power of a site. A server at work batches continuously: it decodes whatever there is, and its
 * power is that of decoding however small the batch, or of prefill. Load is kept on as few servers as
 * u_max allows, so load/u_max of them decode or prefill all the time, whether that fills them or not.
 * The others idle (`always-on`), or those that are not awake sleep. Awake are one at no load, at least
 * (headroom)/u_max of them, and all at the highest load a plan allows; or all of them in hours when
 * drawing power pays ({@link itKwhAud} < 0), since the site's cost is linear in their number.
 * What is linear here is rounded up to whole servers in truth, so between no load and full load a site
 * draws up to one decoding server more: no convex function could say so. Queueing still counts every
 * server as ready: sleepers are woken ahead of need.
 * @param headroom kept free beside the load, busy servers
 */
export function itPower(
  site: Site,
  work: RequestWork[],
  headroom = 0,
  wakefulness: Wakefulness = 'fewest',
  { idle, load }: PowerTimes = { idle: 1, load: 1 },
): ItPower {
  const parts = powerParts(site, headroom, wakefulness);
  return {
    baseKw: idle * parts.idleKw,
    kwPerReqPerS: Float64Array.from(work, ({ itEnergyKwh, serverS }) => {
      const workKw = itEnergyKwh * SECONDS_PER_HOUR + parts.busyKwPerLoad * serverS;
      return load * workKw + idle * parts.idleKwPerLoad * serverS;
    }),
    awakeServers: parts.awakeServers,
    awakePerLoad: parts.awakePerLoad,
  };
}

/**
 * What IT power is made of beside the power of the work itself: servers that idle or sleep, idleKw and
 * idleKwPerLoad (below 0) by busy server, and decoding by servers in use that nobody's request fills.
 */
export function powerParts(site: Site, headroom = 0, wakefulness: Wakefulness = 'fewest') {
  const hw = hardwareProfiles[site.hardware.profile];
  const { servers } = site.hardware;
  const idleKw = idleServerKw(hw);
  const decodeKw = (idleKw * hw.decodeW) / hw.idleW;
  const sleeps = site.cost.idle === 'sleep';
  const parkedKw = sleeps ? Math.min(site.cost.sleepServerKw, idleKw) : idleKw;
  const needed = sleeps && wakefulness === 'fewest';
  const atLeast = site.state === 'active' ? 1 : 0;
  const awakeServers = needed ? Math.max(atLeast, headroom / site.maxUtilisation) : servers;
  const mostLoad = servers * site.maxUtilisation - headroom;
  const awakePerLoad = needed && mostLoad > 0 ? (servers - awakeServers) / mostLoad : 0;
  return {
    idleKw: parkedKw * servers + (idleKw - parkedKw) * awakeServers,
    idleKwPerLoad: (idleKw - parkedKw) * awakePerLoad - idleKw / site.maxUtilisation,
    busyKwPerLoad: decodeKw * (1 / site.maxUtilisation - 1),
    awakeServers,
    awakePerLoad,
  };
}

/** Cost of an IT kWh with its cooling, carbon and water, AUD; negative where drawing power pays. */
export function itKwhAud(f: SiteFactors, prices: ObjectivePrices): number {
  const carbonKg = f.ppue * f.carbonKgPerKwh;
  const waterL = f.ppue * f.gridWaterLPerKwh + f.onSiteWaterLPerKwh;
  return f.ppue * f.energyAudPerKwh + resourceAud(prices, carbonKg, waterL);
}

/**
 * IT power of a site that keeps awake what costs it least in a slot. With a plant, the fewest always:
 * an hour's price is then not what a kWh is worth, and limits may leave none to burn.
 */
export function chosenPower(
  site: Site,
  work: RequestWork[],
  f: SiteFactors,
  prices: ObjectivePrices,
  headroom: number,
  times?: PowerTimes,
): ItPower {
  const pays = !hasPlant(site.cost) && itKwhAud(f, prices) < 0;
  return itPower(site, work, headroom, pays ? 'all' : 'fewest', times);
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
