import { z } from 'zod';
import { InvalidInputError, parseInput } from '../model/errors.ts';

/**
 * Binary container of a few named arrays of doubles under a small JSON header: what crosses the
 * network in a round. Little-endian:
 *
 *   0  u32  magic "ISO1"      8  u32  round          16  JSON header, UTF-8, zero-padded to 8
 *   4  u32  version           12 u32  header bytes    …  doubles, in the header's order
 */
export interface Packet {
  round: number;
  /** Anything JSON; validated by whoever reads the packet. */
  meta: unknown;
  arrays: Record<string, Float64Array>;
}

const MAGIC = 0x314f5349;
const VERSION = 1;
const FIXED_BYTES = 16;
/** No round needs more; a longer body is refused before it is read. */
export const MAX_PACKET_BYTES = 8 * 1024 * 1024;

const headerSchema = z.strictObject({
  meta: z.unknown(),
  arrays: z.array(z.tuple([z.string(), z.int().min(0)])).max(64),
});

export function encodePacket(packet: Packet): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(packet.arrays);
  const header = new TextEncoder().encode(
    JSON.stringify({ meta: packet.meta, arrays: entries.map(([name, a]) => [name, a.length]) }),
  );
  const dataStart = FIXED_BYTES + Math.ceil(header.length / 8) * 8;
  const doubles = entries.reduce((n, [, a]) => n + a.length, 0);
  const bytes = new Uint8Array(dataStart + 8 * doubles);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, packet.round, true);
  view.setUint32(12, header.length, true);
  bytes.set(header, FIXED_BYTES);
  let at = dataStart;
  for (const [, array] of entries) {
    for (const value of array) {
      view.setFloat64(at, value, true);
      at += 8;
    }
  }
  return bytes;
}

/** Throws {@link InvalidInputError} for anything but a whole packet of this version. */
export function decodePacket(bytes: Uint8Array, what: string): Packet {
  const fail = (issue: string) => new InvalidInputError(what, [issue]);
  if (bytes.length < FIXED_BYTES) throw fail(`${bytes.length} bytes, expected at least 16`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw fail('does not begin with "ISO1"');
  const version = view.getUint32(4, true);
  if (version !== VERSION) throw fail(`version ${version}, expected ${VERSION}`);
  const headerBytes = view.getUint32(12, true);
  const dataStart = FIXED_BYTES + Math.ceil(headerBytes / 8) * 8;
  if (dataStart > bytes.length) throw fail('header runs past the end');
  let json: unknown;
  try {
    const text = bytes.subarray(FIXED_BYTES, FIXED_BYTES + headerBytes);
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(text));
  } catch {
    throw fail('header is not JSON');
  }
  const header = parseInput(headerSchema, json, what);
  const doubles = header.arrays.reduce((n, [, length]) => n + length, 0);
  if (dataStart + 8 * doubles !== bytes.length) {
    throw fail(`${bytes.length - dataStart} bytes of data, expected ${8 * doubles}`);
  }
  const arrays: Record<string, Float64Array> = {};
  let at = dataStart;
  for (const [name, length] of header.arrays) {
    const array = new Float64Array(length);
    for (let i = 0; i < length; i++, at += 8) array[i] = view.getFloat64(at, true);
    arrays[name] = array;
  }
  return { round: view.getUint32(8, true), meta: header.meta, arrays };
}
