import { z } from 'zod';
import { parseUtcMs } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { FeedError, type FeedIo, requiredSecret } from './feed.ts';
import { hourlyMeans } from './hours.ts';
import { getJson } from './http.ts';

/**
 * Open Electricity's API v4 (docs.openelectricity.org.au, and the response models of its Python
 * client): what networks generated, emitted and paid, by the hour and region.
 */
const HOST = 'https://api.openelectricity.org.au';

/** Which network a grid region is of. Queries are in the network's own time, without its offset. */
export const NETWORKS: Record<string, { network: string; offsetHours: number }> = {
  NSW1: { network: 'NEM', offsetHours: 10 },
  QLD1: { network: 'NEM', offsetHours: 10 },
  SA1: { network: 'NEM', offsetHours: 10 },
  TAS1: { network: 'NEM', offsetHours: 10 },
  VIC1: { network: 'NEM', offsetHours: 10 },
  WEM: { network: 'WEM', offsetHours: 8 },
};

/** Metrics with the endpoint that has them, and how their unit may be written. */
const METRICS = {
  energy: { endpoint: 'data', unit: /^MWh$/ },
  emissions: { endpoint: 'data', unit: /^t(onnes)?([ _]?CO[2₂]e?)?$/i },
  price: { endpoint: 'market', unit: /^(\$|AUD)\/MWh$/ },
  demand: { endpoint: 'market', unit: /^MW$/ },
};
export type Metric = keyof typeof METRICS;

const answerSchema = z.object({
  success: z.literal(true),
  data: z.array(
    z.object({
      network_code: z.string(),
      metric: z.string(),
      unit: z.string(),
      interval: z.literal('1h'),
      results: z.array(
        z.object({
          // `network_region` before version 4.5.
          columns: z.object({
            region: z.string().optional(),
            network_region: z.string().optional(),
          }),
          data: z.array(z.tuple([z.string(), z.number().nullable()])),
        }),
      ),
    }),
  ),
});

/** Metric to region to beginning of the hour (UTC) to value, as the source has them. */
export type NetworkSeries = Map<Metric, Map<string, Map<number, number>>>;

interface Query {
  network: string;
  offsetHours: number;
  /** All of one endpoint. */
  metrics: Metric[];
  /** First hour, and that after the last; at most 30 days between them. */
  fromUtcMs: number;
  toUtcMs: number;
}

/** Hours of a network's regions. Rejects with {@link FeedError}. */
export async function networkSeries(io: FeedIo, query: Query): Promise<NetworkSeries> {
  const { network, metrics } = query;
  const key = requiredSecret(io, 'OPENELECTRICITY_API_KEY');
  const { endpoint } = METRICS[metrics[0] as Metric];
  const url = new URL(`${HOST}/v4/${endpoint}/network/${network}`);
  for (const metric of metrics) url.searchParams.append('metrics', metric);
  url.searchParams.set('interval', '1h');
  // Both ends are inclusive.
  url.searchParams.set('date_start', networkTime(query.fromUtcMs, query.offsetHours));
  url.searchParams.set('date_end', networkTime(query.toUtcMs - MS_PER_HOUR, query.offsetHours));
  url.searchParams.set('primary_grouping', 'network_region');
  const { data } = await getJson(io, url, answerSchema, {
    headers: { authorization: `Bearer ${key}` },
  });
  const series: NetworkSeries = new Map();
  for (const { metric, unit, network_code, results } of data) {
    const known = metrics.find((m) => m === metric);
    if (known === undefined || network_code !== network) continue;
    if (!METRICS[known].unit.test(unit)) {
      throw new FeedError(`${url.hostname}: ${metric} in "${unit}"`);
    }
    const regions = new Map<string, Map<number, number>>();
    for (const { columns, data: points } of results) {
      const region = columns.region ?? columns.network_region ?? network;
      regions.set(region, hourlyMeans(points.map(([time, value]) => reading(time, value, url))));
    }
    series.set(known, regions);
  }
  for (const metric of metrics) {
    if (!series.has(metric)) throw new FeedError(`${url.hostname}: no ${metric} of ${network}`);
  }
  return series;
}

function networkTime(utcMs: number, offsetHours: number): string {
  return new Date(utcMs + offsetHours * MS_PER_HOUR).toISOString().slice(0, 19);
}

/** Times carry the network's offset; before version 4.5 they were UTC. Without either they are refused. */
function reading(time: string, value: number | null, url: URL) {
  const utcMs = parseUtcMs(time);
  if (utcMs === undefined) throw new FeedError(`${url.hostname}: time "${time}" without an offset`);
  return { utcMs, value };
}
