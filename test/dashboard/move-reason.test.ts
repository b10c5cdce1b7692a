import { expect, test } from 'vitest';
import { demandChange, reasonFor } from '../../src/dashboard/move-reason.ts';

const moves = {
  slots: 24,
  sites: [],
  sinceVersion: 1,
  pricesBefore: null,
  orders: { hobart: 'drained' as const },
  outBefore: ['perth', 'hobart'],
  outNow: [{ site: 'darwin', reason: 'its server is down' }],
};
const move = (before: number, after: number, a: number | null, b: number | null) => ({
  beforeReqPerS: before,
  afterReqPerS: after,
  beforeAudPerRequest: a,
  afterAudPerRequest: b,
});

test.each([
  ['hobart', move(1, 0, null, 2), 'drained'],
  ['darwin', move(1, 0, 2, null), 'left out: its server is down'],
  ['perth', move(0, 1, null, 2), 'was left out, and is planned with again'],
  ['sydney', move(1, 2, null, 2), 'the site does not tell its costs'],
  ['sydney', move(1, 2, 2, 1), '50.00 % cheaper there'],
  ['sydney', move(2, 1, 2, 3), '50.00 % dearer there'],
  ['sydney', move(1, 2, 2, 2), 'its cost stood still: it takes what others give'],
  ['sydney', move(2, 1, 2, 2), 'its cost stood still: it gives to others'],
  [
    'sydney',
    move(1, 2, 2, 3),
    '50.00 % dearer there, but other sites got dearer still, or have less room',
  ],
  [
    'sydney',
    move(2, 1, 2, 1),
    '50.00 % cheaper there, but other sites got cheaper still, or have more room',
  ],
])('why requests moved: %s', (site, of, words) => {
  expect(reasonFor(site, of, moves)).toBe(words);
});

test.each([
  [move(1, 2, 2, 2), 'its cost stood still: more requests come in all'],
  [move(2, 1, 2, 2), 'its cost stood still: it gives to others'],
  [move(1, 2, 2, 3), '50.00 % dearer there, but more requests come in all'],
  [move(1, 2, 2, 1), '50.00 % cheaper there'],
])('where demand rose, that is why: %#', (of, words) => {
  const sites = [of, move(4, 6, 2, 2)];
  expect(demandChange({ sites })?.after).toBeGreaterThan(6);
  expect(reasonFor('sydney', of, { ...moves, sites })).toBe(words);
});

test('demand that is the same but for rounding is no reason', () => {
  const sites = [move(10, 11, 2, 1), move(11, 10.05, 2, 2)];
  expect(demandChange({ sites })).toBeUndefined();
});
