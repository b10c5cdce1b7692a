import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { Columns, Hours } from '../feeds/archives.ts';
import { FeedError, type FeedIo } from '../feeds/feed.ts';
import { readHourlyCsv } from '../sim/csv.ts';
import { type JobOptions, jobsOf, type NemFiles } from './data-jobs.ts';
import { sourcesText } from './data-origins.ts';
import { monthsOf } from './months.ts';

/**
 * Fetches public series of the past into a folder for backtests (docs/data-format.md), a file a kind
 * and month. A file is written whole or not at all; one that is there and has no holes is kept, so the
 * same call goes on where the last one ended.
 */

interface DownloadOptions extends Hours, JobOptions {
  dir: string;
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
