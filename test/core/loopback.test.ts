import { expect, test } from 'vitest';
import { isLoopback } from '../../src/core/loopback.ts';

test.each([
  ['http://127.0.0.1:8787', true],
  ['http://127.9.0.1', true],
  ['http://2130706433', true],
  ['http://localhost:80', true],
  ['http://LOCALHOST', true],
  ['http://a.localhost', true],
  ['http://[::1]:8787', true],
  ['http://[0:0:0:0:0:0:0:1]', true],
  ['https://llm.example', false],
  ['http://192.168.1.5', false],
  ['http://127.0.0.1.example', false],
  ['http://localhost.example', false],
  ['http://notlocalhost', false],
  ['http://[2001:db8::1]', false],
])('%s is this machine: %s', (url, expected) => {
  expect(isLoopback(new URL(url).hostname)).toBe(expected);
});
