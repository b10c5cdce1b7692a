import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import {
  aemoMonth,
  archiveWeather,
  type Columns,
  type Hours,
  networkCarbon,
} from '../feeds/archives.ts';
import { FeedError, type FeedIo } from '../feeds/feed.ts';
import { NETWORKS } from '../feeds/open-electricity-api.ts';
import { readHourlyCsv } from '../sim/csv.ts';
import { csvRegion } from '../sim/region-series.ts';
import { sourcesText } from './data-origins.ts';
import { type Month, monthsOf } from './months.ts';

/**
 * Fetches public series of the past into a folder for backtests (docs/data-format.md), a file a kind
 * and month. A file is written whole or not at all; one that is there and has no holes is kept, so the
 * same call goes on where the last one ended.
 */

export const kinds = ['weather', 'price', 'carbon'] as const;
export type Kind = (typeof kinds)[number];

interface DownloadOptions extends Hours {
  dir: string;
  sites: readonly PublicSite[];
  kinds: readonly Kind[];
}

export interface DownloadIo extends FeedIo {
  sleep(ms: number): Promise<unknown>;
  /** @param share of all files, 0 to 1 */
  progress(label: string, share: number): void;
}

export interface Downloaded {
  /** Files as they are now. */
  files: { name: string; state: 'fetched' | 'kept'; holes: number }[];
}

/** One call to a source and the files it fills, by their columns. */
interface Job {
  label: string;
  month: Month;
  files: { name: string; columns: string[] }[];
  fetch(io: FeedIo): Promise<Columns[]>;
}

export async function download(options: DownloadOptions, io: DownloadIo): Promise<Downloaded> {
  mkdirSync(options.dir, { recursive: true });
  // Every month of UTC but the first shares one of NEM time with that before.
  const nemFiles: NemFiles = new Map();
  const jobs = monthsOf(options).flatMap((month) => jobsOf(options, month, nemFiles));
  const files: Downloaded['files'] = [];
  for (const [n, job] of jobs.entries()) {
    io.progress(job.label, n / jobs.length);
    const paths = job.files.map(({ name }) => join(options.dir, name));
    const isWhole = job.files.every(
      ({ columns }, f) => holesOf(paths[f] as string, columns, job.month) === 0,
    );
    if (!isWhole) {
      const series = await patiently(() => job.fetch(io), io);
      job.files.forEach(({ columns }, f) => {
        writeWhole(paths[f] as string, csvOf(columns, series[f] as Columns, job.month));
      });
    }
    job.files.forEach(({ name, columns }, f) => {
      const holes = holesOf(paths[f] as string, columns, job.month);
      files.push({ name, state: isWhole ? 'kept' : 'fetched', holes });
    });
  }
  io.progress('done', 1);
  writeWhole(join(options.dir, 'SOURCES.md'), sourcesText(readdirSync(options.dir)));
  return { files };
}

type NemFiles = Map<string, Awaited<ReturnType<typeof aemoMonth>>>;

function jobsOf(options: DownloadOptions, month: Month, nemFiles: NemFiles): Job[] {
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

const TRIES = 5;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 120_000;

/** Tries again what may pass, waiting longer each time, or for as long as the source asks. */
async function patiently<T>(call: () => Promise<T>, io: DownloadIo): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await call();
    } catch (error) {
      const mayPass =
        error instanceof FeedError && !/HTTP 4(?!29|08)|secret|columns/.test(error.message);
      if (!mayPass || n === TRIES) throw error;
      const asked = error.retryUtcMs === undefined ? 0 : error.retryUtcMs - io.nowMs;
      await io.sleep(Math.min(LONGEST_WAIT_MS, Math.max(asked, FIRST_WAIT_MS * 2 ** (n - 1))));
    }
  }
}

/** Cells of a file that are empty, in hours of a span; all of them if it is not there. */
function holesOf(path: string, columns: readonly string[], { fromUtcMs, toUtcMs }: Hours): number {
  const hours = (toUtcMs - fromUtcMs) / MS_PER_HOUR;
  if (!existsSync(path)) return hours * columns.length;
  const read = readHourlyCsv(path, fromUtcMs, hours, columns).columns;
  return columns.reduce((sum, name) => {
    const values = read.get(name);
    return sum + (values?.filter(Number.isNaN).length ?? hours);
  }, 0);
}

function csvOf(columns: readonly string[], series: Columns, { fromUtcMs, toUtcMs }: Hours): string {
  const lines = [`utc,${columns.join(',')}`];
  for (let utcMs = fromUtcMs; utcMs < toUtcMs; utcMs += MS_PER_HOUR) {
    const cells = columns.map((name) => {
      const value = series.get(name)?.get(utcMs);
      return value === undefined ? '' : String(Math.round(1000 * value) / 1000);
    });
    lines.push(`${new Date(utcMs).toISOString().slice(0, 16)}Z,${cells.join(',')}`);
  }
  return `${lines.join('\n')}\n`;
}

function writeWhole(path: string, content: string): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
