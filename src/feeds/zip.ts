import { FeedError } from './feed.ts';

/** Reads ZIP archives (APPNOTE 6.3.10) of one plain file, as AEMO publishes its reports. */

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * Text of the first file of an archive, piece by piece: reports of some MB need not be in memory whole.
 * Rejects with {@link FeedError} if it is no archive, is cut short, or is larger than allowed.
 */
export async function* unzippedText(archive: Uint8Array, maxBytes: number): AsyncGenerator<string> {
  const { data, method, size } = firstFile(archive);
  if (size > maxBytes) throw new FeedError(`zip: a file of ${size} bytes, over ${maxBytes}`);
  const decoder = new TextDecoder();
  let length = 0;
  try {
    for await (const chunk of pieces(data, method)) {
      length += chunk.byteLength;
      // What the directory says of the size need not be true.
      if (length > maxBytes) throw new FeedError(`zip: over ${maxBytes} bytes`);
      yield decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    throw error instanceof FeedError ? error : new FeedError('zip: damaged or cut short');
  }
  if (length !== size) throw new FeedError(`zip: ${length} bytes, expected ${size}`);
}

async function* pieces(data: Uint8Array, method: number): AsyncGenerator<Uint8Array> {
  if (method === STORED) {
    yield data;
    return;
  }
  const stream = new Blob([data as Uint8Array<ArrayBuffer>]).stream();
  const reader = stream.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function firstFile(archive: Uint8Array): { data: Uint8Array; method: number; size: number } {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  try {
    const end = endOfDirectory(view);
    const entry = view.getUint32(end + 16, true);
    if (view.getUint32(entry, true) !== DIRECTORY_ENTRY) throw new RangeError();
    const method = view.getUint16(entry + 10, true);
    const packed = view.getUint32(entry + 20, true);
    const size = view.getUint32(entry + 24, true);
    const header = view.getUint32(entry + 42, true);
    if (view.getUint32(header, true) !== LOCAL_HEADER) throw new RangeError();
    const start =
      header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    if (start + packed > archive.byteLength) throw new RangeError();
    if (method !== STORED && method !== DEFLATED) {
      throw new FeedError(`zip: compression method ${method}`);
    }
    return { data: archive.subarray(start, start + packed), method, size };
  } catch (error) {
    // Offsets outside of the archive are what a cut one has.
    if (error instanceof RangeError) throw new FeedError('zip: no archive, or cut short');
    throw error;
  }
}

/** Its directory's end is found from behind: a comment of up to 65,535 bytes may follow. */
function endOfDirectory(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 65_535); at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw new RangeError();
}
