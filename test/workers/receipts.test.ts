import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { timingSums } from '../../src/core/learning/timing.ts';
import { bookBatch } from '../../src/store/usage.ts';
import { Journal, MAX_GATHERED } from '../../src/workers/journal.ts';
import {
  booked,
  contentEvent,
  doneEvent,
  makeKey,
  playCounting,
  settled,
} from './support/accounts.ts';
import { adminCall, chat, hello } from './support/client.ts';

interface Shown {
  site: string;
  basis: string;
  energyWh: number;
  carbonG: number;
  waterMl: number;
  costAud: number | null;
  costBasis: string | null;
  tokens: { prompt: number; completion: number; estimated: boolean };
  ttftMs: number;
  counterfactual: {
    site: string;
    energyWh: number;
    carbonG: number;
    costAud: number | null;
    ttftMs: number | null;
  };
}

const receiptOf = (response: Response) =>
  JSON.parse(response.headers.get('x-isotherm-receipt') ?? 'null') as Shown;

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
});

describe('a receipt', () => {
  test('is in the header of a plain answer, beside that of the nearest site', async () => {
    playCounting(() => ({ prompt_tokens: 1000, completion_tokens: 200 }));
    const response = await chat(hello(), { headers: { 'x-isotherm-zone': 'hobart' } });
    const receipt = receiptOf(response);
    expect(receipt).toMatchObject({
      site: response.headers.get('x-isotherm-site'),
      basis: 'estimated',
      costAud: null,
      tokens: { prompt: 1000, completion: 200, estimated: false },
      counterfactual: { site: 'hobart' },
    });
    // docs/model.md: 0.55 Wh for such a request at the plug, and cooling upon it.
    expect(receipt.energyWh).toBeGreaterThan(0.4);
    expect(receipt.energyWh).toBeLessThan(1);
  });

  test('of a stream: what is known in the header, all in a comment for whom asked', async () => {
    playCounting(() => ({ prompt_tokens: 20, completion_tokens: 7 }));
    const headers = { 'x-isotherm-receipt': 'stream' };
    const response = await chat(hello({ stream: true }), { headers });
    expect(receiptOf(response)).not.toHaveProperty('energyWh');
    const text = await response.text();
    const comment = text.slice((contentEvent + doneEvent).length);
    expect(text.startsWith(contentEvent + doneEvent)).toBe(true);
    expect(comment).toMatch(/^: isotherm-receipt \{.*\}\n\n$/);
    const receipt = JSON.parse(comment.slice(': isotherm-receipt '.length)) as Shown;
    expect(receipt.tokens).toMatchObject({ prompt: 20, completion: 7, estimated: false });
    expect(receipt.energyWh).toBeGreaterThan(0);
  });

  test('a client that did not ask for usage or receipt sees neither', async () => {
    const bodies = playCounting(() => ({ prompt_tokens: 20, completion_tokens: 7 }));
    const text = await (await chat(hello({ stream: true }))).text();
    expect(text).toBe(contentEvent + doneEvent);
    expect(bodies[0]?.stream_options).toEqual({ include_usage: true });
  });

  test('has a cost at the reference price, marked as an estimate', async () => {
    playCounting(() => ({ prompt_tokens: 1000, completion_tokens: 200 }));
    const response = await chat(hello(), { vars: { REFERENCE_AUD_PER_KWH: '0.25' } });
    const receipt = receiptOf(response);
    expect(receipt.costBasis).toBe('estimated');
    expect(receipt.costAud).toBeCloseTo((receipt.energyWh / 1000) * 0.25, 6);
  });

  test('of a client that left is for what had passed by then', async () => {
    const { id, key } = await makeKey();
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      writer.write(new TextEncoder().encode(contentEvent)).catch(() => {});
      return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
    });
    const leaving = new AbortController();
    const response = await chat(hello({ stream: true }), { key, signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await vi.waitFor(async () => {
      const [sums] = await booked(`key=${id}&by=`);
      expect(sums).toMatchObject({ requests: 1, estimated: 1, completionTokens: 1 });
    }, 5000);
  }, 15_000);

  test('one that asked for usage gets it', async () => {
    playCounting(() => ({ prompt_tokens: 20, completion_tokens: 7 }));
    const stream_options = { include_usage: true };
    const text = await (await chat(hello({ stream: true, stream_options }))).text();
    expect(text).toContain('"completion_tokens":7');
  });
});

