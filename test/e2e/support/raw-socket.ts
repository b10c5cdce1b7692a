import { connect } from 'node:net';
import { type Gateway, key } from './gateway.ts';

/** A connection to the router on which a test writes bytes, not requests. */
export async function rawSocket(gateway: Pick<Gateway, 'url'>) {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.on('error', () => {});
  const got: Buffer[] = [];
  return {
    socket,
    collect: () => socket.on('data', (d) => got.push(d)),
    text: () => Buffer.concat(got).toString('utf8'),
  };
}

export function rawRequest(body: object, headers: Record<string, string> = {}): string {
  const text = JSON.stringify(body);
  const all = {
    host: 'router.test',
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
