import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Suspicion } from '../../../src/core/routing/suspicion.ts';

test('three different requests of two clients count, and are then forgotten', () => {
  const s = new Suspicion();
  expect(s.add('a', '1', 0)).toBe(0);
  expect(s.add('a', '2', 0)).toBe(0);
  expect(s.add('b', '3', 0)).toBe(3);
  expect(s.add('b', '4', 0)).toBe(0);
});

test('one client, or one request, never counts', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(5), fc.nat(30_000))), (all) => {
      const [oneClient, oneRequest] = [new Suspicion(), new Suspicion()];
      let nowMs = 0;
      for (const [client, request, pauseMs] of all) {
        nowMs += pauseMs;
        expect(oneClient.add('a', `r${request}`, nowMs)).toBe(0);
        expect(oneRequest.add(`c${client}`, 'r', nowMs)).toBe(0);
      }
    }),
  );
});

test('others’ requests find a site out, however many one client sent before', () => {
  const s = new Suspicion();
  for (let n = 0; n < 50; n++) expect(s.add('a', `${n}`, 0)).toBe(0);
  expect(s.add('b', 'x', 0)).toBeGreaterThanOrEqual(3);
});

test('a good answer between, or a minute, clears the site', () => {
  const s = new Suspicion();
  s.add('a', '1', 0);
  s.add('a', '2', 0);
  s.clear();
  expect(s.add('b', '3', 0)).toBe(0);
  s.add('a', '4', 0);
  expect(s.add('a', '5', 60_001)).toBe(0);
});
