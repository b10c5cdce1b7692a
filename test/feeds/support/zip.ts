/** A ZIP archive of one file, as AEMO's; in Node and in workerd. */
export async function zipped(
  name: string,
  content: string,
  method: 0 | 8 = 8,
): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(content);
  const data = method === 8 ? await deflated(bytes) : bytes;
  const named = new TextEncoder().encode(name);
  const sizes = [
    ...u32(crc32(bytes)),
    ...u32(data.length),
    ...u32(bytes.length),
    ...u16(name.length),
  ];
  const local = [...u32(0x04034b50), ...u16(20, 0, method, 0, 0), ...sizes, ...u16(0)];
  const start = local.length + named.length + data.length;
  const entry = [
    ...u32(0x02014b50),
    ...u16(20, 20, 0, method, 0, 0),
    ...sizes,
    ...u16(0, 0, 0, 0, 0, 0),
    ...u32(0),
  ];
  const directory = entry.length + named.length;
  const end = [...u32(0x06054b50), ...u16(0, 0, 1, 1), ...u32(directory), ...u32(start), ...u16(0)];
  return joined(local, named, data, entry, named, end);
}

const u16 = (...values: number[]) => values.flatMap((v) => [v & 255, v >>> 8]);
const u32 = (v: number) => u16(v & 65_535, v >>> 16);

function joined(...parts: ArrayLike<number>[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