describe('what is booked', () => {
  test('is the sum of the receipts, over some thousand requests', async () => {
    const { id, key } = await makeKey();
    let drawn = 1;
    const next = (below: number) => {
      drawn = (drawn * 48_271) % 0x7fffffff;
      return drawn % below;
    };
    playCounting(() => ({ prompt_tokens: next(5000), completion_tokens: next(900) }));
    const sum = { requests: 0, promptTokens: 0, completionTokens: 0 };
    const micro = { energyMilliWh: 0, carbonMg: 0, waterMicroL: 0 };
    const one = async (n: number) => {
      const zone = ['sydney', 'hobart', 'perth'][n % 3] as string;
      const model = n % 5 === 0 ? 'isotherm-code' : 'isotherm-chat';
      const response = await chat(hello({ user: `user-${n}`, model }), {
        key,
        headers: { 'x-isotherm-zone': zone },
      });
      const receipt = receiptOf(response);
      sum.requests++;
      sum.promptTokens += receipt.tokens.prompt;
      sum.completionTokens += receipt.tokens.completion;
      micro.energyMilliWh += Math.round(receipt.energyWh * 1000);
      micro.carbonMg += Math.round(receipt.carbonG * 1000);
      micro.waterMicroL += Math.round(receipt.waterMl * 1000);
    };
    for (let n = 0; n < 2000; n += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => one(n + i)));
    }
    expect(sum.requests).toBe(2000);
    const [all] = await booked(`key=${id}&by=`);
    expect(all).toMatchObject({ ...sum, ...micro, spreadRequests: 2000 });
    // All 14 sites may serve every request, and no mean of theirs is beyond the cleanest or the worst.
    const ratio = (all?.spreadCarbonMg as number) / (all?.carbonMg as number);
    expect(ratio).toBeGreaterThan(0.2);
    expect(ratio).toBeLessThan(5);
    // However it is grouped, it adds up to the same.
    for (const by of ['site', 'zone,model', 'hour', 'key,model,zone,site,hour', 'day']) {
      const rows = await booked(`key=${id}&by=${by}`);
      for (const [name, total] of Object.entries({ ...sum, ...micro })) {
        expect(rows.reduce((a, row) => a + (row[name] as number), 0)).toBe(total);
      }
    }
    const csv = await adminCall('GET', `/usage?key=${id}&by=site&format=csv`);
    const [header, ...lines] = (await csv.text()).trim().split('\r\n');
    const column = header?.split(',').indexOf('requests') as number;
    expect(lines.reduce((a, line) => a + Number(line.split(',')[column]), 0)).toBe(2000);
  }, 60_000);

  test('is the sum of streamed receipts and plain ones, with cost and the nearest site’s', async () => {
    const { id, key } = await makeKey();
    playCounting(({ user }) => {
      const n = Number(String(user).slice(5));
      return { prompt_tokens: 100 + 37 * n, completion_tokens: 10 + 13 * n };
    });
    const sums = { costNanoAud: 0, carbonMg: 0, energyMilliWh: 0, ttftMs: 0, nearestTtftMs: 0 };
    const nearest = { nearestCarbonMg: 0, nearestEnergyMilliWh: 0, nearestCostNanoAud: 0 };
    let known = 0;
    for (let n = 0; n < 40; n++) {
      const stream = n % 2 === 0;
      const response = await chat(hello({ user: `user-${n}`, stream }), {
        key,
        headers: {
          'x-isotherm-zone': ['sydney', 'hobart', 'perth'][n % 3] as string,
          ...(stream && { 'x-isotherm-receipt': 'stream' }),
        },
        vars: { REFERENCE_AUD_PER_KWH: '0.25' },
      });
      const text = await response.text();
      const comment = /: isotherm-receipt (\{.*\})\n/.exec(text)?.[1] as string;
      const receipt = stream ? (JSON.parse(comment) as Shown) : receiptOf(response);
      expect(receipt.tokens.prompt).toBe(100 + 37 * n);
      const other = receipt.counterfactual;
      sums.costNanoAud += Math.round((receipt.costAud as number) * 1e9);
      sums.carbonMg += Math.round(receipt.carbonG * 1000);
      sums.energyMilliWh += Math.round(receipt.energyWh * 1000);
      sums.ttftMs += receipt.ttftMs;
      if (other.ttftMs !== null) sums.nearestTtftMs += other.ttftMs;
      if (other.ttftMs !== null) known += 1;
      nearest.nearestCarbonMg += Math.round(other.carbonG * 1000);
      nearest.nearestEnergyMilliWh += Math.round(other.energyWh * 1000);
      nearest.nearestCostNanoAud += Math.round((other.costAud as number) * 1e9);
    }
    expect(sums.costNanoAud).toBeGreaterThan(0);
    const [all] = await booked(`key=${id}&by=`);
    expect(all).toMatchObject({ requests: 40, ...sums, ...nearest });
    expect(all).toMatchObject({ ttftRequests: 40, nearestTtftRequests: known });
    expect(all?.ttftMeanMs).toBe(sums.ttftMs / 40);
    expect(sums.nearestTtftMs).toBeGreaterThan(0);
  });

  test('compares mean times to first byte over requests that know the nearest site’s', async () => {
    const timed = (model: string, ttftMs: number, nearestTtftMs?: number) => ({
      ...row('compared', 1),
      model,
      ttftRequests: 1,
      ttftMs,
      nearestTtftRequests: nearestTtftMs === undefined ? 0 : 1,
      nearestTtftMs: nearestTtftMs ?? 0,
    });
    const batch = {
      id: crypto.randomUUID(),
      // Embeddings are quick and know no other site's time; an hour in which one does not is left out.
      rows: [
        timed('chat', 900, 1000),
        timed('chat', 500, 450),
        timed('embed', 20),
        timed('mixed', 3000, 2000),
        timed('mixed', 5),
      ],
      counters: [],
      timings: [],
    };
    expect(await bookBatch(env.DB, batch, Date.now())).toBe(true);
    expect(await booked('key=compared&by=')).toMatchObject([
      {
        ttftRequests: 5,
        ttftMeanMs: (900 + 500 + 20 + 3000 + 5) / 5,
        comparedTtftRequests: 2,
        comparedTtftMeanMs: 700,
        nearestTtftMeanMs: 725,
      },
    ]);
    const models = await booked('key=compared&by=model');
    expect(models.find((sums) => sums.model === 'embed')).toMatchObject({
      ttftMeanMs: 20,
      comparedTtftMeanMs: null,
      nearestTtftMeanMs: null,
    });
    const csv = await adminCall('GET', '/usage?key=compared&by=&format=csv&from=2026-01-01');
    const [header, line] = (await csv.text()).trim().split('\r\n');
    const cells = Object.fromEntries(
      (header as string).split(',').map((name, n) => [name, line?.split(',')[n]]),
    );
    expect(cells).toMatchObject({ comparedTtftMeanMs: '700', nearestTtftMeanMs: '725' });
  });

  test('counts a batch once, however often it is written', async () => {
    const batch = {
      id: crypto.randomUUID(),
      rows: [row('repeated', 3)],
      counters: [{ name: 'requests', labels: 'site="repeated"', value: 3 }],
      timings: [{ ...noTiming, site: 's', zone: 'z', hourUtcMs: 0, requests: 3, ttftMs: 0.5 }],
    };
    expect(await bookBatch(env.DB, batch, Date.now())).toBe(true);
    expect(await bookBatch(env.DB, batch, Date.now())).toBe(false);
    expect(await booked('key=repeated&by=')).toMatchObject([{ requests: 3 }]);
    expect(await metricsText()).toContain('isotherm_requests_total{site="repeated"} 3');
    expect(await timed('s')).toMatchObject([{ requests: 3, ttft_ms: 0.5 }]);
  });

  test('is written once where D1’s answer is lost', async () => {
    const lossy = new Journal();
    vi.spyOn(console, 'error').mockReturnValue();
    let losses = 1;
    const DB = new Proxy(env.DB, {
      get(db, name) {
        if (name !== 'batch') return Reflect.get(db, name).bind(db);
        return async (statements: D1PreparedStatement[]) => {
          const result = await db.batch(statements);
          if (losses-- > 0) throw new Error('connection lost');
          return result;
        };
      },
    });
    lossy.add(receipt('lost-answer'));
    await lossy.write({ ...env, DB });
    await lossy.write({ ...env, DB });
    expect(await booked('key=lost-answer&by=')).toMatchObject([{ requests: 1 }]);
  });

  test('waits while D1 refuses, and is counted as spent meanwhile', async () => {
    const waiting = new Journal();
    vi.spyOn(console, 'error').mockReturnValue();
    const DB = {
      prepare: () => {
        throw new Error('D1 is down');
      },
    } as unknown as D1Database;
    waiting.add(receipt('waiting'));
    await waiting.write({ ...env, DB });
    expect(waiting.unbooked('waiting', Date.now()).carbonMg).toBe(7);
    await waiting.write(env);
    expect(waiting.unbooked('waiting', Date.now()).carbonMg).toBe(0);
    expect(await booked('key=waiting&by=')).toMatchObject([{ requests: 1, carbonMg: 7 }]);
  });

  test('an isolate that dies loses no more than it had gathered since its last write', async () => {
    const dying = new Journal();
    const slow = { ...env, RECEIPT_FLUSH_MS: '20000' };
    const total = 2 * MAX_GATHERED + 137;
    for (let n = 0; n < total; n++) {
      dying.add(receipt('dying'));
      // The first of a batch would sit out the time; the crash comes sooner.
      void dying.writeSoon({ ...slow, RECEIPT_FLUSH_MS: '20000' });
    }
    await scheduler.wait(200);
    const [kept] = await booked('key=dying&by=');
    expect(total - (kept?.requests ?? 0)).toBeLessThanOrEqual(MAX_GATHERED);
    expect(kept?.requests).toBe(2 * MAX_GATHERED);
  });
});

