import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { assertInputs, type PlanningInputs } from '../core/planning/inputs.ts';
import { configuredFeeds, feedFor } from '../feeds/configured.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import type { FeedIo } from '../feeds/feed.ts';
import { type FedHour, mergeFed, NOTHING_FED } from '../feeds/merge.ts';
import { faultText, type SoundHour, soundHours } from '../feeds/sound.ts';

/** Feeds of a registry that names none: those that need no key. */
const DEFAULT_FEEDS: Fleet['feeds'] = { weather: { kind: 'open-meteo' }, price: { kind: 'aemo' } };

/**
 * Inputs from the present hour on as live feeds have them, embedded ones for the rest. A feed that fails
 * is noted in the sources; there is no last good value to fall back on.
 */
export async function liveInputs(
  registry: Fleet,
  slots: number,
  io: FeedIo,
): Promise<PlanningInputs> {
  const fleet = publicFleet({ ...registry, feeds: registry.feeds ?? DEFAULT_FEEDS });
  const inputs = embeddedInputs(fleet, floorToHour(io.nowMs), slots);
  const faults = new Map<string, string>();
  const fetched = configuredFeeds(fleet).map(async (configured) => {
    const { id, group, source } = configured.feed;
    try {
      const { rows } = await soundHours(configured, io);
      return rows.map((row) => fedHour(row, group, source));
    } catch (error) {
      faults.set(id, faultText(error));
      return [];
    }
  });
  const rows = (await Promise.all(fetched)).flat();
  mergeFed(fleet, inputs, merged(rows), {
    nowMs: io.nowMs,
    feedOf: (site, group) => {
      const feed = feedFor(fleet, site, group);
      return feed && { fault: faults.get(feed.id) };
    },
  });
  assertInputs(fleet, inputs);
  return inputs;
}

function fedHour(
  { site, issuedUtcMs, ...hour }: SoundHour,
  group: 'weather' | 'price' | 'carbon',
  source: string,
): Partial<FedHour> & Pick<FedHour, 'siteId' | 'utcMs'> {
  return {
    siteId: site,
    ...hour,
    [`${group}Source`]: source,
    [`${group}IssuedUtcMs`]: issuedUtcMs,
  };
}

/** One row a site and hour, of all groups. */
function merged(rows: readonly ReturnType<typeof fedHour>[]): FedHour[] {
  const byKey = new Map<string, FedHour>();
  for (const row of rows) {
    const key = `${row.siteId} ${row.utcMs}`;
    byKey.set(key, { ...NOTHING_FED, ...byKey.get(key), ...row });
  }
  return [...byKey.values()];
}
