import { z } from 'zod';

/**
 * Which live feed brings what, in the registry: for the fleet, and for a site in place of it. Nothing
 * is fetched that is not named here. Keys are secrets of the router, see docs/feeds.md.
 */

const weatherFeed = z.strictObject({
  kind: z.literal('open-meteo'),
  /** A server of one's own; absent: Open-Meteo's. */
  baseUrl: z.url({ protocol: /^https$/, error: 'must be an https URL' }).optional(),
});

const priceFeed = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('aemo') }),
  z.strictObject({ kind: z.literal('open-electricity') }),
]);

const carbonFeed = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open-electricity') }),
  z.strictObject({
    kind: z.literal('electricity-maps'),
    emissionFactors: z.enum(['lifecycle', 'direct']).default('lifecycle'),
    /** Zone key; absent: by the site's grid region. */
    zone: z.string().min(1).max(32).optional(),
  }),
  z.strictObject({
    kind: z.literal('watttime'),
    /** Region name; absent: by the site's grid region. */
    region: z.string().min(1).max(64).optional(),
  }),
]);

const off = z.literal('off');

export const feedsSchema = z.strictObject({
  weather: weatherFeed.optional(),
  price: priceFeed.optional(),
  carbon: carbonFeed.optional(),
});
export type Feeds = z.output<typeof feedsSchema>;

export const siteFeedsSchema = z.strictObject({
  weather: z.union([off, weatherFeed]).optional(),
  price: z.union([off, priceFeed]).optional(),
  carbon: z.union([off, carbonFeed]).optional(),
});

/** What a feed can bring. */
export const feedGroups = ['weather', 'price', 'carbon'] as const;
export type FeedGroup = (typeof feedGroups)[number];

export type FeedConfig = NonNullable<Feeds[FeedGroup]>;
