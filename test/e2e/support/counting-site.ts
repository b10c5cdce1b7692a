import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface CountingSite {
  baseUrl: string;
  /** Streams that have begun. */
  streams(): number;
  close(): void;
}

/**
 * A server of every site's: an answer counts as many tokens as the request's `metadata` says; a stream
 * begins and never ends.
 */
export async function startCountingSite(): Promise<CountingSite> {
  let streams = 0;
  const server = createServer(async (req, res) => {
    const { stream, metadata } = JSON.parse(await text(req));
    if (stream === true) {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'cool' } }] })}\n\n`);
      streams++;
      return;
    }
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ object: 'chat.completion', usage: metadata }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams: () => streams,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
