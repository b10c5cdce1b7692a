import type { PublicFleet, PublicSite } from '../../core/model/fleet.ts';
import {
  expectedDemand,
  type PlanningInputs,
  type SiteSeries,
  slotUtcMs,
} from '../../core/planning/inputs.ts';
import { CLIMATOLOGY_SOURCE, climatology } from './climatology.ts';
import {
  embeddedCarbon,
  embeddedCarbonSource,
  embeddedWaterLPerKwh,
  WATER_SOURCE,
} from './grid.ts';

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
  };
}

function embeddedSeries(
  site: PublicSite,
  startUtcMs: number,
  slotCount: number,
  slotHours: number,
): SiteSeries {
  const series: SiteSeries = {
    tempC: new Float64Array(slotCount),
    rhPct: new Float64Array(slotCount),
    spotAudPerMwh: new Float64Array(slotCount).fill(Number.NaN),
    carbonKgPerKwh: new Float64Array(slotCount),
    gridWaterLPerKwh: new Float64Array(slotCount).fill(embeddedWaterLPerKwh(site.gridRegion)),
    sources: {
      weather: { source: CLIMATOLOGY_SOURCE, placeholder: false },
      price: { source: 'contract tariff', placeholder: false },
      carbon: {
        source: embeddedCarbonSource(site.gridRegion),
        placeholder: embeddedCarbon(site.gridRegion, startUtcMs).placeholder,
      },
      water: { source: WATER_SOURCE, placeholder: true },
    },
  };
  for (let t = 0; t < slotCount; t++) {
    const utcMs = slotUtcMs({ startUtcMs, slotHours }, t);
    const weather = climatology(site.climateStation, utcMs, site.timeZone);
    series.tempC[t] = weather.tempC;
    series.rhPct[t] = weather.rhPct;
    series.carbonKgPerKwh[t] = embeddedCarbon(site.gridRegion, utcMs).carbonKgPerKwh;
  }
  return series;
}
