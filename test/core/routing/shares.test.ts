import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digest, rankSites } from '../../../src/core/routing/rendezvous.ts';

const SESSIONS = 20_000;

type Shares = [string, number][];

function leaders(shares: Shares): (string | undefined)[] {
  return Array.from({ length: SESSIONS }, (_, n) => rankSites(digest(`session ${n}`), shares)[0]);
}

const shares: Shares = [
  ['melbourne', 0.341],
  ['adelaide', 0.146],
  ['sydney', 0.138],
  ['perth', 0.136],
  ['hobart', 0.11],
  ['brisbane', 0.079],
  ['darwin', 0.05],
];

test('actual shares are the planned ones within 2 % of all sessions, of 20,000', () => {
  const led = leaders(shares);
  for (const [site, share] of shares) {
    const actual = led.filter((s) => s === site).length / SESSIONS;
    expect(Math.abs(actual - share)).toBeLessThanOrEqual(0.02);
    // Four standard deviations, which says more of the small ones.
    expect(Math.abs(actual - share)).toBeLessThanOrEqual(
      4 * Math.sqrt((share * (1 - share)) / SESSIONS),
    );
  }
});

test.each([
  ['from the largest to a middling one', { melbourne: -0.06, hobart: 0.06 }],
  ['between small ones', { darwin: -0.03, brisbane: 0.03 }],
  ['among all', { melbourne: -0.1, adelaide: 0.04, sydney: -0.05, perth: 0.07, hobart: 0.04 }],
])('a change of the plan moves less than twice the sessions that must move: %s', (_, change) => {
  const least = Object.values(change).reduce((sum, by) => sum + Math.max(0, by), 0);
  const changed = shares.map(([site, share]): [string, number] => {
    return [site, share + ((change as Record<string, number>)[site] ?? 0)];
  });
  const before = leaders(shares);
  const after = leaders(changed);
  const moved = before.filter((site, n) => site !== after[n]).length / SESSIONS;
  const most = (2 * least) / (1 + least);
  const fourDeviations = 4 * Math.sqrt((most * (1 - most)) / SESSIONS);
  expect(moved).toBeGreaterThanOrEqual(least - fourDeviations);
  expect(moved).toBeLessThanOrEqual(most + fourDeviations);
  // Nobody goes from a site that gained, to one that lost.
  const movers = before.flatMap((site, n) => (site === after[n] ? [] : [[site, after[n]]]));
  const by = (site: unknown) => (change as Record<string, number>)[site as string] ?? 0;
  expect(movers.filter(([from, to]) => by(from) > 0 && by(to) < 0)).toEqual([]);
});

test('without one site, only its sessions move', () => {
  const before = leaders(shares);
  const after = leaders(shares.filter(([site]) => site !== 'perth'));
  before.forEach((site, n) => {
    if (site !== 'perth') expect(after[n]).toBe(site);
  });
});

test('scaling all shares moves nobody', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (session, factor) => {
      const scaled = shares.map(([site, share]): [string, number] => [site, share * factor]);
      expect(rankSites(session, scaled)).toEqual(rankSites(session, shares));
    }),
  );
});
