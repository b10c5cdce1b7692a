import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { AdminClient } from '../../src/local/admin-client.ts';
import { networkFault } from '../../src/local/network-fault.ts';

/** True connections that fail, each in its own way. */

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

async function faultOf(url: string, timeoutMs = 5000) {
  try {
    await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    return networkFault(error, url, timeoutMs);
  }
  throw new Error(`${url} answers`);
}

const plain = (socket: Socket) =>
  socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');

test('a port that nobody listens on', async () => {
  const port = await listen(() => {});
  servers.splice(0)[0]?.close();
  const { found, fix } = await faultOf(`http://127.0.0.1:${port}`);
  expect(found).toBe(`nothing listens at 127.0.0.1, port ${port} (ECONNREFUSED)`);
  expect(fix).toContain('is the server started');
});

test('a name that is nobody’s', async () => {
  // Offline the lookup itself fails, which is another fault.
  const { found, fix } = await faultOf('https://nobody.invalid');
  expect(found).toMatch(
    /^(no address is known for the name nobody\.invalid \(ENOTFOUND\)|the name nobody\.invalid could not be looked up \(EAI_AGAIN\))$/,
  );
  expect(fix).toMatch(/DNS/);
});

test('HTTPS asked of plain HTTP, a connection broken off, silence', async () => {
  const tls = await faultOf(
    `https://127.0.0.1:${await listen((s) => s.once('data', () => plain(s)))}`,
  );
  expect(tls.found).toMatch(/^127\.0\.0\.1 answers at port \d+, but not in TLS \(ERR_SSL_\w+\)$/);
  const cut = await faultOf(
    `http://127.0.0.1:${await listen((s) => s.once('data', () => s.destroy()))}`,
  );
  expect(cut.found).toMatch(/^the connection to 127\.0\.0\.1 was broken off before an answer/);
  const silent = await faultOf(`http://127.0.0.1:${await listen(() => {})}`, 200);
  expect(silent.found).toBe('no answer within 200 ms');
  expect(silent.fix).toMatch(/firewall/);
});

test('what is not foreseen keeps its own words', () => {
  const cause = Object.assign(new Error('odd'), { code: 'EODD' });
  const { found } = networkFault(new TypeError('fetch failed', { cause }), 'http://a');
  expect(found).toBe('EODD');
  expect(networkFault(new TypeError('fetch failed'), 'http://a').found).toBe('fetch failed');
});

test('the admin API’s client says the same, and what answers that is no router', async () => {
  const port = await listen((s) =>
    s.once('data', () =>
      s.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>'),
    ),
  );
  const url = `http://127.0.0.1:${port}`;
  await expect(new AdminClient(url, 'secret').keys()).rejects.toThrow(
    `GET /admin/v1/keys: the answer is no JSON; is ${url} a router’s root?`,
  );
  servers.splice(0)[0]?.close();
  await expect(new AdminClient(url, 'secret').keys()).rejects.toThrow(
    `GET /admin/v1/keys: nothing listens at 127.0.0.1, port ${port} (ECONNREFUSED): is the server started`,
  );
});
