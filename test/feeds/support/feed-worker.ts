import type { PublicSite } from '../../../src/core/model/fleet.ts';
import { configuredFeeds } from '../../../src/feeds/configured.ts';
import type { FeedIo } from '../../../src/feeds/feed.ts';
import { faultText, soundHours } from '../../../src/feeds/sound.ts';

/** A Worker that asks the feeds of a registry of one site, whose hosts are all one server's. */
interface Asked {
  origin: string;
  site: PublicSite;
  nowMs: number;
  timeoutMs: number;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { origin, site, nowMs, timeoutMs } = (await request.json()) as Asked;
    const io: FeedIo = {
      fetch: (input, init) => {
        const url = new URL(String(input));
        const headers = { ...(init?.headers as Record<string, string>), 'x-meant-for': url.origin };
        return fetch(origin + url.pathname + url.search, { ...init, headers });
      },
      nowMs,
      timeoutMs,
      secret: (name) => `the ${name}`,
    };
    const answers = configuredFeeds({ sites: [site] } as never).map(async (configured) => {
      try {
        const { rows } = await soundHours(configured, io);
        return { id: configured.feed.id, rows };
      } catch (error) {
        return { id: configured.feed.id, fault: faultText(error) };
      }
    });
    return Response.json(await Promise.all(answers));
  },
};
