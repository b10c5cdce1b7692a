import { describe, expect, test } from 'vitest';
import { SiteHealth } from '../../../src/core/routing/health.ts';
import { RetryBudget } from '../../../src/core/routing/retry-budget.ts';

const sites = ['a', 'b', 'c', 'd'];

function health(capacity: Record<string, number> = {}): SiteHealth {
  return new SiteHealth(
    new Map(sites.map((s) => [s, { capacity: capacity[s] ?? 1, concurrency: 10 }])),
  );
}

function fail(of: SiteHealth, site: string, times: number, nowMs = 0): void {
  for (let n = 0; n < times; n++) of.judge(site, { kind: 'failed' }, nowMs);
}

function time(of: SiteHealth, site: string, ratio: number, times = 10, nowMs = 0): void {
  for (let n = 0; n < times; n++) {
    of.judge(site, { kind: 'spoke', ttftMs: 100 * ratio, expectedMs: 100 }, nowMs);
  }
}

test('what is told to others: ends of attempts, and times of streams that began', () => {
  const h = health();
  time(h, 'a', 2, 3);
  h.judge('a', { kind: 'began' }, 0);
  h.judge('a', { kind: 'overtaken', ttftMs: 900, expectedMs: 100 }, 0);
  h.judge('a', { kind: 'answered' }, 0);
  fail(h, 'b', 1);
  expect(h.takeTallies(0)).toEqual({
    a: { good: 1, bad: 0, timed: { count: 3, ttftMs: 600, expectedMs: 300 } },
    b: { good: 0, bad: 1 },
  });
  expect(h.takeTallies(0)).toEqual({});
  fail(h, 'b', 3);
  expect(h.takeTallies(0)).toEqual({ b: { good: 0, bad: 3, ejected: 'failures' } });
  // A stream from before ends well, then a request that came after.
  h.judge('b', { kind: 'answered' }, 5000);
  expect(h.takeTallies(0)).toEqual({ b: { good: 1, bad: 0, ejected: 'failures' } });
  h.judge('b', { kind: 'answered' }, 60_000);
  expect(h.takeTallies(60_000)).toEqual({ b: { good: 1, bad: 0 } });
});

test('a site that is out of use is told of each time, and while a request tries it', () => {
  const h = health();
  fail(h, 'a', 3);
  const told = { a: { good: 0, bad: 0, ejected: 'failures' } };
  h.takeTallies(0);
  expect(h.takeTallies(9999)).toEqual(told);
  // Its time is over, and nobody has asked it: nothing is known.
  expect(h.takeTallies(10_000)).toEqual({});
  h.begin('a', 11_000);
  // Up to ten minutes without streams.
  expect(h.takeTallies(611_000)).toEqual(told);
  h.judge('a', { kind: 'answered' }, 611_000);
  h.end('a');
  expect(h.takeTallies(611_000)).toEqual({ a: { good: 1, bad: 0 } });
  expect(h.takeTallies(611_000)).toEqual({});
});

