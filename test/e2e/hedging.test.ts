import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedSite } from '../../src/sim/site-server/index.ts';
import { chatBody, type Gateway, startGateway, until } from './support/gateway.ts';
import { rawRequest, rawSocket } from './support/raw-socket.ts';

/** A second site asked beside a slow one: over sockets, so that what is aborted shows at the site. */

let gateway: Gateway;

beforeAll(async () => {
  const HEDGING = '{"minMs":40,"maxBodyChars":2000,"classes":{"code":60}}';
  gateway = await startGateway({ HEDGING, RECEIPT_FLUSH_MS: '20' });
}, 60_000);

afterAll(() => gateway?.close());

afterEach(() => {
  for (const site of gateway.sites) site.setFault(null);
});

/** Prefill of most of a second, or of twelve. */
const slow = { kind: 'slow', factor: 200 } as const;
const slower = { kind: 'slow', factor: 3000 } as const;

const received = () => gateway.sites.reduce((n, s) => n + s.stats().received, 0);
const others = (site: SimulatedSite) => gateway.sites.filter((s) => s !== site);
let count = 0;

/** One request to Sydney's zone, read to its end. */
async function ask(body: object, headers: Record<string, string> = {}) {
  const id = `hedged-${++count}`;
  const before = received();
  const response = await gateway.post('/chat/completions', body, {
    headers: { 'x-request-id': id, 'x-isotherm-receipt': 'stream', ...headers },
  });
  const text = await response.text();
  expect(response.status).toBe(200);
  const outcome = await gateway.outcome(id);
  return { response, text, outcome, asked: received() - before };
}

async function adminGet(path: string): Promise<Response> {
  return fetch(`${gateway.stack.url}${path}`, { headers: { authorization: 'Bearer admin' } });
}

/** Requests booked, by site. */
async function bookedBySite(): Promise<Record<string, number>> {
  const response = await adminGet('/admin/v1/usage?by=site&from=2020-01-01&to=2099-01-01');
  const { usage } = (await response.json()) as { usage: { site: string; requests: number }[] };
  return Object.fromEntries(usage.map((u) => [u.site, u.requests]));
}

describe('a slow site', () => {
  test('is overtaken: the second one answers, the first is aborted, one receipt is booked', async () => {
    const sydney = gateway.site('sydney');
    sydney.setFault(slower);
    const { aborted } = sydney.stats();
    const { response, text, outcome, asked } = await ask(chatBody({ stream: true }), {
      'x-isotherm-hedge-ms': '50',
    });
    const winner = response.headers.get('x-isotherm-site') as string;
    expect(winner).not.toBe('sydney');
    expect(asked).toBe(2);
    expect(text.match(/\[DONE\]/g)).toHaveLength(1);
    // Its prefill would go on for seconds.
    await until(() => sydney.stats().aborted === aborted + 1);
    expect(sydney.stats().running).toBe(0);
    expect(outcome).toMatchObject({
      site: winner,
      outcome: 'ok',
      attempts: [
        { site: 'sydney', overtaken: true },
        { site: winner, status: 200, isHedge: true },
      ],
    });
    const receipt = JSON.parse(response.headers.get('x-isotherm-receipt') as string);
    expect(receipt.site).toBe(winner);
    expect(text).toContain(`: isotherm-receipt {"site":"${winner}"`);
    let booked = {};
    for (let n = 0; n < 100 && Object.keys(booked).length === 0; n++) {
      booked = await bookedBySite();
    }
    expect(booked).toEqual({ [winner]: 1 });
    expect(await (await adminGet('/metrics')).text()).toContain(
      'isotherm_hedges_total{class="chat",outcome="won"} 1',
    );
  });

  test('that begins first after all wins, and the second is aborted', async () => {
    const sydney = gateway.site('sydney');
    sydney.setFault(slow);
    for (const site of others(sydney)) site.setFault(slower);
    const { response, outcome, asked } = await ask(chatBody({ stream: true }), {
      'x-isotherm-hedge-ms': '50',
    });
    expect(response.headers.get('x-isotherm-site')).toBe('sydney');
    expect(asked).toBe(2);
    const [hedge, first] = outcome.attempts;
    expect(hedge).toMatchObject({ isHedge: true, overtaken: true });
    expect(first).toMatchObject({ site: 'sydney', status: 200 });
    await until(() => gateway.site(hedge?.site).stats().running === 0);
    expect(gateway.site(hedge?.site).stats().aborted).toBeGreaterThan(0);
  });

  test('beside a second that refuses is waited for', async () => {
    const sydney = gateway.site('sydney');
    sydney.setFault(slow);
    for (const site of others(sydney)) site.setFault({ kind: 'status', status: 429 });
    const { response, outcome } = await ask(chatBody({ stream: true }), {
      'x-isotherm-hedge-ms': '50',
    });
    expect(response.headers.get('x-isotherm-site')).toBe('sydney');
    expect(outcome.attempts).toMatchObject([{ isHedge: true, status: 429 }, { site: 'sydney' }]);
  });

  test('is left by a client that leaves, as is the second', async () => {
    for (const site of gateway.sites) site.setFault(slower);
    // Others of the tests before may have asked not to be asked for a second.
    const running = () => gateway.sites.filter((s) => s.stats().running > 0).length;
    const { socket } = await rawSocket(gateway);
    socket.write(rawRequest(chatBody({ stream: true }), { 'x-isotherm-hedge-ms': '50' }));
    await until(() => running() === 2);
    socket.resetAndDestroy();
    await until(() => running() === 0);
  });
});

describe('no second site is asked', () => {
  test.each<[string, object, Record<string, string>]>([
    ['where nobody wishes it', { stream: true }, {}],
    ['where the client wishes none', { stream: true }, { 'x-isotherm-hedge-ms': '0' }],
    ['without a stream', { stream: false }, { 'x-isotherm-hedge-ms': '50' }],
    [
      'for a body above the limit',
      { stream: true, pad: 'x'.repeat(2000) },
      { 'x-isotherm-hedge-ms': '50' },
    ],
  ])('%s', async (_, more, headers) => {
    gateway.site('sydney').setFault({ kind: 'slow', factor: 100 });
    const { response, asked } = await ask(chatBody(more), headers);
    expect(response.headers.get('x-isotherm-site')).toBe('sydney');
    expect(asked).toBe(1);
  });

  test('unless the class says when: without any header', async () => {
    gateway.site('sydney').setFault(slower);
    const { response, asked } = await ask(chatBody({ model: 'isotherm-code', stream: true }));
    expect(response.headers.get('x-isotherm-site')).not.toBe('sydney');
    expect(asked).toBe(2);
  });
});
