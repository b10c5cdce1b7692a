import { estimatedFactors, type WorkFactors } from '../core/accounting/receipt.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { climatology } from '../feeds/embedded/climatology.ts';
import { embeddedCarbon, embeddedWaterLPerKwh } from '../feeds/embedded/grid.ts';

/** Factors of the hours asked for lately: there are few, and every request needs two. */
const known = new Map<string, WorkFactors>();
const MAX_KNOWN = 2000;

/** What a kWh of work means at a site in the hour of an instant. */
export function factorsAt(site: PublicSite, utcMs: number): WorkFactors {
  const hourUtcMs = floorToHour(utcMs);
  const key = `${site.id}/${hourUtcMs}`;
  let factors = known.get(key);
  if (factors === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    factors = estimatedFactors({
      ...climatology(site.climateStation, hourUtcMs, site.timeZone),
      carbonKgPerKwh: embeddedCarbon(site.gridRegion, hourUtcMs).carbonKgPerKwh,
      gridWaterLPerKwh: embeddedWaterLPerKwh(site.gridRegion),
    });
    known.set(key, factors);
  }
  return factors;
}
