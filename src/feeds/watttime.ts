import { z } from 'zod';
import type { FeedConfig } from '../core/model/feeds.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { KWH_PER_MWH, MS_PER_HOUR } from '../core/model/units.ts';
import { type Feed, FeedError, type FeedIo, requiredSecret } from './feed.ts';
import { hourlyMeans } from './hours.ts';
import { getJson, instantSchema } from './http.ts';

/**
 * Forecast of marginal operating emissions (MOER) by WattTime, API v3 (docs.watttime.org): pounds of
 * CO2 per MWh, by five minutes. Marginal and average emissions answer different questions; a fleet
 * whose sites mix them compares what cannot be compared.
 */
const HOST = 'https://api.watttime.org';

/** Of the NEM. Others are named in the registry: `GET /v3/region-from-loc` tells them. */
const REGIONS: Record<string, string> = {
  NSW1: 'NEM_NSW',
  QLD1: 'NEM_QLD',
  SA1: 'NEM_SA',
  TAS1: 'NEM_TAS',
  VIC1: 'NEM_VIC',
};

const SIGNAL = 'co2_moer';
const HORIZON_HOURS = 72;
const KG_PER_LB = 0.45359237;

const answerSchema = z.object({
  data: z.array(z.object({ point_time: instantSchema, value: z.number().nullable() })),
  meta: z.object({
    region: z.string(),
    signal_type: z.literal(SIGNAL),
    units: z.literal('lbs_co2_per_mwh'),
    generated_at: instantSchema,
  }),
});

export function wattTime(
  config: FeedConfig & { kind: 'watttime' },
  { gridRegion }: PublicSite,
): Feed {
  const region = config.region ?? REGIONS[gridRegion];
  return {
    id: `watttime ${region ?? gridRegion}`,
    group: 'carbon',
    source: 'WattTime, marginal direct emissions',
    everyMs: MS_PER_HOUR,
    staleMs: 12 * MS_PER_HOUR,
    async fetch(sites, io) {
      if (region === undefined)
        throw new FeedError(`no region is known for ${gridRegion}: name it`);
      const url = new URL(`${HOST}/v3/forecast`);
      url.searchParams.set('region', region);
      url.searchParams.set('signal_type', SIGNAL);
      url.searchParams.set('horizon_hours', String(HORIZON_HOURS));
      const headers = { authorization: `Bearer ${await token(io)}` };
      const { data, meta } = await getJson(io, url, answerSchema, { headers });
      if (meta.region !== region) {
        throw new FeedError(`${url.hostname}: region ${meta.region}, not ${region}`);
      }
      const means = hourlyMeans(data.map((p) => ({ utcMs: p.point_time, value: p.value })));
      const hours = [...means].map(([utcMs, lbPerMwh]) => ({
        utcMs,
        carbonKgPerKwh: (lbPerMwh * KG_PER_LB) / KWH_PER_MWH,
      }));
      return sites.map(({ id }) => ({ site: id, issuedUtcMs: meta.generated_at, hours }));
    },
  };
}

/** Tokens live for half an hour; all regions of a refresh share one. */
const tokens = new WeakMap<FeedIo, Promise<string>>();

function token(io: FeedIo): Promise<string> {
  const known = tokens.get(io) ?? login(io);
  tokens.set(io, known);
  return known;
}

async function login(io: FeedIo): Promise<string> {
  const name = requiredSecret(io, 'WATTTIME_USERNAME');
  const password = requiredSecret(io, 'WATTTIME_PASSWORD');
  const credentials = new TextEncoder().encode(`${name}:${password}`);
  const basic = btoa(String.fromCharCode(...credentials));
  const headers = { authorization: `Basic ${basic}` };
  const schema = z.object({ token: z.string().min(1) });
  return (await getJson(io, new URL(`${HOST}/login`), schema, { headers })).token;
}
