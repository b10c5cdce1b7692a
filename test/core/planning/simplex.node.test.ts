import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Tableau } from '../../../src/core/planning/policies/simplex.ts';
import { term } from '../support/plant-lp.ts';
import { leastOf } from '../support/reference.ts';

const COLUMNS = 5;

/** Whole numbers, so that ties and rows that others imply are common. */
const row = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: COLUMNS, maxLength: COLUMNS });

/** A program that holds a point of whole numbers, and two objectives. */
const programs = fc.record({
  point: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: COLUMNS, maxLength: COLUMNS }),
  equal: fc.array(row, { maxLength: 3 }),
  atMost: fc.array(fc.tuple(row, fc.integer({ min: 0, max: 2 })), { maxLength: 4 }),
  costs: fc.tuple(row, row),
});

const dot = (a: readonly number[], x: ArrayLike<number>) => a.reduce((s, v, j) => s + v * x[j]!, 0);
const line = (a: readonly number[]) => a.map((v, j) => term(v, `x${j}`)).join(' ');
const given = (a: readonly number[]) => a.some((v) => v !== 0);

test('two objectives one after the other, as HiGHS finds them, whatever ties and rows say twice', () => {
  fc.assert(
    fc.property(programs, ({ point, equal, atMost, costs }) => {
      const box = 6;
      const tableau = new Tableau(COLUMNS, atMost.length + 3);
      for (const a of equal) tableau.equal(Float64Array.from(a), dot(a, point));
      for (const [a, room] of atMost) tableau.atMost(Float64Array.from(a), dot(a, point) + room);
      tableau.atMost(new Float64Array(COLUMNS).fill(1), 2 * box);
      expect(tableau.start()).toBe(true);
      const rows = [
        ...equal.filter(given).map((a) => `${line(a)} = ${dot(a, point)}`),
        ...atMost
          .filter(([a]) => given(a))
          .map(([a, room]) => `${line(a)} <= ${dot(a, point) + room}`),
        `${line([1, 1, 1, 1, 1])} <= ${2 * box}`,
      ];
      for (const c of costs) {
        expect(tableau.minimize(Float64Array.from(c))).toBe(true);
        const x = tableau.values();
        const value = dot(c, x);
        for (const a of equal) expect(dot(a, x)).toBeCloseTo(dot(a, point), 8);
        for (const [a, room] of atMost) {
          expect(dot(a, x)).toBeLessThanOrEqual(dot(a, point) + room + 1e-8);
        }
        expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
        if (!given(c)) continue;
        const cost = c.map((v, j) => term(v, `x${j}`));
        expect(value).toBeCloseTo(leastOf({ cost, rows, bounds: [] }), 7);
        expect(tableau.atMost(Float64Array.from(c), value + 1)).toBe(true);
        rows.push(`${line(c)} <= ${value + 1}`);
      }
    }),
    { numRuns: 200 },
  );
});

test('says what has no point, and what falls without end', () => {
  const none = new Tableau(2, 1);
  none.equal(Float64Array.of(1, 1), 3);
  none.atMost(Float64Array.of(1, 1), 2);
  expect(none.start()).toBe(false);
  const endless = new Tableau(2, 1);
  endless.atMost(Float64Array.of(1, -1), 1);
  expect(endless.start()).toBe(true);
  expect(endless.minimize(Float64Array.of(-1, 0))).toBe(false);
  const point = new Tableau(1, 2);
  point.atMost(Float64Array.of(-1), -2);
  expect(point.start() && point.minimize(Float64Array.of(1))).toBe(true);
  expect(point.values()).toEqual(Float64Array.of(2));
  expect(point.atMost(Float64Array.of(1), 1)).toBe(false);
});
