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

test('a change of the plan moves the fewest sessions: those whose share went elsewhere', () => {
  const before = leaders(shares);
  const moved = 0.06;
  const after = leaders(
    shares.map(([site, share]) => {
      if (site === 'melbourne') return [site, share - moved];
      return [site, site === 'hobart' ? share + moved : share];
    }),
  );
  const movers = before.flatMap((site, n) => (site === after[n] ? [] : [`${site} ${after[n]}`]));
  // Each share that grows draws from all, so a little more than the difference moves, not the double.
  expect(movers.length / SESSIONS).toBeGreaterThanOrEqual(moved * 0.9);
  expect(movers.length / SESSIONS).toBeLessThanOrEqual(moved * 1.6);
  for (const move of movers) expect(/^melbourne|hobart$/.test(move)).toBe(true);
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
