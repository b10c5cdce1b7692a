import { type Fleet, publicFleet } from '../../core/model/fleet.ts';
import { configuredFeeds } from '../../feeds/configured.ts';
import type { FeedIo } from '../../feeds/feed.ts';
import { faultText, soundHours } from '../../feeds/sound.ts';
import { count } from '../format.ts';
import { inClone } from '../own-command.ts';
import { type Check, fault, ok, warning } from './check.ts';

/** Every live feed of the registry, asked once from here. */
export async function feedChecks(fleet: Fleet, io: FeedIo): Promise<Check[]> {
  const configured = configuredFeeds(publicFleet(fleet));
  if (configured.length === 0) {
    const what =
      'none in the registry: plans use embedded means and what PUT /admin/v1/inputs brings';
    return [ok('feed', 'feeds', what)];
  }
  return Promise.all(
    configured.map(async (one): Promise<Check> => {
      const { id } = one.feed;
      try {
        const { rows, refused, refusedWhy } = await soundHours(one, io);
        const brought = `${count(rows.length, 'hour')} for ${count(one.sites.length, 'site')}`;
        return refused === 0
          ? ok('feed', id, brought)
          : warning(
              'feed',
              id,
              `${brought}, ${refused} refused: ${refusedWhy}`,
              'see docs/feeds.md',
            );
      } catch (error) {
        const why = faultText(error);
        const [, secret] = /the secret (\S+) is not set/.exec(why) ?? [];
        const fix =
          secret === undefined
            ? 'see docs/feeds.md; plans go on with the last good values, then embedded means'
            : `export ${secret} for this check; for the router: ${inClone(`npx wrangler secret put ${secret}`)}`;
        return fault('feed', id, why, fix);
      }
    }),
  );
}
