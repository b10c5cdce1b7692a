import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/sim/site-server/index.ts';
import { chatBody, type Gateway, startGateway, until } from './support/gateway.ts';
import { rawRequest, rawSocket } from './support/raw-socket.ts';

/** What clients do, and what the sites behind the router in workerd notice of it. */

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);

afterAll(() => gateway?.close());

let count = 0;
const named = () => ({ 'x-request-id': `client-${++count}` });

describe('a client that leaves', () => {
  test.each<[string, object, Fault | null]>([
    ['before the first byte', { stream: true }, { kind: 'hang' }],
    ['in mid-stream', { stream: true, max_tokens: 4000 }, null],
    ['while an answer without a stream is made', { max_tokens: 4000 }, null],
  ])('%s: the site stops at once, and it is not its failure', async (when, more, fault) => {
    const site = gateway.site('sydney');
    site.setFault(fault);
    const before = site.stats();
    const headers = named();
    const { socket, collect, text } = await rawSocket(gateway);
    collect();
    socket.write(rawRequest(chatBody(more), headers));
    await until(() => site.stats().received > before.received);
    if (fault === null) await until(() => site.stats().running > 0);
    if (when === 'in mid-stream') await until(() => text().split('data: ').length > 3);
    // A connection closed without a reset is half open to HTTP/1.1, until something is written.
    socket.resetAndDestroy();
    const outcome = await gateway.outcome(headers['x-request-id']);
    expect(outcome).toMatchObject({ status: 499, outcome: 'client_closed' });
    expect(outcome.attempts.filter((a) => a.fault !== undefined)).toEqual([]);
    if (fault === null) {
      await until(() => site.stats().aborted > before.aborted);
      expect(site.stats().running).toBe(0);
    }
    site.setFault(null);
    const others = gateway.sites.filter((s) => s !== site);
    expect(others.map((s) => s.stats().received)).toEqual(others.map(() => 0));
    const next = await gateway.post('/chat/completions', chatBody());
    expect(next.headers.get('x-isotherm-site')).toBe('sydney');
    await next.text();
  });

  test('by aborting its fetch in mid-stream', async () => {
    const site = gateway.site('sydney');
    const { aborted } = site.stats();
    const controller = new AbortController();
    const body = chatBody({ stream: true, max_tokens: 4000 });
    const response = await gateway.post('/chat/completions', body, { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await until(() => site.stats().aborted > aborted);
    expect(site.stats().running).toBe(0);
  });
});

describe('at the level of the socket', () => {
  test('pipelined requests are answered in their order', async () => {
    const { socket, collect, text } = await rawSocket(gateway);
    collect();
    const ids = [named(), named(), named()];
    socket.write(ids.map((id) => rawRequest(chatBody({ max_tokens: 2 }), id)).join(''));
    await until(() => text().split('HTTP/1.1 200').length === 4);
    const order = [...text().matchAll(/x-request-id: (\S+)/gi)].map((m) => m[1]);
    expect(order).toEqual(ids.map((id) => id['x-request-id']));
    socket.destroy();
  });

  test('a client that reads slowly slows the site down, and gets every byte', async () => {
    const site = gateway.site('sydney');
    site.setFault({ kind: 'endless-line', bytes: 12 * 1024 * 1024 });
    const { socket } = await rawSocket(gateway);
    socket.pause();
    socket.write(rawRequest(chatBody({ stream: true }), { connection: 'close' }));
    await until(() => site.stats().sending > 0);
    await sleep(300);
    // Buffers of sockets and of workerd hold some of it; the site could not send all.
    expect(site.stats().sending).toBe(1);
    let bytes = 0;
    let tail = '';
    socket.on('data', (d: Buffer) => {
      bytes += d.length;
      tail = (tail + d.toString('latin1')).slice(-200);
    });
    socket.resume();
    await until(() => tail.includes('[DONE]'));
    expect(bytes).toBeGreaterThan(12 * 1024 * 1024);
    await until(() => site.stats().sending === 0);
    site.setFault(null);
    socket.destroy();
  });

  test.each([true, false])(
    'a client that has closed its sending half gets it all (stream: %s)',
    async (stream) => {
      const { socket, collect, text } = await rawSocket(gateway);
      collect();
      const headers = named();
      const body = chatBody({ stream, max_tokens: 20 });
      socket.end(rawRequest(body, { ...headers, connection: 'close' }));
      await until(() => socket.readableEnded);
      expect(text()).toContain('HTTP/1.1 200');
      expect(text()).toContain(stream ? 'data: [DONE]' : '"completion_tokens":20');
      const outcome = await gateway.outcome(headers['x-request-id']);
      expect(outcome).toMatchObject({ status: 200, outcome: 'ok' });
      socket.destroy();
    },
  );

  // As docs/requests.md says: nothing is written that would tell the two from each other before the answer is.
  test('one that closes without a reset while an answer without a stream is made is not noticed', async () => {
    const site = gateway.site('sydney');
    const before = site.stats();
    const headers = named();
    const { socket } = await rawSocket(gateway);
    socket.write(rawRequest(chatBody({ max_tokens: 60 }), headers));
    await until(() => site.stats().running > 0);
    socket.destroy();
    const outcome = await gateway.outcome(headers['x-request-id']);
    expect(outcome).toMatchObject({ status: 200, outcome: 'ok' });
    expect(site.stats().aborted).toBe(before.aborted);
  });

  test('a client that leaves while it sends its body', async () => {
    const site = gateway.site('sydney');
    const before = site.stats().received;
    const { socket } = await rawSocket(gateway);
    socket.write(rawRequest(chatBody(), { 'content-length': '100000' }));
    await sleep(50);
    socket.destroy();
    const response = await gateway.post('/chat/completions', chatBody({ max_tokens: 1 }));
    expect(response.status).toBe(200);
    await response.text();
    expect(site.stats().received).toBe(before + 1);
  });

  test('headers of a megabyte are refused, and others are served', async () => {
    const { socket, collect, text } = await rawSocket(gateway);
    collect();
    socket.write(rawRequest(chatBody(), { 'x-bomb': 'x'.repeat(1024 * 1024) }));
    await until(() => text() !== '' || socket.readableEnded || socket.destroyed);
    expect(text()).not.toContain('HTTP/1.1 200');
    expect((await gateway.post('/chat/completions', chatBody({ max_tokens: 1 }))).status).toBe(200);
    socket.destroy();
  });
});

test.each([true, false])(
  'a thousand requests at once: all complete, none is confused with another (stream: %s)',
  async (stream) => {
    const name = stream ? 'stream' : 'whole';
    const answers = await Promise.all(
      Array.from({ length: 1000 }, async (_, n) => {
        const body = chatBody({ stream, max_tokens: 20, user: `user-${n}` });
        const headers = { 'x-request-id': `many-${name}-${n}` };
        const response = await gateway.post('/chat/completions', body, { headers });
        return { id: response.headers.get('x-request-id'), text: await response.text() };
      }),
    );
    expect(answers.map((a) => a.id)).toEqual(answers.map((_, n) => `many-${name}-${n}`));
    const isComplete = (text: string) =>
      stream ? text.endsWith('data: [DONE]\n\n') : JSON.parse(text).usage.completion_tokens === 20;
    expect(answers.filter((a) => isComplete(a.text))).toHaveLength(1000);
    await until(() => gateway.sites.every((s) => s.stats().running === 0));
  },
  120_000,
);
