import type { PublicSite } from '../../core/model/fleet.ts';
import type { SiteClimate } from '../../core/model/site-place.ts';
import { localHour } from '../../core/model/time.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { CLIMATOLOGY_SOURCE, climatology, DIURNAL_SHAPE } from './climatology.ts';
import {
  embeddedCarbon,
  embeddedCarbonSource,
  embeddedWaterLPerKwh,
  hasGridRegion,
  MEAN_WATER_L_PER_KWH,
  WATER_SOURCE,
} from './grid.ts';

/** What stands in for a site's hour: the registry's own figures where it has them, else the embedded. */

const REGISTRY_CLIMATE = 'the mean climate that the registry gives';
const REGISTRY_GRID = 'the annual mean that the registry gives';

/** Which of the two measured shapes of a day is nearer: Sydney's or Melbourne's. */
const COOL_LATITUDE_DEG = 35;

/** The year's warmest and coldest days are taken to be the middles of January and July. */
const MID_JANUARY_DAYS = 15;
const YEAR_DAYS = 365.25;

/** Mean weather of an hour, with its source. Temperature in °C, relative humidity in percent. */
export function siteWeather(
  site: PublicSite,
  utcMs: number,
): { tempC: number; rhPct: number; source: string } {
  const { climate, climateStation, timeZone } = site;
  if (climate === undefined) {
    return { ...climatology(climateStation, utcMs, timeZone), source: CLIMATOLOGY_SOURCE };
  }
  const isCool = Math.abs(site.latDeg) >= COOL_LATITUDE_DEG;
  const shape = isCool ? DIURNAL_SHAPE.south : DIURNAL_SHAPE.north;
  const meanShape = shape.reduce((a, b) => a + b, 0) / shape.length;
  const dayC = dayMeanC(climate, utcMs);
  const share = shape[localHour(utcMs, timeZone)] as number;
  const tempC = dayC + climate.dailyRangeC * (share - meanShape);
  return { tempC, rhPct: humidityAt(climate.rhPct, dayC, tempC), source: REGISTRY_CLIMATE };
}

/** A cosine through the two months' means. */
function dayMeanC({ januaryC, julyC }: SiteClimate, utcMs: number): number {
  const yearStartMs = Date.UTC(new Date(utcMs).getUTCFullYear(), 0);
  const days = (utcMs - yearStartMs) / (24 * MS_PER_HOUR);
  const season = Math.cos((2 * Math.PI * (days - MID_JANUARY_DAYS)) / YEAR_DAYS);
  return (januaryC + julyC) / 2 + ((januaryC - julyC) / 2) * season;
}

/** The day's water vapour is taken to stay as it is, so that humidity falls as the day warms. */
function humidityAt(rhPct: number, dayC: number, tempC: number): number {
  return Math.min(98, Math.max(10, (rhPct * saturation(dayC)) / saturation(tempC)));
}

/** Saturation vapour pressure over water up to a constant: Magnus formula, Alduchov and Eskridge 1996. */
function saturation(tempC: number): number {
  return Math.exp((17.625 * tempC) / (tempC + 243.04));
}

/** Carbon intensity of an hour, with its source and whether that is a stand-in. */
export function siteCarbon(
  { gridRegion, grid }: PublicSite,
  utcMs: number,
): { carbonKgPerKwh: number; placeholder: boolean; source: string } {
  if (grid) {
    return { carbonKgPerKwh: grid.carbonKgPerKwh, placeholder: true, source: REGISTRY_GRID };
  }
  return { ...embeddedCarbon(gridRegion, utcMs), source: embeddedCarbonSource(gridRegion) };
}

/** Water that generation consumes, L/kWh, with its source. */
export function siteWater({ gridRegion, grid }: PublicSite): { lPerKwh: number; source: string } {
  if (grid?.waterLPerKwh !== undefined) {
    return { lPerKwh: grid.waterLPerKwh, source: REGISTRY_GRID };
  }
  if (grid && !hasGridRegion(gridRegion)) {
    return { lPerKwh: MEAN_WATER_L_PER_KWH, source: 'mean of the embedded regions' };
  }
  return { lPerKwh: embeddedWaterLPerKwh(gridRegion), source: WATER_SOURCE };
}
