import { type FeedGroup, feedGroups } from '../core/model/feeds.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import {
  type PlanningInputs,
  type Provenance,
  type SiteSeries,
  slotUtcMs,
} from '../core/planning/inputs.ts';
import { valuesOf } from './feed.ts';

/**
 * What a plan is told of an hour, in this order: the value fed for it, however long ago it was issued;
 * of price and carbon, the value of the same hour the day before; what is embedded. Each with its age,
 * and with what stands in. Yesterday's weather says less of tomorrow's than a forecast of days ago
 * does, and that is what weather falls back on.
 */

/** How far back the hours reach that may stand in. */
export const STAND_IN_MS = 24 * MS_PER_HOUR;

/** An hour of a site as fed; a group that was not is null. */
export interface FedHour {
  siteId: string;
  utcMs: number;
  tempC: number | null;
  rhPct: number | null;
  weatherSource: string | null;
  weatherIssuedUtcMs: number | null;
  spotAudPerMwh: number | null;
  priceSource: string | null;
  priceIssuedUtcMs: number | null;
  carbonKgPerKwh: number | null;
  carbonSource: string | null;
  carbonIssuedUtcMs: number | null;
  updatedUtcMs: number;
}

/** An hour of which nothing was fed. */
export const NOTHING_FED: Omit<FedHour, 'siteId' | 'utcMs'> = {
  tempC: null,
  rhPct: null,
  weatherSource: null,
  weatherIssuedUtcMs: null,
  spotAudPerMwh: null,
  priceSource: null,
  priceIssuedUtcMs: null,
  carbonKgPerKwh: null,
  carbonSource: null,
  carbonIssuedUtcMs: null,
  updatedUtcMs: 0,
};

interface MergeContext {
  nowMs: number;
  /** The live feed that is to bring a group to a site, and why it last failed, if it did. */
  feedOf(site: PublicSite, group: FeedGroup): { fault?: string } | undefined;
}

/** Puts hours that were fed over embedded inputs, and says so in the sources. */
export function mergeFed(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  rows: readonly FedHour[],
  context: MergeContext,
): void {
  const bySite = new Map<string, Map<number, FedHour>>();
  for (const row of rows) {
    const hours = bySite.get(row.siteId) ?? new Map<number, FedHour>();
    bySite.set(row.siteId, hours.set(row.utcMs, row));
  }
  fleet.sites.forEach((site, j) => {
    const hours = bySite.get(site.id) ?? new Map<number, FedHour>();
    const series = inputs.sites[j] as SiteSeries;
    for (const group of feedGroups) {
      const fed = mergeGroup(inputs, series, hours, group, context.nowMs);
      // A wholesale price that the site does not pay is not where its price comes from.
      if (group === 'price' && !site.paysSpot) continue;
      const feed = context.feedOf(site, group);
      if (feed === undefined && fed.own + fed.standIns === 0) continue;
      series.sources[group] = provenance(series.sources[group], fed, inputs.slotCount, feed?.fault);
    }
  });
}

/** How many slots have a value of their own, how many one of the day before, by whom, how old. */
interface Fed {
  own: number;
  ownNames: Set<string>;
  standIns: number;
  standInNames: Set<string>;
  oldestMs: number;
}

function mergeGroup(
  inputs: PlanningInputs,
  series: SiteSeries,
  hours: ReadonlyMap<number, FedHour>,
  group: FeedGroup,
  nowMs: number,
): Fed {
  const fed: Fed = {
    own: 0,
    ownNames: new Set(),
    standIns: 0,
    standInNames: new Set(),
    oldestMs: 0,
  };
  const has = (row: FedHour | undefined) =>
    row !== undefined && valuesOf[group].every((name) => typeof row[name] === 'number')
      ? row
      : undefined;
  for (let t = 0; t < inputs.slotCount; t++) {
    const utcMs = slotUtcMs(inputs, t);
    const own = has(hours.get(utcMs));
    const row = own ?? (group === 'weather' ? undefined : has(hours.get(utcMs - STAND_IN_MS)));
    if (row === undefined) continue;
    for (const name of valuesOf[group]) series[name][t] = row[name] as number;
    if (own) fed.own++;
    else fed.standIns++;
    (own ? fed.ownNames : fed.standInNames).add(row[`${group}Source`] ?? 'unnamed feed');
    const ageMs = nowMs - (row[`${group}IssuedUtcMs`] ?? row.updatedUtcMs);
    fed.oldestMs = Math.max(fed.oldestMs, ageMs);
  }
  return fed;
}

function provenance(
  embedded: Provenance,
  { own, ownNames, standIns, standInNames, oldestMs }: Fed,
  slotCount: number,
  fault: string | undefined,
): Provenance {
  const rest = slotCount - own - standIns;
  const named = [...ownNames].join(', ');
  const parts = [
    ...(own > 0 ? [own === slotCount ? named : `${named} (${own} of ${slotCount} h)`] : []),
    ...(standIns > 0 ? [`${[...standInNames].join(', ')} of the day before (${standIns} h)`] : []),
  ];
  return {
    source: rest === 0 ? parts.join(', ') : [...parts, elsePart(embedded, parts)].join(', '),
    placeholder: rest > 0 && embedded.placeholder,
    ...(own + standIns > 0 && { ageH: Math.round((100 * oldestMs) / MS_PER_HOUR) / 100 }),
    fallbackSlots: slotCount - own,
    ...(fault !== undefined && { fault }),
  };
}

const elsePart = ({ source }: Provenance, parts: string[]) =>
  parts.length > 0 ? `else ${source}` : source;
