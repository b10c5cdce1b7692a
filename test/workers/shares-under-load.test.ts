import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { rankSites } from '../../src/core/routing/rendezvous.ts';
import { publishPlan } from '../../src/store/plans.ts';
import { health } from '../../src/workers/site-health.ts';
import { dice } from '../core/support/random.ts';
import { chat, hello } from './support/client.ts';
import { draft, slots, split } from './support/plans.ts';
import { events, playUpstreams } from './support/upstreams.ts';

const AT_ONCE = 80;
const REQUESTS = 320;
const encoder = new TextEncoder();

beforeAll(async () => {
  await publishPlan(env.DB, draft('shares'), slots());
});

afterEach(() => {
  vi.restoreAllMocks();
  health.clear();
});

/** What sites will do, by a clock of the test's own: a busy machine's would be part of each TTFT. */
function playClock() {
  let nowMs = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => nowMs);
  const due: { atMs: number; go: () => void }[] = [];
  return {
    after: (ms: number) =>
      new Promise<void>((go) => {
        due.push({ atMs: nowMs + ms, go });
      }),
    /** Goes on to what comes next whenever all clients wait for a site. */
    async run(clients: Set<unknown>): Promise<void> {
      while (clients.size > 0) {
        if (due.length < clients.size) {
          await scheduler.wait(0);
          continue;
        }
        const next = due.reduce((a, b) => (b.atMs < a.atMs ? b : a));
        due.splice(due.indexOf(next), 1);
        nowMs = next.atMs;
        next.go();
      }
    },
  };
}

test('80 streams at once, all quicker than expected but unevenly so: each session at its own site', async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  const d = dice(3);
  const clock = playClock();
  playUpstreams(async () => {
    // The model expects 70 ms and more.
    await clock.after(d.chance(0.1) ? d.uniform(20, 60) : d.uniform(1, 8));
    const pieces = ['data: {"choices":[]}\n\n', 'data: [DONE]\n\n'];
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (pieces.length === 1) await clock.after(d.uniform(500, 1500));
          controller.enqueue(encoder.encode(pieces.shift()));
          if (pieces.length === 0) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return events(body);
  });
  const astray: string[] = [];
  let next = 0;
  const client = async () => {
    while (next < REQUESTS) {
      const session = `session-${next++}`;
      const headers = { 'x-isotherm-session': session };
      const response = await chat(hello({ stream: true }), { headers, vars: {} });
      await response.text();
      const [own] = rankSites(session, split);
      const site = response.headers.get('x-isotherm-site');
      if (response.status !== 200 || site !== own) astray.push(`${session}: ${own}, not ${site}`);
    }
  };
  const clients = new Set<unknown>();
  const done = Array.from({ length: AT_ONCE }, () => {
    const running: Promise<unknown> = client().finally(() => clients.delete(running));
    clients.add(running);
    return running;
  });
  await clock.run(clients);
  await Promise.all(done);
  expect(astray).toEqual([]);
});
