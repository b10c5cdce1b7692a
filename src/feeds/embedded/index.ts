import type { PublicFleet, PublicSite } from '../../core/model/fleet.ts';
import {
  expectedDemand,
  type PlanningInputs,
  POPULATION_SOURCE,
  type SiteSeries,
  slotUtcMs,
} from '../../core/planning/inputs.ts';
import { siteCarbon, siteWater, siteWeather } from './of-site.ts';

/** Inputs from what the package itself knows: climate, mean grid hours, population. */
export function embeddedInputs(
  fleet: PublicFleet,
  startUtcMs: number,
  slotCount: number,
  slotHours = 1,
): PlanningInputs {
  return {
    startUtcMs,
    slotCount,
    slotHours,
    sites: fleet.sites.map((site) => embeddedSeries(site, startUtcMs, slotCount, slotHours)),
    demandReqPerS: expectedDemand(fleet, startUtcMs, slotCount, slotHours),
    demandSource: POPULATION_SOURCE,
  };
}

function embeddedSeries(
  site: PublicSite,
  startUtcMs: number,
  slotCount: number,
  slotHours: number,
): SiteSeries {
  const at = (t: number) => slotUtcMs({ startUtcMs, slotHours }, t);
  const { source: carbonSource, placeholder } = siteCarbon(site, startUtcMs);
  const water = siteWater(site);
  const series: SiteSeries = {
    tempC: new Float64Array(slotCount),
    rhPct: new Float64Array(slotCount),
    spotAudPerMwh: new Float64Array(slotCount).fill(Number.NaN),
    carbonKgPerKwh: new Float64Array(slotCount),
    gridWaterLPerKwh: new Float64Array(slotCount).fill(water.lPerKwh),
    sources: {
      weather: { source: siteWeather(site, startUtcMs).source, placeholder: false },
      price: { source: 'contract tariff', placeholder: false },
      carbon: { source: carbonSource, placeholder },
      water: { source: water.source, placeholder: true },
    },
  };
  for (let t = 0; t < slotCount; t++) {
    const weather = siteWeather(site, at(t));
    series.tempC[t] = weather.tempC;
    series.rhPct[t] = weather.rhPct;
    series.carbonKgPerKwh[t] = siteCarbon(site, at(t)).carbonKgPerKwh;
  }
  return series;
}
