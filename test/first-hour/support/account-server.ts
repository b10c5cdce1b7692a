import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Calls of an API like Cloudflare's, answered in its envelope. */

export interface Asked {
  method: string;
  /** Below the account. */
  path: string;
  body: Buffer;
  request: IncomingMessage;
}

export class NotThere extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`error ${code}`);
    this.code = code;
  }
}

/** `METHOD /path` below the account, its name in a group, and what comes of it. */
export type Call = [call: RegExp, answer: (asked: Asked, name: string) => unknown];

async function answerOf(
  calls: readonly Call[],
  asked: Asked,
): Promise<{ status: number; body: object }> {
  const line = `${asked.method} ${asked.path}`;
  const said = (status: number, code: number, message: string) => ({
    status,
    body: { success: false, errors: [{ code, message }], messages: [], result: null },
  });
  for (const [call, of] of calls) {
    const match = call.exec(line);
    if (match === null) continue;
    try {
      const result = await of(asked, decodeURIComponent(match[1] ?? match[2] ?? ''));
      return { status: 200, body: { success: true, errors: [], messages: [], result } };
    } catch (error) {
      const code = error instanceof NotThere ? error.code : 10_000;
      return said(error instanceof NotThere ? 404 : 500, code, (error as Error).message);
    }
  }
  return said(501, 1, `the account made up here has no ${line}`);
}

/** Serves an account's calls on this machine. */
export async function serveCalls(
  calls: readonly Call[],
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const path = (request.url as string).replace(/^\/accounts\/account/, '').split('?')[0];
      const { status, body } = await answerOf(calls, {
        method: request.method as string,
        path: path as string,
        body: Buffer.concat(chunks),
        request,
      });
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
