import { expect, test } from 'vitest';
import { reasonFor } from '../../src/dashboard/move-reason.ts';

const moves = {
  slots: 24,
  sites: [],
  sinceVersion: 1,
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
])('why requests moved: %s', (site, of, words) => {
  expect(reasonFor(site, of, moves)).toBe(words);
});
