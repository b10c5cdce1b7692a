import type { FeedGroup } from '../core/model/feeds.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { KG_PER_TONNE, KWH_PER_MWH, MS_PER_HOUR } from '../core/model/units.ts';
import { type Feed, FeedError, type FeedHour, type FeedIo, type SiteHours } from './feed.ts';
import {
  type Metric,
  NETWORKS,
  type NetworkSeries,
  networkSeries,
} from './open-electricity-api.ts';

/**
 * Open Electricity tells what was, not what will be. An hour to come is taken to be as the same hour
 * of the last seven days: carbon as all their emissions over all their energy, the price as their
 * median, since one hour at the cap would carry a mean of seven.
 */
const DAYS = 7;
const MIN_DAYS = 3;
const HOURS_AHEAD = 48;

type Group = Exclude<FeedGroup, 'weather'>;

const groups: Record<Group, { source: string; metrics: Metric[]; hour: HourOf }> = {
  carbon: {
    source: 'Open Electricity, average direct emissions of generation, same hour of 7 days',
    metrics: ['energy', 'emissions'],
    hour: carbonHour,
  },
  price: {
    source: 'Open Electricity, median price of the same hour of 7 days',
    metrics: ['price'],
    hour: priceHour,
  },
};

/** An hour to come from the hours given; undefined where too few of them have values. */
type HourOf = (
  series: NetworkSeries,
  region: string,
  past: number[],
) => Omit<FeedHour, 'utcMs'> | undefined;

export function openElectricity(group: Group, site: PublicSite): Feed {
  const { source, metrics, hour } = groups[group];
  const known = NETWORKS[site.gridRegion];
  return {
    id: `open-electricity ${group} ${known?.network ?? site.gridRegion}`,
    group,
    source,
    everyMs: MS_PER_HOUR,
    staleMs: 24 * MS_PER_HOUR,
    async fetch(sites, io) {
      if (known === undefined) throw new FeedError(`it has no region ${site.gridRegion}`);
      const toUtcMs = floorToHour(io.nowMs);
      const fromUtcMs = toUtcMs - DAYS * 24 * MS_PER_HOUR;
      const series = await networkSeries(io, { ...known, metrics, fromUtcMs, toUtcMs });
      return sites.flatMap((s) => ahead(series, s, hour, io));
    },
  };
}

function ahead(series: NetworkSeries, site: PublicSite, hour: HourOf, io: FeedIo): SiteHours[] {
  const region = site.gridRegion;
  const first = floorToHour(io.nowMs);
  const latest = Math.max(
    ...[...series.values()].flatMap((regions) => [...(regions.get(region)?.keys() ?? [])]),
  );
  if (latest === Number.NEGATIVE_INFINITY) return [];
  const hours = Array.from({ length: HOURS_AHEAD }, (_, t) => first + t * MS_PER_HOUR);
  return [
    {
      site: site.id,
      // The end of the latest hour known.
      issuedUtcMs: Math.min(latest + MS_PER_HOUR, io.nowMs),
      hours: hours.flatMap((utcMs) => {
        const back = Math.floor((utcMs - first) / (24 * MS_PER_HOUR)) + 1;
        const past = Array.from({ length: DAYS }, (_, d) => utcMs - (back + d) * 24 * MS_PER_HOUR);
        const value = hour(series, region, past);
        return value === undefined ? [] : [{ utcMs, ...value }];
      }),
    },
  ];
}

function valuesAt(series: NetworkSeries, metric: Metric, region: string, hours: number[]) {
  const known = series.get(metric)?.get(region);
  return hours.map((utcMs) => known?.get(utcMs) ?? Number.NaN);
}

/** Emissions ÷ energy, t/MWh, which is kg/kWh; an hour counts if it has both and generated anything. */
function carbonHour(series: NetworkSeries, region: string, past: number[]) {
  const energyMwh = valuesAt(series, 'energy', region, past);
  const emissionsT = valuesAt(series, 'emissions', region, past);
  const both = past
    .map((_, n) => n)
    .filter((n) => {
      return (energyMwh[n] as number) > 0 && (emissionsT[n] as number) >= 0;
    });
  if (both.length < MIN_DAYS) return undefined;
  const sum = (values: number[]) => both.reduce((all, n) => all + (values[n] as number), 0);
  return {
    carbonKgPerKwh: (sum(emissionsT) * KG_PER_TONNE) / (sum(energyMwh) * KWH_PER_MWH),
  };
}

function priceHour(series: NetworkSeries, region: string, past: number[]) {
  const prices = valuesAt(series, 'price', region, past).filter((v) => !Number.isNaN(v));
  if (prices.length < MIN_DAYS) return undefined;
  prices.sort((a, b) => a - b);
  const at = (n: number) => prices[n] as number;
  const half = (prices.length - 1) / 2;
  return { spotAudPerMwh: (at(Math.floor(half)) + at(Math.ceil(half))) / 2 };
}
