import { concat } from '../core/concat.ts';

/** Reads a body of at most `maxBytes`; undefined if it is longer. Never holds more than that. */
export async function readBody(
  message: Request | Response,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const length = message.headers.get('content-length');
  // HTTP holds a body to its length, and at once it is read faster than by chunks.
  if (length !== null) {
    if (!(Number(length) <= maxBytes)) return undefined;
    return new Uint8Array(await message.arrayBuffer());
  }
  if (!message.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return concat(chunks, size);
}
