import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import type { PublicSite } from '../../../src/core/model/fleet.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import type { Feed, FeedIo } from '../../../src/feeds/feed.ts';
import { FeedError } from '../../../src/feeds/feed.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

/** Sources as feeds meet them: a real HTTP server that plays every host. */

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Upstream {
  /** What it does from now on; by path, the whole address is in `seen`. */
  answer: Answer;
  /** Addresses asked for, in order. */
  seen: URL[];
  headers: IncomingMessage['headers'][];
  io(change?: Partial<FeedIo>): FeedIo;
  /** The server itself, whatever host is meant. */
  origin(): string;
}

export const NOW = Date.parse('2026-01-15T00:20Z');
export const HOUR = 3_600_000;
export const THIS_HOUR = Date.parse('2026-01-15T00:00Z');

/** A server for the tests of a file. */
export function playUpstream(): Upstream {
  let origin = '';
  const upstream: Upstream = {
    answer: (_, response) => response.writeHead(500).end(),
    seen: [],
    headers: [],
    origin: () => origin,
    io: (change = {}) => ({
      // Hosts are all this server; the one meant goes into a header.
      fetch: (input, init) => {
        const url = new URL(String(input));
        const headers = { ...(init?.headers as Record<string, string>), 'x-meant-for': url.origin };
        return fetch(origin + url.pathname + url.search, { ...init, headers });
      },
      nowMs: NOW,
      timeoutMs: 20_000,
      secret: (name) => `the ${name}`,
      ...change,
    }),
  };
  const server = createServer((request, response) => {
    upstream.seen.push(new URL(request.url ?? '', request.headers['x-meant-for'] as string));
    upstream.headers.push(request.headers);
    upstream.answer(request, response);
  });
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return upstream;
}

export const json =
  (body: unknown): Answer =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const bytes =
  (body: string | Uint8Array): Answer =>
  (_, response) =>
    response.writeHead(200).end(body);

/** For answers that never come; all others have time enough on the slowest machine. */
const IMPATIENT_MS = 300;

/** What every source does at some time, what is said of it, and how long to wait for it. */
export const outages: [name: string, answer: Answer, fault: RegExp, timeoutMs?: number][] = [
  ['an outage', (_, response) => response.socket?.destroy(), /the connection failed$/],
  ['503', (_, response) => response.writeHead(503).end('<html>'), /HTTP 503$/],
  ['429', (_, r) => r.writeHead(429, { 'retry-after': '1800' }).end(), /HTTP 429$/],
  ['silence', () => {}, /no whole answer within 300 ms$/, IMPATIENT_MS],
  [
    'a body that never ends',
    (_, response) => response.writeHead(200).write('{"a":'),
    /no whole answer within 300 ms$/,
    IMPATIENT_MS,
  ],
  [
    'a connection that breaks half-way',
    (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"a":');
      setTimeout(() => response.socket?.destroy(), 10);
    },
    /the connection failed$/,
  ],
  [
    'an endless body',
    (_, response) => {
      response.writeHead(200);
      const more = () => {
        if (!response.destroyed) response.write(' '.repeat(1 << 20), more);
      };
      more();
    },
    /over \d+ bytes$/,
  ],
  ['a page in place of data', bytes('<!doctype html><title>Maintenance</title>'), /./],
];

/** The reason for which a feed gives up. */
export async function faultOf(feed: Feed, sites: PublicSite[], io: FeedIo): Promise<FeedError> {
  try {
    await feed.fetch(sites, io);
  } catch (error) {
    if (error instanceof FeedError) return error;
    throw error;
  }
  throw new Error('the feed gave no error');
}

const fleet = publicFleet(embeddedFleet());

export function site(id: string, change: Partial<PublicSite> = {}): PublicSite {
  const found = fleet.sites.find((s) => s.id === id);
  if (found === undefined) throw new Error(`no site ${id}`);
  return { ...found, ...change };
}
