import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fault } from './faults.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
const DEFAULT_LINE_BYTES = 50 * 1024 * 1024;

/** Answers that no server of this API should give, and that broken ones do. */
export async function answerMalformed(fault: Fault, res: ServerResponse): Promise<void> {
  if (fault.kind === 'html') {
    res.writeHead(fault.status ?? 200, { 'content-type': 'text/html' });
    res.end('<html><body><h1>It works!</h1></body></html>');
  } else if (fault.kind === 'wrong-length') {
    const text = '{"object":"chat.completion","choices":[]';
    res.writeHead(200, {
      'content-type': 'application/json',
      'content-length': text.length + 100,
    });
    res.write(text, () => res.destroy());
  } else {
    await sendLine(res, fault.bytes ?? DEFAULT_LINE_BYTES);
  }
}

/** One line of an event, no faster than the client reads. */
async function sendLine(res: ServerResponse, bytes: number): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const pieces = function* () {
    yield 'data: ';
    for (let sent = 0; sent < bytes; sent += PIECE.length) yield PIECE;
    yield '\n\ndata: [DONE]\n\n';
  };
  // A client that has had enough of it is what this is for.
  await pipeline(Readable.from(pieces()), res).catch(() => {});
}
