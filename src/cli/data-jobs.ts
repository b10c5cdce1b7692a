import type { PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import {
  aemoMonth,
  archiveWeather,
  type Columns,
  type Hours,
  networkCarbon,
} from '../feeds/archives.ts';
import type { FeedIo } from '../feeds/feed.ts';
import { NETWORKS } from '../feeds/open-electricity-api.ts';
import { csvRegion } from '../sim/region-series.ts';
import type { Month } from './months.ts';

/** What is asked of the archives, a call a kind and month, and what becomes of the answer. */

export const kinds = ['weather', 'price', 'carbon'] as const;
export type Kind = (typeof kinds)[number];

export interface JobOptions {
  sites: readonly PublicSite[];
  kinds: readonly Kind[];
}

/** One call to a source and the files it fills, by their columns. */
export interface Job {
  label: string;
  month: Month;
  files: { name: string; columns: string[] }[];
  fetch(io: FeedIo): Promise<Columns[]>;
}

/** Months of prices that are here already, by their name and region. */
export type NemFiles = Map<string, Awaited<ReturnType<typeof aemoMonth>>>;

export function jobsOf(options: JobOptions, month: Month, nemFiles: NemFiles): Job[] {
  const { sites } = options;
  const regions = [...new Set(sites.map((s) => s.gridRegion))].sort();
  const makers: Record<Kind, () => Job[]> = {
    weather: () => [weatherJob(sites, month)],
    price: () => {
      const nem = regions.filter((r) => NETWORKS[r]?.network === 'NEM');
      return nem.length > 0 ? [priceJob(nem, month, nemFiles)] : [];
    },
    carbon: () => {
      const known = regions.filter((r) => r in NETWORKS);
      return known.length > 0 ? [carbonJob(known, month)] : [];
    },
  };
  return kinds.filter((kind) => options.kinds.includes(kind)).flatMap((kind) => makers[kind]());
}

function weatherJob(sites: readonly PublicSite[], month: Month): Job {
  const columns = ['temp_c', 'dew_point_c', 'rh_pct', 'pressure_hpa'];
  return {
    label: `weather ${month.name}`,
    month,
    files: sites.map(({ id }) => ({ name: `weather_${id}_${month.name}.csv`, columns })),
    async fetch(io) {
      const bySite = await archiveWeather(io, sites, month);
      return sites.map(({ id }) => bySite.get(id) as Columns);
    },
  };
}

function priceJob(regions: string[], month: Month, nemFiles: NemFiles): Job {
  const name = (region: string, what: string) => `${csvRegion({ gridRegion: region })}_${what}`;
  return {
    label: `price ${month.name}`,
    month,
    files: [
      {
        name: `nem_price_demand_${month.name}_hourly.csv`,
        columns: ['price_aud_mwh', 'demand_mw'].flatMap((what) =>
          regions.map((r) => name(r, what)),
        ),
      },
    ],
    async fetch(io) {
      const columns: Columns = new Map();
      // A month of UTC is in two of NEM time.
      for (const file of nemMonths(month)) {
        for (const region of regions) {
          const known = nemFiles.get(`${file} ${region}`) ?? (await aemoMonth(io, region, file));
          nemFiles.set(`${file} ${region}`, known);
          const { priceAudPerMwh, demandMw } = known;
          add(columns, name(region, 'price_aud_mwh'), priceAudPerMwh);
          add(columns, name(region, 'demand_mw'), demandMw);
        }
      }
      return [columns];
    },
  };
}

function carbonJob(regions: string[], month: Month): Job {
  const column = (gridRegion: string) => `${csvRegion({ gridRegion })}_gco2e_kwh`;
  return {
    label: `carbon ${month.name}`,
    month,
    // What is counted is part of the name.
    files: [{ name: `carbon_direct_${month.name}_hourly.csv`, columns: regions.map(column) }],
    async fetch(io) {
      const columns: Columns = new Map();
      for (const network of new Set(regions.map((r) => NETWORKS[r]?.network))) {
        const own = regions.filter((r) => NETWORKS[r]?.network === network);
        const byRegion = await networkCarbon(io, NETWORKS[own[0] as string] as never, month);
        for (const r of own) add(columns, column(r), byRegion.get(r) ?? new Map());
      }
      return [columns];
    },
  };
}

function add(columns: Columns, name: string, values: ReadonlyMap<number, number>): void {
  const into = columns.get(name) ?? new Map<number, number>();
  for (const [utcMs, value] of values) into.set(utcMs, value);
  columns.set(name, into);
}

/** Months of NEM time, `202201`, that hold hours of a span. */
function nemMonths({ fromUtcMs, toUtcMs }: Hours): string[] {
  const nemMonth = (utcMs: number) =>
    new Date(utcMs + 10 * MS_PER_HOUR).toISOString().slice(0, 7).replace('-', '');
  return [...new Set([nemMonth(fromUtcMs), nemMonth(toUtcMs - 1)])];
}
