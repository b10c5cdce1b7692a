import type { PublicFleet } from '../core/model/fleet.ts';
import { type ConfiguredFeed, configuredFeeds } from '../feeds/configured.ts';
import { FeedError, type FeedIo } from '../feeds/feed.ts';
import { faultText, soundHours } from '../feeds/sound.ts';
import { type FeedState, readFeedStates, writeFeedState } from '../store/feed-states.ts';
import { writeSiteHours } from '../store/site-inputs.ts';
import { type Env, now } from './env.ts';

/** Of one request to a source. Cron waits for it, plans in force do not. */
const TIMEOUT_MS = 10_000;

/** Cron does not come to the second. */
const SLACK_MS = 60_000;

/** Secrets that feeds may ask for, and no other. */
const FEED_SECRETS = [
  'OPEN_METEO_API_KEY',
  'OPENELECTRICITY_API_KEY',
  'ELECTRICITY_MAPS_TOKEN',
  'WATTTIME_USERNAME',
  'WATTTIME_PASSWORD',
] as const;

/**
 * Fetches what the registry's feeds have, as far as it is due, into D1. A source that fails leaves
 * what it brought before, and the reason; nothing that happens here rejects but D1's refusal.
 */
export async function refreshFeeds(
  env: Env,
  fleet: PublicFleet,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const configured = configuredFeeds(fleet);
  if (configured.length === 0) return;
  const nowMs = now(env);
  const states = await readFeedStates(env.DB);
  const io: FeedIo = {
    fetch: (input, init) => fetch(input, init),
    nowMs,
    timeoutMs,
    secret: (name) => {
      const known = FEED_SECRETS.find((s) => s === name);
      return known && env[known];
    },
  };
  const due = configured.filter(({ feed }) => isDue(states.get(feed.id), feed.everyMs, nowMs));
  await Promise.all(due.map((one) => refresh(env.DB, one, io)));
}

function isDue(state: FeedState | undefined, everyMs: number, nowMs: number): boolean {
  if (state === undefined) return true;
  if (state.retryUtcMs !== null && nowMs < state.retryUtcMs) return false;
  // After a failure every cron tries anew.
  return state.fault !== null || nowMs - (state.succeededUtcMs ?? 0) >= everyMs - SLACK_MS;
}

async function refresh(db: D1Database, { feed, sites }: ConfiguredFeed, io: FeedIo) {
  const attempt = { feed: feed.id, attemptedUtcMs: io.nowMs };
  try {
    const { rows, refused, refusedWhy } = await soundHours({ feed, sites }, io);
    await writeSiteHours(db, rows, feed.source, io.nowMs);
    await writeFeedState(db, {
      ...attempt,
      fault: null,
      retryUtcMs: null,
      succeededUtcMs: io.nowMs,
      hours: rows.length,
      refused,
      refusedWhy: refusedWhy ?? null,
    });
    if (refusedWhy) console.warn(`feed ${feed.id}: ${refused} hours refused, first ${refusedWhy}`);
  } catch (error) {
    const fault = faultText(error);
    const retryUtcMs = error instanceof FeedError ? (error.retryUtcMs ?? null) : null;
    console.warn(`feed ${feed.id}: ${fault}`);
    await writeFeedState(db, { ...attempt, fault, retryUtcMs });
  }
}

/** Every feed of the registry: what it brings where, and how its latest fetches went. */
export async function feedReports(env: Env, fleet: PublicFleet) {
  const states = await readFeedStates(env.DB);
  return configuredFeeds(fleet).map(({ feed, sites }) => {
    const { id, group, source } = feed;
    const { feed: _, ...state } = states.get(id) ?? {};
    return { id, group, source, sites: sites.map((s) => s.id), ...state };
  });
}