async function metricsText(token = 'test-admin-token'): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await exports.default.fetch(
    new Request('https://router.test/metrics', { headers }),
  );
  return response.text();
}

describe('metrics', () => {
  test('requests, tokens and TTFT of all that is booked, for the admin alone', async () => {
    playCounting(() => ({ prompt_tokens: 20, completion_tokens: 7 }));
    const response = await chat(hello({ stream: true }));
    const site = response.headers.get('x-isotherm-site');
    await response.text();
    await settled();
    const text = await metricsText();
    const labels = `site="${site}",class="chat"`;
    expect(text).toMatch(
      new RegExp(`isotherm_requests_total\\{${labels},status="200",outcome="ok"\\} \\d+`),
    );
    expect(text).toMatch(
      new RegExp(`isotherm_ttft_seconds_bucket\\{${labels},le="\\+Inf"\\} \\d+`),
    );
    expect(text).toMatch(new RegExp(`isotherm_tokens_total\\{${labels},kind="completion"\\} \\d+`));
    expect(await metricsText('test-client-key')).toBe('needs the admin token\n');
  });
});

test('what streams say of a site’s speed is booked beside their receipts; what others did, as work', async () => {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_input, init) => {
    const { stream, max_tokens } = JSON.parse(String((init as RequestInit).body)) as {
      stream?: boolean;
      max_tokens: number;
    };
    const usage = { prompt_tokens: 1024, completion_tokens: max_tokens };
    if (!stream) return Response.json({ object: 'chat.completion', usage });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const play = async () => {
      const writer = writable.getWriter();
      const write = (text: string) => writer.write(new TextEncoder().encode(text));
      await write(contentEvent);
      await scheduler.wait(100);
      await write(`data: ${JSON.stringify({ choices: [], usage })}\n\n${doneEvent}`);
      await writer.close();
    };
    void play();
    return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
  });
  const { key } = await makeKey();
  const send = async (more: object) => {
    const response = await chat(hello(more), { key, headers: { 'x-isotherm-zone': 'darwin' } });
    await response.text();
    return response.headers.get('x-isotherm-site') as string;
  };
  const user = 'one';
  const sites = [
    await send({ user, stream: true, max_tokens: 11 }),
    await send({ user, stream: true, max_tokens: 21 }),
    await send({ user, max_tokens: 30 }),
  ];
  expect(new Set(sites).size).toBe(1);
  await settled();
  const rows = (await timed(sites[0] as string)).filter((r) => r.zone === 'darwin');
  // Where the hour ends between them it is two rows.
  const sum = (name: string) => rows.reduce((a, r) => a + Number(r[name]), 0);
  expect([sum('requests'), sum('tokens'), sum('timed'), sum('steps')]).toEqual([3, 62, 2, 30]);
  expect(sum('prompt_ms')).toBeCloseTo((2 * sum('work_ms')) / 3, 6);
  expect(sum('decode_ms')).toBeGreaterThan(0);
});

