import type { FeedGroup } from '../core/model/feeds.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { assertInputs, type PlanningInputs } from '../core/planning/inputs.ts';
import { feedFor } from '../feeds/configured.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { mergeFed, STAND_IN_MS } from '../feeds/merge.ts';
import { type FeedState, readFeedStates } from '../store/feed-states.ts';
import { inputsWrittenUtcMs, readSiteInputs } from '../store/site-inputs.ts';

/** Feeds bring a day ahead or more; one that has brought nothing for this long has fallen silent. */
const STALE_MS = 26 * MS_PER_HOUR;

/**
 * Inputs of a plan: what was fed to D1 for these hours, and embedded means for the rest. A site whose
 * series is part fed, part embedded says so in its sources.
 */
export async function refreshInputs(
  db: D1Database,
  fleet: PublicFleet,
  startUtcMs: number,
  slotCount: number,
  nowMs = startUtcMs,
): Promise<PlanningInputs> {
  const inputs = embeddedInputs(fleet, startUtcMs, slotCount);
  // A day more, for what stands in where a feed does not reach.
  const fromUtcMs = startUtcMs - STAND_IN_MS;
  const [rows, states] = await Promise.all([
    readSiteInputs(db, fromUtcMs, startUtcMs + slotCount * MS_PER_HOUR),
    readFeedStates(db),
  ]);
  const feedOf = (site: PublicSite, group: FeedGroup) => {
    const feed = feedFor(fleet, site, group);
    return feed && { fault: feedFault(states.get(feed.id)) };
  };
  mergeFed(fleet, inputs, rows, { nowMs, feedOf });
  assertInputs(fleet, inputs);
  return inputs;
}

function feedFault(state: FeedState | undefined): string | undefined {
  return state === undefined ? 'has not been fetched yet' : (state.fault ?? undefined);
}

/** When sites were last fed; without those that never were. */
export async function inputAges(db: D1Database, fleet: PublicFleet, nowMs: number) {
  const sites = fleet.sites.map((s) => s.id);
  const written = await inputsWrittenUtcMs(db, sites);
  return new Map(
    [...written].map(([site, writtenUtcMs]) => [
      site,
      { writtenUtcMs, stale: nowMs - writtenUtcMs > STALE_MS },
    ]),
  );
}
