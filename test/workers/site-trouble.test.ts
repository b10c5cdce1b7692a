import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Status } from '../../src/dashboard/types.ts';
import { boardOf } from '../../src/workers/optimize.ts';
import { health, retryBudget } from '../../src/workers/site-health.ts';
import { status } from '../../src/workers/status.ts';
import { chat, hello } from './support/client.ts';
import { completion, playUpstreams } from './support/upstreams.ts';

/** That a site fails is told for as long as it does, and no longer. */

const S = 1000;
/** On a busy machine. */
const PATIENCE = { timeout: 10_000, interval: 2 };

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
  for (let n = 0; n < 100; n++) retryBudget.deposit();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  health.clear();
});

/** Sites of which one answers only when it is told what. */
function playOneIll() {
  let ill: string | undefined;
  let waiting = 0;
  const answers: (() => Response)[] = [];
  playUpstreams(async (_request, site) => {
    ill ??= site;
    if (site !== ill) return completion(site);
    waiting++;
    // All that wait get the next answer.
    const had = answers.length;
    while (answers.length === had) await scheduler.wait(2);
    waiting--;
    return (answers[had] as () => Response)();
  });
  const heard = vi.spyOn(health, 'tell');
  const isAsked = () => waiting > 0;
  return {
    name: () => ill as string,
    isAsked,
    async answer(how: () => Response) {
      answers.push(how);
      await vi.waitFor(() => expect(isAsked()).toBe(false), PATIENCE);
    },
    /** Goes on by so much, sends a request to others, and lets the board hear. */
    async go(ms: number): Promise<Status['troubles']> {
      vi.setSystemTime(Date.now() + ms);
      const before = heard.mock.calls.length;
      const asked = chat(hello());
      await vi.waitFor(() => expect(heard.mock.calls.length).toBeGreaterThan(before), PATIENCE);
      if (!isAsked()) expect((await asked).status).toBe(200);
      return (await status(env)).troubles;
    },
  };
}

test('a site that hangs is told of without a break, also while one request tries it for long', async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  const site = playOneIll();
  const failed = () => new Response('{}', { status: 502 });
  for (let n = 0; n < 3; n++) {
    const asked = chat(hello());
    await vi.waitFor(() => expect(site.isAsked()).toBe(true), PATIENCE);
    await site.answer(failed);
    expect((await asked).status).toBe(200);
  }
  const told = await site.go(10 * S);
  expect(told).toMatchObject([{ site: site.name(), kind: 'failing' }]);
  // Five ejections of 10, 20, 40, 80 and 160 s, and after each the site is tried for half a minute.
  let trials = 0;
  for (let ms = 0; ms < 470 * S; ms += 20 * S) {
    // Since when stays, too.
    expect(await site.go(20 * S), `after ${ms} ms`).toEqual(told);
    if (!site.isAsked()) continue;
    trials++;
    await site.go(10 * S);
    await site.go(10 * S);
    expect(await site.go(10 * S)).toEqual(told);
    await site.answer(failed);
    await vi.waitFor(() => expect(health.record(site.name()).inFlight).toBe(0), PATIENCE);
  }
  expect(trials).toBeGreaterThanOrEqual(4);
  // Answers of another isolate do not speak for this one's.
  await boardOf(env).exchange({ [site.name()]: { good: 50, bad: 0 } }, 'another');
  expect((await status(env)).troubles).toEqual(told);
  // Its own do.
  for (let n = 0; n < 40 && !site.isAsked(); n++) await site.go(10 * S);
  await site.answer(() => completion(site.name()));
  await vi.waitFor(() => expect(health.record(site.name()).inFlight).toBe(0), PATIENCE);
  expect(await site.go(10 * S)).toEqual([]);
});
