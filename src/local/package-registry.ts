import { createHash } from 'node:crypto';

/** SHA-256 of the registry that the package ships, which its tests are written for. */
export const packageRegistrySha256 =
  'd8ed5a984e6469d1e69fc5d429506278e6d7bac0f2a5110f1d5cfcbf38b9c650';

/**
 * Whether a registry's text is the one that the package ships. Line ends do not count, since git may
 * change them.
 */
export function isPackageRegistry(text: string): boolean {
  const digest = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
  return digest === packageRegistrySha256;
}
