import { type Spread, spreadOf } from '../core/accounting/spread.ts';
import { eligibleSites } from '../core/model/eligibility.ts';
import type { PublicSite, Zone } from '../core/model/fleet.ts';
import type { SiteHours } from '../core/planning/site-hours.ts';
import { fleet } from './fleet.ts';
import { factorsAt } from './site-factors.ts';

/** Lately asked for; an hour of a plan has one by zone and class. */
const known = new Map<string, { hours: SiteHours | undefined; spread: Spread }>();
const MAX_KNOWN = 2000;

/** The hour's mean over all sites that may serve a zone's requests of a class. */
export function spreadAt(
  of: { zone: Zone; classIndex: number; classId: string; hourUtcMs: number },
  hours: SiteHours | undefined,
  referenceAudPerKwh: number | undefined,
): Spread {
  const { zone, classIndex, classId, hourUtcMs } = of;
  const key = `${zone.id}/${classId}/${hourUtcMs}/${referenceAudPerKwh}`;
  const found = known.get(key);
  if (found && found.hours === hours) return found.spread;
  const choices = eligibleSites(fleet, zone, classIndex).map(({ site }) => {
    const one = fleet.sites[site] as PublicSite;
    return { site: one, factors: factorsAt(one, classId, hourUtcMs, hours, referenceAudPerKwh) };
  });
  const spread = spreadOf(choices);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, { hours, spread });
  return spread;
}
