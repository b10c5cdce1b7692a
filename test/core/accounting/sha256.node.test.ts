import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../src/core/accounting/sha256.ts';

const reference = (text: string) => createHash('sha256').update(text).digest('hex');

test('the same as OpenSSL’s, whatever the text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(fc.property(text, (t) => sha256Hex(t) === reference(t)));
});

test('at every length around the ends of blocks', () => {
  for (let n = 0; n <= 200; n++) expect(sha256Hex('x'.repeat(n))).toBe(reference('x'.repeat(n)));
});
