import { InvalidInputError } from '../model/errors.ts';

/**
 * Packets of several sites in one body: what a coordinator sends to a solver, and what comes back in
 * the same order. Little-endian:
 *
 *   0  u32  magic "ISOB"      8  u32  packets          …  the packets, one after another
 *   4  u32  version           12 u32  length of each
 */

const MAGIC = 0x424f5349;
const VERSION = 1;
const FIXED_BYTES = 12;

export function encodeBatch(packets: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let at = FIXED_BYTES + 4 * packets.length;
  const bytes = new Uint8Array(packets.reduce((n, p) => n + p.length, at));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, packets.length, true);
  packets.forEach((packet, n) => {
    view.setUint32(FIXED_BYTES + 4 * n, packet.length, true);
    bytes.set(packet, at);
    at += packet.length;
  });
  return bytes;
}

/**
 * The packets, as views of the same memory; what is in them is not looked at.
 * Throws {@link InvalidInputError} for anything but a whole batch of this version.
 */
export function decodeBatch(bytes: Uint8Array, what: string): Uint8Array[] {
  const fail = (issue: string) => new InvalidInputError(what, [issue]);
  if (bytes.length < FIXED_BYTES) throw fail(`${bytes.length} bytes, expected at least 12`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw fail('does not begin with "ISOB"');
  const version = view.getUint32(4, true);
  if (version !== VERSION) throw fail(`version ${version}, expected ${VERSION}`);
  const count = view.getUint32(8, true);
  let at = FIXED_BYTES + 4 * count;
  if (at > bytes.length) throw fail(`lengths of ${count} packets run past the end`);
  const packets: Uint8Array[] = [];
  for (let n = 0; n < count; n++) {
    const end = at + view.getUint32(FIXED_BYTES + 4 * n, true);
    packets.push(bytes.subarray(at, end));
    at = end;
  }
  if (at !== bytes.length) throw fail(`${bytes.length} bytes, its lengths say ${at}`);
  return packets;
}
