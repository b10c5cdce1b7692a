import type { FeedGroup } from '../core/model/feeds.ts';
import type { PublicSite } from '../core/model/fleet.ts';

/** What every live feed is: one adapter a file, all behind this interface. */
export interface Feed {
  /** Known by this in D1 and in logs; two configurations that fetch the same have the same. */
  id: string;
  group: FeedGroup;
  /** What plans name as the source: whose it is, and of carbon what is counted. */
  source: string;
  /** At most so often, ms. */
  everyMs: number;
  /** Data issued longer ago is refused, ms. */
  staleMs: number;
  /**
   * The hours to come of some sites. Rejects with {@link FeedError} where nothing can be had; a site
   * or an hour that the source lacks is absent.
   */
  fetch(sites: readonly PublicSite[], io: FeedIo): Promise<SiteHours[]>;
}

/** A site's hours as one source issued them. */
export interface SiteHours {
  site: string;
  /** When the source says that it made them, or when they were fetched. */
  issuedUtcMs: number;
  hours: FeedHour[];
}

/** What one hour may hold; a feed fills its own group's fields. */
export interface FeedHour {
  /** Beginning of the hour. */
  utcMs: number;
  tempC?: number;
  rhPct?: number;
  spotAudPerMwh?: number;
  carbonKgPerKwh?: number;
}

/** The fields of a group. */
export const valuesOf = {
  weather: ['tempC', 'rhPct'],
  price: ['spotAudPerMwh'],
  carbon: ['carbonKgPerKwh'],
} as const satisfies Record<FeedGroup, readonly (keyof FeedHour)[]>;

/** The world as a feed sees it. */
export interface FeedIo {
  fetch: typeof fetch;
  nowMs: number;
  /** A key by its name; undefined where it is not set. */
  secret(name: string): string | undefined;
  /** Of one request, from its beginning to its last byte. */
  timeoutMs: number;
}

/** A source that cannot be used; the message is short, and holds neither keys nor query strings. */
export class FeedError extends Error {
  override name = 'FeedError';
  /** The source asks not to be called before this instant. */
  readonly retryUtcMs: number | undefined;
  constructor(message: string, retryUtcMs?: number) {
    super(message.slice(0, 160));
    this.retryUtcMs = retryUtcMs;
  }
}

/** A key that the feed cannot do without. */
export function requiredSecret(io: FeedIo, name: string): string {
  const value = io.secret(name);
  if (!value) throw new FeedError(`the secret ${name} is not set`);
  return value;
}
