/**
 * A load generator on raw keep-alive sockets: every connection sends its next request when the answer
 * to its last is there. Runs as a process of its own; takes {@link Load} messages, answers with
 * {@link Measured}.
 */
import { connect } from 'node:net';

export interface Load {
  url: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  seconds: number;
}

export interface Measured {
  answers: number;
  rps: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers other than 200, and the first of them. */
  failures: number;
  failure?: string;
}

async function run(load: Load): Promise<Measured> {
  const url = new URL(load.url);
  const all = { host: url.host, ...load.headers, 'content-length': String(load.body.length) };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${head.join('')}\r\n${load.body}`);
  const latencies: number[] = [];
  let failures = 0;
  let failure: string | undefined;
  const startMs = performance.now();
  const endMs = startMs + load.seconds * 1000;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
      let sentMs = 0;
      let text = '';
      const send = () => {
        sentMs = performance.now();
        if (sentMs >= endMs) {
          socket.destroy();
          resolve();
        } else socket.write(request);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.on('data', (data) => {
        text += data.toString('latin1');
        if (!isWhole(text)) return;
        latencies.push(performance.now() - sentMs);
        if (!text.startsWith('HTTP/1.1 200')) {
          failures++;
          failure ??= text.slice(0, 2000);
        }
        text = '';
        send();
      });
    });
  await Promise.all(Array.from({ length: load.connections }, one));
  const seconds = (performance.now() - startMs) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(q * (latencies.length - 1))] ?? Number.NaN;
  return {
    answers: latencies.length,
    rps: latencies.length / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    failures,
    failure,
  };
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = text.slice(0, end);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  return length === undefined
    ? text.endsWith('\r\n0\r\n\r\n') && text.length > end + 4
    : text.length >= end + 4 + Number(length);
}

process.on('message', async (load: Load) => {
  process.send?.(await run(load));
});
