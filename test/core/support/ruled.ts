import { eligibleSites } from '../../../src/core/model/eligibility.ts';
import { type Fleet, fleetSchema, publicFleet } from '../../../src/core/model/fleet.ts';
import { MS_PER_HOUR } from '../../../src/core/model/units.ts';
import { continentFleet } from './continent.ts';

/**
 * Forty sites that share four solvers, with every rule a registry can have: maintenance in the
 * night, residency, a floor of fairness, room kept for bursts and a price of late requests.
 */
export function ruledContinent(nowMs: number): Fleet {
  const fleet = continentFleet(1, { sites: 40, zones: 40, solvers: 4, sitesPerZone: 12 });
  const dayMs = nowMs - (nowMs % (24 * MS_PER_HOUR));
  // Of this day and the next, so that any 24 hours have all of it; in the night, when the rest suffices.
  const daily = (from: number, to: number, capacityShare: number) =>
    [0, 24].map((h) => ({ from: hour(from + h), to: hour(to + h), capacityShare }));
  const hour = (n: number) => new Date(dayMs + n * MS_PER_HOUR).toISOString();
  fleet.sites.forEach((site, j) => {
    if (j % 5 === 0) site.maintenance = daily(13, 17, 0);
    if (j % 5 === 1) site.maintenance = daily(15, 20, 0.4);
    if (j % 2 === 0) site.headroomServers = 0.05 * site.hardware.servers;
  });
  const open = publicFleet(fleet);
  fleet.zones.forEach((zone, i) => {
    // Every second of the sites near it: not those a plan would choose by itself.
    const near = eligibleSites(open, open.zones[i] as Fleet['zones'][number], 0);
    const allowed = near.filter((_, n) => n % 2 === 1).map(({ site }) => `site-${site}`);
    if (i % 4 === 0) zone.allowedSites = allowed;
  });
  fleet.fairness = { maxExtraTtftMs: 12 };
  fleet.prices.lateAudPerRequest = 0.002;
  return fleetSchema.parse(fleet);
}