describe('ejection', () => {
  test('two failures change nothing, three in a row put a site last', () => {
    const h = health();
    fail(h, 'a', 2);
    expect(h.order(sites, 0)).toEqual(sites);
    h.judge('a', { kind: 'answered' }, 0);
    fail(h, 'a', 2);
    expect(h.order(sites, 0)).toEqual(sites);
    fail(h, 'a', 1);
    expect(h.order(sites, 0)).toEqual(['b', 'c', 'd', 'a']);
  });

  test('a site that fails more often than not is out, even with answers between', () => {
    const h = health();
    for (let n = 0; n < 10; n++) {
      fail(h, 'a', 2);
      h.judge('a', { kind: 'answered' }, 0);
    }
    expect(h.isOut('a', 0)).toBe(true);
  });

  test('a server that answers, then dies in mid-stream, is found out all the same', () => {
    const h = health();
    for (let n = 0; n < 3; n++) {
      h.judge('a', { kind: 'began' }, 0);
      fail(h, 'a', 1);
    }
    expect(h.isOut('a', 0)).toBe(true);
  });

  test('half-open: one request tries it; its answer lets all in, its failure doubles the time', () => {
    const h = health();
    fail(h, 'a', 3);
    expect(h.isOut('a', 9_999)).toBe(true);
    expect(h.order(sites, 10_000)).toEqual(sites);
    h.begin('a', 10_000);
    expect(h.order(sites, 10_001)).toEqual(['b', 'c', 'd', 'a']);
    fail(h, 'a', 1, 10_100);
    expect(h.isOut('a', 10_100 + 19_999)).toBe(true);
    expect(h.isOut('a', 10_100 + 20_000)).toBe(false);
    h.begin('a', 40_000);
    h.judge('a', { kind: 'began' }, 40_100);
    expect(h.order(sites, 40_100)).toEqual(sites);
  });

  test('panic: with more than half of the capacity out, nobody is', () => {
    const h = health();
    fail(h, 'a', 3);
    fail(h, 'b', 3);
    expect(h.order(sites, 0)).toEqual(['c', 'd', 'a', 'b']);
    fail(h, 'c', 3);
    expect(h.order(sites, 0)).toEqual(sites);
    const big = health({ a: 10 });
    fail(big, 'a', 3);
    expect(big.order(sites, 0)).toEqual(sites);
  });

  test('far slower than expected and than the others: out; slow like all: not', () => {
    const h = health();
    for (const site of sites) time(h, site, 20);
    expect(h.order(sites, 0)).toEqual(sites);
    const other = health();
    for (const site of ['b', 'c', 'd']) time(other, site, 1);
    time(other, 'a', 20);
    expect(other.isOut('a', 0)).toBe(true);
    expect(other.order(sites, 0).at(-1)).toBe('a');
  });

  test('what others found down is out until they say otherwise', () => {
    const h = health();
    h.tell(['b']);
    expect(h.order(sites, 0)).toEqual(['a', 'c', 'd', 'b']);
    h.tell([]);
    expect(h.order(sites, 0)).toEqual(sites);
  });
});

describe('a busy site', () => {
  test('is not asked before it said, and is not ill', () => {
    const h = health();
    for (let n = 0; n < 5; n++) h.judge('a', { kind: 'busy', retryAtMs: 7000 }, 0);
    expect(h.order(sites, 6_999)).toEqual(['b', 'c', 'd']);
    expect(h.order(sites, 7_000)).toEqual(sites);
  });

  test('that all are leaves nobody to ask', () => {
    const h = health();
    for (const site of sites) h.judge(site, { kind: 'busy', retryAtMs: 5000 }, 0);
    expect(h.order(sites, 0)).toEqual([]);
    expect(h.retryAtMs('a')).toBe(5000);
  });
});

describe('the limit of concurrency', () => {
  test('begins at the hardware’s; a full site comes after those with room', () => {
    const h = health();
    for (let n = 0; n < 10; n++) {
      expect(h.order(sites, 0)[0]).toBe('a');
      h.begin('a', 0);
    }
    expect(h.order(sites, 0)).toEqual(['b', 'c', 'd', 'a']);
    h.end('a');
    expect(h.order(sites, 0)).toEqual(sites);
  });

  test('falls while a queue forms and grows back once it is gone', () => {
    const h = health();
    time(h, 'a', 1, 50);
    for (let n = 0; n < 8; n++) h.begin('a', 0);
    expect(h.order(sites, 0)[0]).toBe('a');
    for (let s = 1; s <= 5; s++) time(h, 'a', 6, 5, 1000 * s);
    expect(h.order(sites, 5000)[0]).toBe('b');
    time(h, 'a', 1, 400, 20_000);
    expect(h.order(sites, 20_000)[0]).toBe('a');
  });
});

test('retries: a reserve at first, then a fifth of the requests', () => {
  const budget = new RetryBudget(0.2, 5);
  let spent = 0;
  for (let n = 0; n < 1000; n++) {
    budget.deposit();
    if (budget.spend()) spent++;
  }
  expect(spent).toBeGreaterThanOrEqual(200);
  expect(spent).toBeLessThanOrEqual(206);
});
