import { z } from 'zod';
import type { FeedConfig } from '../core/model/feeds.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { type Feed, FeedError, requiredSecret } from './feed.ts';
import { hourlyMeans } from './hours.ts';
import { getJson, instantSchema } from './http.ts';

/**
 * Forecast of average carbon intensity by Electricity Maps, API v3 (docs.electricitymaps.com), in
 * gCO2eq/kWh consumed, imports traced; the answer does not name its unit.
 */
const HOST = 'https://api.electricitymaps.com';

const ZONES: Record<string, string> = {
  NSW1: 'AU-NSW',
  NT: 'AU-NT',
  QLD1: 'AU-QLD',
  SA1: 'AU-SA',
  TAS1: 'AU-TAS',
  VIC1: 'AU-VIC',
  WEM: 'AU-WA',
};

/** 6, 24, 48 or 72. */
const HORIZON_HOURS = 72;

const GRAMS_PER_KG = 1000;

const answerSchema = z.object({
  zone: z.string(),
  forecast: z.array(z.object({ carbonIntensity: z.number().nullable(), datetime: instantSchema })),
  updatedAt: instantSchema,
  emissionFactorType: z.enum(['lifecycle', 'direct']).optional(),
});

export function electricityMaps(
  { emissionFactors, zone: named }: FeedConfig & { kind: 'electricity-maps' },
  { gridRegion }: PublicSite,
): Feed {
  const zone = named ?? ZONES[gridRegion];
  return {
    id: `electricity-maps ${emissionFactors} ${zone ?? gridRegion}`,
    group: 'carbon',
    source: `Electricity Maps, average ${emissionFactors === 'lifecycle' ? 'life-cycle' : 'direct'} emissions`,
    everyMs: MS_PER_HOUR,
    staleMs: 12 * MS_PER_HOUR,
    async fetch(sites, io) {
      if (zone === undefined) throw new FeedError(`no zone is known for ${gridRegion}: name it`);
      const token = requiredSecret(io, 'ELECTRICITY_MAPS_TOKEN');
      const url = new URL(`${HOST}/v3/carbon-intensity/forecast`);
      url.searchParams.set('zone', zone);
      url.searchParams.set('horizonHours', String(HORIZON_HOURS));
      url.searchParams.set('emissionFactorType', emissionFactors);
      const answer = await getJson(io, url, answerSchema, { headers: { 'auth-token': token } });
      // Asked for a zone it does not know, the service may take the caller's.
      if (answer.zone !== zone)
        throw new FeedError(`${url.hostname}: zone ${answer.zone}, not ${zone}`);
      const counted = answer.emissionFactorType ?? emissionFactors;
      if (counted !== emissionFactors) throw new FeedError(`${url.hostname}: ${counted} factors`);
      const means = hourlyMeans(
        answer.forecast.map((f) => ({ utcMs: f.datetime, value: f.carbonIntensity })),
      );
      const hours = [...means].map(([utcMs, grams]) => ({
        utcMs,
        carbonKgPerKwh: grams / GRAMS_PER_KG,
      }));
      return sites.map(({ id }) => ({ site: id, issuedUtcMs: answer.updatedAt, hours }));
    },
  };
}
