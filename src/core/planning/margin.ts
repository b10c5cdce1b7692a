import type { Margins } from '../forecast/demand.ts';
import { siteCapacity } from '../model/capacity.ts';
import { plannableSites } from '../model/eligibility.ts';
import type { PublicFleet } from '../model/fleet.ts';
import type { RequestWork } from '../model/hardware.ts';
import { siteWork } from '../model/site-power.ts';
import { KWH_PER_MWH, MS_PER_HOUR } from '../model/units.ts';
import type { PlanningInputs } from './inputs.ts';

/**
 * The margin of demand by slot and class, at most the one given: it is insurance, worth what it saves
 * less what it costs. Room that an hour's cheapest site keeps and nobody takes sends requests to the
 * dearest, each at `overAud` more: the difference of what its energy costs at their wholesale prices.
 * Room that is missing makes requests late, each at `underAud`: the price of a late one and of its
 * user's time up to the SLO. With errors alike within ± the margin a newsvendor keeps room for the share
 * underAud / (underAud + overAud) of them (Arrow, Harris and Marschak, Optimal Inventory Policy, 1951);
 * here never less than is expected. Compared are sites that a plan may use for the class in that hour;
 * those that pay no wholesale price have none to compare. Cooling and what the grid charges come on top
 * and are left out, so that more is kept rather than less. Where late requests have no price the margin
 * is whole: nothing then tells what room is worth.
 */
export function priceMargins(
  fleet: PublicFleet,
  inputs: Pick<PlanningInputs, 'sites' | 'startUtcMs' | 'slotCount' | 'slotHours'>,
  margin: number,
): Margins {
  const works = fleet.sites.map((site) => siteWork(site, fleet.classes));
  const { lateAudPerRequest, timeAudPerUserHour } = fleet.prices;
  if (lateAudPerRequest === 0) return () => margin;
  const room = fleet.sites.map((site) => siteCapacity(site, inputs).maxLoad);
  const usable = fleet.classes.map(
    (_, k) => new Set(fleet.zones.flatMap((z) => plannableSites(fleet, z, k).map((s) => s.site))),
  );
  const marginOf = (slot: number, classIndex: number) => {
    const audPerRequest = fleet.sites.flatMap(({ paysSpot }, j) => {
      const audPerMwh = inputs.sites[j]?.spotAudPerMwh[slot] as number;
      const isUsed = usable[classIndex]?.has(j) && (room[j]?.[slot] as number) > 0;
      if (!paysSpot || !isUsed || !Number.isFinite(audPerMwh)) return [];
      const work = (works[j] as RequestWork[])[classIndex] as RequestWork;
      return [(audPerMwh / KWH_PER_MWH) * work.itEnergyKwh];
    });
    if (audPerRequest.length < 2) return margin;
    const overAud = Math.max(...audPerRequest) - Math.min(...audPerRequest);
    const { ttftSloMs = 0 } = fleet.classes[classIndex] as PublicFleet['classes'][number];
    const underAud = lateAudPerRequest + (ttftSloMs / MS_PER_HOUR) * timeAudPerUserHour;
    if (!(overAud > 0)) return margin;
    const kept = underAud / (underAud + overAud);
    return 1 + (margin - 1) * Math.max(0, 2 * kept - 1);
  };
  const known = new Map<number, number>();
  return (slot, classIndex) => {
    const key = slot * fleet.classes.length + classIndex;
    const value = known.get(key) ?? marginOf(slot, classIndex);
    known.set(key, value);
    return value;
  };
}
