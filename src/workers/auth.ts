/** Bearer credentials, kept as SHA-256 and compared in constant time. */

function bytesOfHex(hex: string): Uint8Array | undefined {
  const text = hex.trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** The token of an `Authorization: Bearer …` header; empty when there is none. */
export function bearerToken(request: Request): string {
  const header = request.headers.get('authorization') ?? '';
  return /^bearer /i.test(header) ? header.slice(7).trim() : '';
}

/**
 * Whether a request bears one of the credentials whose hashes are given (hex, comma-separated). Every
 * hash is compared, in constant time, whether or not an earlier one matched, and a missing token takes
 * the same path as a wrong one.
 */
export async function bearsOneOf(request: Request, hashes: string | undefined): Promise<boolean> {
  const token = bearerToken(request);
  const digest = await sha256(token);
  let matches = false;
  for (const hex of (hashes ?? '').split(',')) {
    if (matchesHash(digest, hex)) matches = true;
  }
  return matches && token !== '';
}

/** Whether a digest is the one given in hex, compared in constant time. */
export function matchesHash(digest: Uint8Array, hex: string): boolean {
  const expected = bytesOfHex(hex);
  return expected !== undefined && crypto.subtle.timingSafeEqual(digest, expected);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
