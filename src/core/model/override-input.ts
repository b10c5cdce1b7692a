import { z } from 'zod';
import { objectivePriceSchemas, type PublicSite } from './fleet.ts';
import { siteOverrideSchemas } from './overrides.ts';

/** What an operator asks to be set: absent fields stay as they are, null is the registry's value. */

const authorship = {
  author: z.string().min(1).max(100).optional().describe('Who asks for it, for the record.'),
  reason: z.string().min(1).max(500).optional().describe('Why, for the record.'),
};

const nullable = <S extends z.ZodType>(schema: S) => schema.nullable().optional();

export const siteChangeSchema = z
  .strictObject({
    drained: z
      .boolean()
      .optional()
      .describe(
        'True: no new requests, and nothing in the next plan; false: as the registry has it.',
      ),
    capacityShare: nullable(siteOverrideSchemas.capacityShare).describe(
      'Share of its capacity that plans may load it with; null: all of it.',
    ),
    ...authorship,
  })
  .refine((c) => c.drained !== undefined || c.capacityShare !== undefined, {
    message: 'has none of drained, capacityShare',
  });
export type SiteChange = z.output<typeof siteChangeSchema>;

const prices = objectivePriceSchemas;
const priceNames = Object.keys(prices) as (keyof typeof prices)[];
export const pricesChangeSchema = z
  .strictObject({
    carbonAudPerT: nullable(prices.carbonAudPerT),
    waterAudPerKl: nullable(prices.waterAudPerKl),
    timeAudPerUserHour: nullable(prices.timeAudPerUserHour),
    unservedAudPerRequest: nullable(prices.unservedAudPerRequest),
    lateAudPerRequest: nullable(prices.lateAudPerRequest),
    ...authorship,
  })
  .refine((change) => priceNames.some((name) => change[name] !== undefined), {
    message: `has none of ${priceNames.join(', ')}`,
  });
export type PricesChange = z.output<typeof pricesChangeSchema>;

/** Why a share of a site's capacity cannot be set; undefined if it can. */
export function shareFault(site: PublicSite, capacityShare: number): string | undefined {
  const { hardware, maxUtilisation, headroomServers = 0 } = site;
  const most = hardware.servers * maxUtilisation;
  if (capacityShare * most > headroomServers) return undefined;
  return (
    `leaves ${capacityShare * most} of ${most} busy servers, expected more than the headroom of ` +
    `${headroomServers}; to give it nothing, drain it`
  );
}
