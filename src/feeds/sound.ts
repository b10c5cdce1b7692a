import { floorToHour } from '../core/model/time.ts';
import type { ConfiguredFeed } from './configured.ts';
import { FeedError, type FeedHour, type FeedIo } from './feed.ts';
import { plausible } from './plausible.ts';

/** An hour of a site that can be used, with when its source made it. */
export interface SoundHour extends FeedHour {
  site: string;
  issuedUtcMs: number;
}

export interface SoundHours {
  rows: SoundHour[];
  /** Hours that cannot be true or are too old, and what was wrong with the first of them. */
  refused: number;
  refusedWhy?: string;
}

/**
 * What a feed brings its sites that can be used, of the present hour and those to come: an old answer that
 * some cache has kept does not say when it was made. Rejects with {@link FeedError} where that is nothing.
 */
export async function soundHours({ feed, sites }: ConfiguredFeed, io: FeedIo): Promise<SoundHours> {
  const rows: SoundHour[] = [];
  let refused = 0;
  let refusedWhy: string | undefined;
  for (const { site, issuedUtcMs, hours } of await feed.fetch(sites, io)) {
    const place = sites.find((s) => s.id === site);
    if (place === undefined) continue;
    if (io.nowMs - issuedUtcMs > feed.staleMs) {
      refused += hours.length;
      refusedWhy ??= `${site}: issued ${new Date(issuedUtcMs).toISOString()}, too long ago`;
      continue;
    }
    const toCome = hours.filter(({ utcMs }) => utcMs >= floorToHour(io.nowMs));
    const checked = plausible(feed.group, place, toCome);
    refused += checked.refused;
    refusedWhy ??= checked.fault;
    rows.push(...checked.kept.map((hour) => ({ ...hour, site, issuedUtcMs })));
  }
  if (rows.length > 0) return { rows, refused, refusedWhy };
  throw new FeedError(refusedWhy ? `nothing usable: ${refusedWhy}` : 'it has no hours to come');
}

/** Why a feed failed, in words that hold no key: of errors not foreseen only the name. */
export function faultText(error: unknown): string {
  return error instanceof FeedError ? error.message : (error as Error).name;
}
