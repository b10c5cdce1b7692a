import {
  disclosedFactors,
  estimatedFactors,
  type PublicConditions,
  type WorkFactors,
} from '../core/accounting/receipt.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import type { SiteHours } from '../core/planning/site-hours.ts';
import { siteCarbon, siteWater, siteWeather } from '../feeds/embedded/of-site.ts';

/**
 * What a kWh of a class's work means at a site at an instant: by the plan's inputs and what its sites
 * disclosed; without a plan that covers the instant, by embedded means.
 */
export function factorsAt(
  site: PublicSite,
  classId: string,
  utcMs: number,
  hours: SiteHours | undefined,
  referenceAudPerKwh: number | undefined,
): WorkFactors {
  const known: SiteHours[string] | PublicConditions =
    hours?.[site.id] ?? embedded(site, floorToHour(utcMs));
  let factors = factorsByHour.get(known);
  if (factors === undefined) {
    factors = new Map();
    factorsByHour.set(known, factors);
  }
  const key = `${referenceAudPerKwh} ${classId}`;
  let found = factors.get(key);
  if (found === undefined) {
    const own = 'disclosed' in known ? known.disclosed?.[classId] : undefined;
    const now = { ...known, referenceAudPerKwh };
    found = own ? disclosedFactors(now, own) : estimatedFactors(now);
    factors.set(key, found);
  }
  return found;
}

/** The same for all requests of an hour: by what is known of a site then, by class. */
const factorsByHour = new WeakMap<object, Map<string, WorkFactors>>();

/** Embedded hours asked for lately. */
const embeddedHours = new Map<string, PublicConditions>();
const MAX_HOURS = 2000;

function embedded(site: PublicSite, hourUtcMs: number): PublicConditions {
  const key = `${site.id}/${hourUtcMs}`;
  let hour = embeddedHours.get(key);
  if (hour === undefined) {
    if (embeddedHours.size >= MAX_HOURS) embeddedHours.clear();
    const { tempC, rhPct } = siteWeather(site, hourUtcMs);
    hour = {
      tempC,
      rhPct,
      carbonKgPerKwh: siteCarbon(site, hourUtcMs).carbonKgPerKwh,
      gridWaterLPerKwh: siteWater(site).lPerKwh,
    };
    embeddedHours.set(key, hour);
  }
  return hour;
}
