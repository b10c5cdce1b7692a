import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fleet } from '../../src/workers/fleet.ts';
import { health, retryBudget } from '../../src/workers/site-health.ts';
import { makeKey } from './support/accounts.ts';
import { chat, hello } from './support/client.ts';
import { completion, never, playUpstreams, spoken } from './support/upstreams.ts';

/** What requests that fail say of the sites. */

const out = () => fleet.sites.map((s) => s.id).filter((id) => health.isOut(id, Date.now()));
const say = (content: string, more: object = {}) =>
  hello({ messages: [{ role: 'user', content }], ...more });
const broken = () => Response.json({ error: { message: 'oops' } }, { status: 500 });

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
  for (let n = 0; n < 100; n++) retryBudget.deposit();
});
afterEach(() => {
  vi.restoreAllMocks();
  health.clear();
});

describe('a site that hangs', () => {
  const hangs = async (times: number, headers: Record<string, string>, vars: object) => {
    const seen = playUpstreams(never);
    for (let n = 0; n < times; n++) {
      const response = await chat(hello(), { headers, vars: vars as Record<string, string> });
      expect(response.status).toBe(504);
      expect(seen.at(-1)?.site).toBe(seen[0]?.site);
    }
    return seen[0]?.site as string;
  };

  test('beyond the gateway’s own limit is put last, also without streams', async () => {
    const site = await hangs(3, {}, { COMPLETION_DEADLINE_MS: '20' });
    expect(out()).toEqual([site]);
  });

  test('beyond a patience of the client’s that is less is not', async () => {
    await hangs(6, { 'x-isotherm-deadline-ms': '20' }, {});
    expect(out()).toEqual([]);
  });

  test('a client that gives more than the gateway does hides nothing', async () => {
    const headers = { 'x-isotherm-deadline-ms': '100000' };
    expect(out()).toEqual([]);
    const site = await hangs(3, headers, { COMPLETION_DEADLINE_MS: '20' });
    expect(out()).toEqual([site]);
  });

  test('is not blamed for the time that another used up', async () => {
    let first: string | undefined;
    const seen = playUpstreams(async (request, site) => {
      first ??= site;
      if (site !== first) return never(request);
      await scheduler.wait(180);
      return new Response('{}', { status: 429 });
    });
    for (let n = 0; n < 4; n++) {
      await chat(hello(), { vars: { COMPLETION_DEADLINE_MS: '300' } });
      // So that the first is asked again.
      health.record(first as string).retryAtMs = 0;
    }
    expect(seen.filter((s) => s.site !== first).length).toBeGreaterThan(2);
    expect(out()).toEqual([]);
  });
});

describe('a request that no server stands', () => {
  const poisoned = (body: unknown) => JSON.stringify(body).includes('poison');
  const play = () =>
    playUpstreams(async (request, site) =>
      poisoned(await request.json()) ? broken() : completion(site),
    );

  test('puts no site out of use, however often it is sent, by whomever', async () => {
    const seen = play();
    const { key } = await makeKey();
    for (let n = 0; n < 12; n++) {
      const response = await chat(say('poison'), n % 2 ? { key } : {});
      expect(response.status).toBe(502);
      expect(out()).toEqual([]);
    }
    expect(new Set(seen.map((s) => s.site)).size).toBeGreaterThanOrEqual(3);
  });

  test('nor do many kinds of it from one client', async () => {
    play();
    const { key } = await makeKey();
    for (let n = 0; n < 30; n++) {
      await chat(say(`poison ${n}`, { user: 'same' }), { key });
      if (n % 5 === 4) expect((await chat(say('hello', { user: 'same' }))).status).toBe(200);
    }
    expect(out()).toEqual([]);
  });

  test('that a site finds fault with is nobody else’s failure', async () => {
    let first: string | undefined;
    playUpstreams((_r, site) => {
      first ??= site;
      return site === first ? broken() : Response.json({ error: {} }, { status: 400 });
    });
    for (let n = 0; n < 12; n++) expect((await chat(say(`x${n}`, { user: 'u' }))).status).toBe(400);
    expect(out()).toEqual([]);
  });
});

describe('a site that answers 500', () => {
  test('to what others answer well is put last after three', async () => {
    let first: string | undefined;
    const seen = playUpstreams((_r, site) => {
      first ??= site;
      return site === first ? broken() : completion(site);
    });
    for (let n = 0; n < 3; n++) expect((await chat(hello())).status).toBe(200);
    expect(out()).toEqual([first]);
    await chat(hello());
    expect(seen.at(-1)?.site).not.toBe(first);
    expect(seen).toHaveLength(7);
  });

  test('to different requests of different clients is put last, though no other answered', async () => {
    playUpstreams(broken);
    const { key } = await makeKey();
    await chat(say('one', { user: 'u' }));
    await chat(say('two', { user: 'u' }), { key });
    expect(out()).toEqual([]);
    await chat(say('three', { user: 'u' }));
    expect(out()).toHaveLength(3);
  });
});

describe('long prompts', () => {
  test('do not make a site slow', async () => {
    const words = 'word '.repeat(80_000);
    let clock = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => clock);
    let ttftMs = 120;
    const seen = playUpstreams(() => {
      clock += ttftMs;
      return spoken();
    });
    const ask = async (content: string, zone: string) => {
      const headers = { 'x-isotherm-zone': zone };
      await (await chat(say(content, { stream: true }), { headers })).text();
      return seen.at(-1)?.site as string;
    };
    const sites = new Set<string>();
    for (const zone of ['sydney', 'hobart', 'perth', 'darwin']) {
      for (let n = 0; n < 12; n++) sites.add(await ask('hi', zone));
    }
    expect(sites.size).toBe(4);
    ttftMs = 12_000;
    const site = await ask(words, 'sydney');
    for (let n = 0; n < 40; n++) await ask(words, 'sydney');
    expect(out()).toEqual([]);
    // The same wait for short prompts does.
    for (let n = 0; n < 40 && out().length === 0; n++) await ask('hi', 'sydney');
    expect(out()).toEqual([site]);
  });
});
