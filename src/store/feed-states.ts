import { drizzle } from 'drizzle-orm/d1';
import { feedStates } from './schema.ts';

export type FeedState = typeof feedStates.$inferSelect;

/** How each feed's latest fetches went, by its name. */
export async function readFeedStates(db: D1Database): Promise<Map<string, FeedState>> {
  const rows = await drizzle(db).select().from(feedStates);
  return new Map(rows.map((row) => [row.feed, row]));
}

/** In place of what was known of the feed; what is absent from it stays. */
export async function writeFeedState(
  db: D1Database,
  state: Partial<FeedState> & Pick<FeedState, 'feed' | 'attemptedUtcMs' | 'fault'>,
): Promise<void> {
  await drizzle(db)
    .insert(feedStates)
    .values({ hours: 0, refused: 0, ...state })
    .onConflictDoUpdate({ target: feedStates.feed, set: state });
}
