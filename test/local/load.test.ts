import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, expect, test, vi } from 'vitest';
import { publicFleet } from '../../src/core/model/fleet.ts';
import { startLoad } from '../../src/local/load.ts';
import { embeddedFleet } from '../core/support/fleets.ts';

vi.setConfig({ testTimeout: 30_000 });

const fleet = publicFleet(embeddedFleet());
const asked: { headers: IncomingMessage['headers']; body: Record<string, never> }[] = [];
const server = createServer(async (req, res) => {
  let text = '';
  for await (const chunk of req) text += chunk;
  const n = asked.push({ headers: req.headers, body: JSON.parse(text) });
  if (n % 3 === 0) res.writeHead(503).end('busy');
  else res.end(`data: {"id":"a"}\n\n${n % 3 === 1 ? 'data: [DONE]\n\n' : ''}`);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => server.close());

test('made-up requests name zone and session, and are counted by how they ended', async () => {
  const { port } = server.address() as { port: number };
  const load = startLoad({
    url: `http://127.0.0.1:${port}`,
    key: 'sk-test',
    fleet,
    reqPerS: 20,
    seed: 3,
    nowUtcMs: () => Date.UTC(2026, 0, 15, 2),
  });
  await expect.poll(() => load.counts().ok, { timeout: 20_000 }).toBeGreaterThan(10);
  load.stop();
  const { sent, ok, failed } = load.counts();
  expect(ok).toBeLessThanOrEqual(Math.ceil(sent / 3));
  expect(failed).toBeGreaterThan(0);
  for (const { headers, body } of asked) {
    expect(headers.authorization).toBe('Bearer sk-test');
    expect(fleet.zones.map((z) => z.id)).toContain(headers['x-isotherm-zone']);
    expect(fleet.classes.map((c) => c.model)).toContain(body.model);
    expect(body).toMatchObject({ stream: true, max_tokens: expect.any(Number) });
  }
  expect(new Set(asked.map((a) => a.headers['x-isotherm-session'])).size).toBe(asked.length);
});

test('a router that never answers gets no more than 200 at once', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const load = startLoad({
    url: `http://127.0.0.1:${(silent.address() as { port: number }).port}`,
    key: 'sk-test',
    fleet,
    reqPerS: 500,
    seed: 3,
    nowUtcMs: () => Date.UTC(2026, 0, 15, 2),
  });
  await expect.poll(() => load.counts().heldBack, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(load.counts().sent).toBe(200);
  load.stop();
  silent.closeAllConnections();
  silent.close();
});
