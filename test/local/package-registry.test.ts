import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultFleetPath } from '../../src/local/fleet-file.ts';
import { isPackageRegistry } from '../../src/local/package-registry.ts';

test('the registry here is the one that `npm run check` tests with, whatever its line ends; else: its SHA-256 into package-registry.ts', () => {
  const text = readFileSync(defaultFleetPath, 'utf8');
  expect(isPackageRegistry(text)).toBe(true);
  expect(isPackageRegistry(text.replaceAll('\n', '\r\n'))).toBe(true);
  expect(isPackageRegistry(text.replace('sydney', 'bonn'))).toBe(false);
});
