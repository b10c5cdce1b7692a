import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { digest, rankSites } from '../../../src/core/routing/rendezvous.ts';
import { Steering } from '../../../src/core/routing/steering.ts';

type Shares = [site: string, share: number][];

const shares: Shares = [
  ['melbourne', 0.341],
  ['adelaide', 0.259],
  ['sydney', 0.211],
  ['perth', 0.139],
  ['hobart', 0.05],
];
const options = { maxDriftShare: 0.02, windowS: 300 };

let steering: Steering;
beforeEach(() => {
  steering = new Steering(options);
});

/** Sends one request; returns where it was drawn to and where it goes. */
function send(session: string, nowMs: number, isFirst = true) {
  const name = digest(session);
  const ranked = rankSites(name, shares);
  const request = { flow: 'f', session: name, isFirst, shares, expectedMs: () => 100 };
  const { sites, moved } = steering.order(ranked, request, nowMs);
  const [drawn, to] = [ranked[0] as string, sites[0] as string];
  steering.note(request, drawn, to, to, nowMs);
  return { drawn, to, why: moved?.why };
}

/** First tokens of every site, one of which may take longer. */
function time(nowMs: number, slow?: string): void {
  for (const [site] of shares) steering.timed(site, site === slow ? 400 : 100, 100, nowMs);
}

function shareOf(site: string, sent: { to: string }[]): number {
  return sent.filter((s) => s.to === site).length / sent.length;
}

test('without a slow site everything goes where it is drawn to', () => {
  for (let n = 0; n < 3000; n++) {
    time(n * 50);
    const { drawn, to } = send(`session ${n}`, n * 50);
    expect(to).toBe(drawn);
  }
});

test('sites of which nothing is known are neither left nor gone to', () => {
  for (let n = 0; n < 10; n++) steering.timed('melbourne', 400, 100, 0);
  for (let n = 0; n < 3000; n++) {
    const { drawn, to } = send(`session ${n}`, n);
    expect(to).toBe(drawn);
  }
});

describe('a site that is slow', () => {
  /** Twenty sessions a second; the site is slow in every other minute, or all the time. */
  function run(slowSite: string, isSlow: (minute: number) => boolean) {
    return Array.from({ length: 20_000 }, (_, n) => {
      const nowMs = n * 50;
      if (n % 10 === 0) time(nowMs, isSlow(Math.floor(nowMs / 60_000)) ? slowSite : undefined);
      return send(`session ${n}`, nowMs);
    });
  }

  test.each([
    ['melbourne', 'every other minute', (minute: number) => minute % 2 === 1],
    ['perth', 'always', () => true],
  ])('%s, %s: of 20,000 sessions shares are within 2 %', (slow, _, isSlow) => {
    const sent = run(slow, isSlow);
    expect(sent.some((s) => s.why === 'slow')).toBe(true);
    for (const [site, share] of shares) {
      expect(Math.abs(shareOf(site, sent) - share)).toBeLessThanOrEqual(0.02);
      // In any five minutes, too, against what the draw alone would have given.
      for (let from = 0; from + 6000 <= sent.length; from += 600) {
        const window = sent.slice(from, from + 6000);
        const drawn = window.map((s) => ({ to: s.drawn }));
        expect(Math.abs(shareOf(site, window) - shareOf(site, drawn))).toBeLessThanOrEqual(0.02);
      }
    }
  });

  test('loses sessions while it is slow, and gets them back from those that gained', () => {
    const sent = run('melbourne', (minute) => minute < 5);
    for (const { drawn, to, why } of sent) {
      if (why === 'slow') expect(drawn).toBe('melbourne');
      if (why === 'repaid') expect(to).toBe('melbourne');
    }
    const [lost, repaid] = ['slow', 'repaid'].map((why) => sent.filter((s) => s.why === why));
    expect(lost?.length).toBeGreaterThan(50);
    expect(repaid?.length).toBeGreaterThan(20);
  });
});

test('a session stays where it began, whatever becomes of the sites', () => {
  const requests = fc.array(
    fc.record({
      session: fc.nat(30).map((n) => `session ${n}`),
      slow: fc.option(fc.constantFrom(...shares.map(([site]) => site)), { nil: undefined }),
      isFirst: fc.boolean(),
      pauseMs: fc.nat(5000),
    }),
    { minLength: 100, maxLength: 300 },
  );
  fc.assert(
    fc.property(requests, (sent) => {
      steering = new Steering({ maxDriftShare: 0.5, windowS: 300 });
      const homes = new Map<string, string>();
      let nowMs = 0;
      for (const { session, slow, isFirst, pauseMs } of sent) {
        nowMs += pauseMs;
        for (let n = 0; n < 5; n++) time(nowMs, slow);
        const { to } = send(session, nowMs, isFirst);
        expect(to).toBe(homes.get(session) ?? to);
        homes.set(session, to);
      }
    }),
    { numRuns: 30 },
  );
});

test('sessions that are many requests each count as many', () => {
  const sent: { drawn: string; to: string }[] = [];
  for (let n = 0; n < 4000; n++) {
    const nowMs = n * 250;
    time(nowMs, 'adelaide');
    for (let turn = 0; turn < 5; turn++) sent.push(send(`session ${n}`, nowMs + turn, turn === 0));
  }
  expect(sent.some((s) => s.to !== s.drawn)).toBe(true);
  const drawn = sent.map((s) => ({ to: s.drawn }));
  for (const [site] of shares) {
    expect(Math.abs(shareOf(site, sent) - shareOf(site, drawn))).toBeLessThanOrEqual(0.02);
  }
});
