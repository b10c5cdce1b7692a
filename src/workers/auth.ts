import { sha256Hex } from '../core/accounting/sha256.ts';

/** Bearer credentials, kept as SHA-256 and compared in constant time. */

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
export function bearsOneOf(request: Request, hashes: string | undefined): boolean {
  const token = bearerToken(request);
  const digest = sha256Hex(token);
  let matches = false;
  for (const hex of (hashes ?? '').split(',')) {
    if (matchesHash(digest, hex)) matches = true;
  }
  return matches && token !== '';
}

/** Whether a digest is the one given, both in hex, in a time that depends on neither. */
export function matchesHash(digest: string, hex: string): boolean {
  const expected = hex.trim().toLowerCase();
  if (expected.length !== 64) return false;
  let different = 0;
  for (let i = 0; i < 64; i++) different |= digest.charCodeAt(i) ^ expected.charCodeAt(i);
  return different === 0;
}
