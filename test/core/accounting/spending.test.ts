import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Spending } from '../../../src/core/accounting/spending.ts';

const MONTH = 0;
const amounts = (n: number) => ({ costNanoAud: 10 * n, carbonMg: n });

/** What happens to one key: this isolate and another spend and book, and the ledger is read. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('spend' as const), n: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('other' as const), n: fc.integer({ min: 1, max: 9 }) }),
    fc.constant({ kind: 'book' as const }),
    fc.constant({ kind: 'read' as const }),
    fc.constant({ kind: 'hear' as const }),
  ),
  { maxLength: 60 },
);

test('what is spent never falls, is never above the truth, and holds all of this isolate’s own', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const spending = new Spending();
      spending.follow('k', MONTH, 0);
      let [own, others, unbooked, ledger] = [0, 0, 0, 0];
      const reads: number[] = [];
      let last = 0;
      for (const step of all) {
        if (step.kind === 'spend') {
          own += step.n;
          unbooked += step.n;
          spending.add('k', amounts(step.n));
        } else if (step.kind === 'other') {
          others += step.n;
          ledger += step.n;
        } else if (step.kind === 'book') {
          ledger += unbooked;
          unbooked = 0;
        } else if (step.kind === 'read') {
          reads.push(ledger);
        } else {
          const booked = reads.shift();
          if (booked !== undefined) spending.learn('k', MONTH, amounts(booked), amounts(unbooked));
        }
        const { carbonMg, costNanoAud } = spending.of('k', MONTH);
        expect(costNanoAud).toBe(10 * carbonMg);
        expect(carbonMg).toBeGreaterThanOrEqual(last);
        expect(carbonMg).toBeGreaterThanOrEqual(own);
        expect(carbonMg).toBeLessThanOrEqual(own + others);
        last = carbonMg;
      }
      spending.learn('k', MONTH, amounts(ledger), amounts(unbooked));
      expect(spending.of('k', MONTH).carbonMg).toBe(own + others);
    }),
    { numRuns: 500 },
  );
});

describe('a new month', () => {
  test('begins at what was booked in it; a read from before it turned changes nothing', () => {
    const spending = new Spending();
    spending.follow('k', 0, 0);
    spending.learn('k', 0, amounts(50), amounts(0));
    expect(spending.of('k', 1)).toEqual(amounts(0));
    spending.learn('k', 1, amounts(2), amounts(1));
    expect(spending.of('k', 1)).toEqual(amounts(3));
    spending.learn('k', 0, amounts(60), amounts(0));
    expect(spending.of('k', 1)).toEqual(amounts(3));
  });
});

test('a key nobody uses is forgotten after ten minutes', () => {
  const spending = new Spending();
  expect(spending.follow('k', 0, 0)).toBe(false);
  expect(spending.followed(600_000)).toEqual(['k']);
  spending.follow('k', 0, 600_000);
  expect(spending.followed(1_200_000)).toEqual(['k']);
  expect(spending.followed(1_200_001)).toEqual([]);
});
