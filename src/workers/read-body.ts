import { concat } from '../core/concat.ts';

/**
 * What of a body that is not wanted is still taken in. Most clients read no answer before they have
 * sent all: a connection closed before is an error to them, and the reason is lost.
 */
const DRAINED_BYTES = 32 * 1024 * 1024;

/**
 * Reads a body of at most `maxBytes`; undefined if it is longer. Never holds more than that, but reads
 * a request on for a while, so that its sender can be told.
 */
export async function readBody(
  message: Request | Response,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const length = message.headers.get('content-length');
  if (length !== null && !(Number(length) <= maxBytes)) {
    await drain(message);
    return undefined;
  }
  // HTTP holds a body to its length, and at once it is read faster than by chunks.
  if (length !== null) return new Uint8Array(await message.arrayBuffer());
  if (!message.body) return new Uint8Array();
  const mostBytes = message instanceof Request ? maxBytes + DRAINED_BYTES : maxBytes;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > mostBytes) return undefined;
    if (size <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > maxBytes ? undefined : concat(chunks, size);
}

/** Takes in a body nobody reads, up to a bound, and only if it says that it is within it. */
export async function drain(message: Request | Response): Promise<void> {
  const { body, bodyUsed } = message;
  if (!(message instanceof Request) || body === null || bodyUsed) return;
  if (Number(message.headers.get('content-length') ?? 0) > DRAINED_BYTES) return;
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > DRAINED_BYTES) return;
    }
  } catch {
    // Its sender has left.
  }
}