const noTiming = Object.fromEntries(timingSums.map((name) => [name, 0])) as Record<
  (typeof timingSums)[number],
  number
>;

async function timed(site: string) {
  const { results } = await env.DB.prepare('SELECT * FROM timing_hours WHERE site = ?')
    .bind(site)
    .all<Record<string, number | string>>();
  return results;
}

function row(keyId: string, requests: number) {
  return {
    keyId,
    model: 'm',
    zone: 'z',
    site: 's',
    hourUtcMs: 1_767_225_600_000,
    requests,
    estimated: 0,
    unpriced: 0,
    promptTokens: 1,
    cachedTokens: 0,
    completionTokens: 1,
    energyMilliWh: 1,
    carbonMg: 1,
    waterMicroL: 1,
    costNanoAud: 1,
    nearestEnergyMilliWh: 1,
    nearestCarbonMg: 1,
    nearestWaterMicroL: 1,
    nearestCostNanoAud: 1,
    spreadRequests: requests,
    spreadEnergyMilliWh: 1,
    spreadCarbonMg: 1,
    spreadWaterMicroL: 1,
    spreadCostNanoAud: 1,
    ttftRequests: requests,
    ttftMs: 1,
    nearestTtftRequests: requests,
    nearestTtftMs: 1,
  };
}

function receipt(keyId: string) {
  const side = {
    site: 's',
    basis: 'estimated' as const,
    energyBasis: 'estimated' as const,
    costBasis: null,
    amounts: { energyMilliWh: 5, carbonMg: 7, waterMicroL: 1, costNanoAud: null },
    ttftMs: null,
  };
  return {
    requestId: 'r',
    keyId,
    model: 'm',
    zone: 'z',
    planVersion: null,
    hourUtcMs: Math.floor(Date.now() / 3_600_000) * 3_600_000,
    usage: { promptTokens: 1, completionTokens: 1, cachedTokens: 0 },
    usageEstimated: false,
    served: side,
    counterfactual: side,
  };
}
