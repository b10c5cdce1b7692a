import { eligibleSites } from '../../../src/core/model/eligibility.ts';
import { type Fleet, fleetSchema, publicFleet } from '../../../src/core/model/fleet.ts';
import { floorToHour } from '../../../src/core/model/time.ts';
import { continentFleet } from './continent.ts';

/**
 * Forty sites that share four solvers, with every rule a registry can have: maintenance from two hours
 * from now on, residency, a floor of fairness, room kept for bursts and a price of late requests.
 */
export function ruledContinent(nowMs: number): Fleet {
  const fleet = continentFleet(1, { sites: 40, zones: 40, solvers: 4, sitesPerZone: 12 });
  const hour = (n: number) => new Date(floorToHour(nowMs) + n * 3_600_000).toISOString();
  fleet.sites.forEach((site, j) => {
    if (j % 5 === 0) site.maintenance = [{ from: hour(2), to: hour(6), capacityShare: 0 }];
    if (j % 5 === 1) site.maintenance = [{ from: hour(4), to: hour(9), capacityShare: 0.4 }];
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
