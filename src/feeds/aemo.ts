import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { type RegionPrice, reportPrices } from './aemo-report.ts';
import { type Feed, FeedError, type FeedIo, type SiteHours } from './feed.ts';
import { hourlyMeans, type Reading } from './hours.ts';
import { getBytes, getText } from './http.ts';
import { unzippedText } from './zip.ts';

/**
 * Wholesale prices of the NEM from nemweb.com.au: half-hourly pre-dispatch to the end of the next
 * market day (04:00; published for the day after at about 12:30 NEM time), and the five-minute
 * dispatch price for the half-hour in progress. Prices are without GST.
 */
const REPORTS = 'https://nemweb.com.au/Reports/Current';
const PRE_DISPATCH = { folder: 'PredispatchIS_Reports', file: 'PUBLIC_PREDISPATCHIS' };
const DISPATCH = { folder: 'DispatchIS_Reports', file: 'PUBLIC_DISPATCHIS' };

/** Registry regions are AEMO's own: NSW1, QLD1, SA1, TAS1, VIC1. */
const HALF_HOUR_MS = MS_PER_HOUR / 2;

/** A pre-dispatch report unpacked is some MB. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;

export function aemo(): Feed {
  return {
    id: 'aemo',
    group: 'price',
    source: 'AEMO pre-dispatch',
    everyMs: HALF_HOUR_MS,
    staleMs: 3 * MS_PER_HOUR,
    async fetch(sites, io) {
      const [forecast, present] = await Promise.all([
        latestPrices(PRE_DISPATCH, 'PREDISPATCH,REGION_PRICES', io),
        // Without it the forecast's own first half-hour holds.
        latestPrices(DISPATCH, 'DISPATCH,PRICE', io).catch((error) => {
          if (error instanceof FeedError) return [];
          throw error;
        }),
      ]);
      return sites.flatMap(({ id, gridRegion }) => {
        const hours = hoursOf(gridRegion, forecast, present, io.nowMs);
        return hours === undefined ? [] : [{ site: id, ...hours }];
      });
    },
  };
}

/** The newest report of a folder, which IIS lists as HTML. */
async function latestPrices(
  { folder, file }: typeof DISPATCH,
  table: Parameters<typeof reportPrices>[1],
  io: FeedIo,
): Promise<RegionPrice[]> {
  const listing = new URL(`${REPORTS}/${folder}/`);
  const names = (await getText(io, listing)).match(new RegExp(`${file}_\\d+_\\d+\\.zip`, 'gi'));
  // Names hold the time of the run, then that of publication.
  const newest = names?.sort().at(-1);
  if (newest === undefined) throw new FeedError(`${listing.hostname}: no reports in ${folder}`);
  const archive = await getBytes(io, new URL(newest, listing));
  return reportPrices(unzippedText(archive, MAX_REPORT_BYTES), table);
}

/** Hours of a region from the present one on. */
function hoursOf(
  region: string,
  forecast: readonly RegionPrice[],
  present: readonly RegionPrice[],
  nowMs: number,
): Omit<SiteHours, 'site'> | undefined {
  const own = forecast.filter((p) => p.region === region);
  if (own.length === 0) return undefined;
  const halfHour = (utcMs: number) => Math.floor(utcMs / HALF_HOUR_MS) * HALF_HOUR_MS;
  const now = present.filter(
    (p) => p.region === region && halfHour(p.endUtcMs - 1) === halfHour(nowMs),
  );
  const readings: Reading[] = own
    .map((p) => ({ utcMs: p.endUtcMs - HALF_HOUR_MS, value: p.audPerMwh }))
    .filter((r) => now.length === 0 || r.utcMs !== halfHour(nowMs));
  readings.push(...now.map((p) => ({ utcMs: halfHour(nowMs), value: p.audPerMwh })));
  const hours = [...hourlyMeans(readings)].filter(([utcMs]) => utcMs >= floorToHour(nowMs));
  return {
    issuedUtcMs: Math.max(...own.map((p) => p.changedUtcMs)),
    hours: hours.map(([utcMs, spotAudPerMwh]) => ({ utcMs, spotAudPerMwh })),
  };
}
