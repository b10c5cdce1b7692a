import { expect, test } from 'vitest';
import { bracketedRoot } from '../../../src/core/optimizer/root.ts';

test('roots of smooth, steep and jumping functions, from above', () => {
  const functions: [(x: number) => number, number][] = [
    [(x) => x - 0.3, 0.3],
    [(x) => x ** 9 - 1e-6, 1e-6 ** (1 / 9)],
    [(x) => 1 / (1 - x) - 1e6, 1 - 1e-6],
    [(x) => (x < 0.7 ? -1 : 1), 0.7],
    [(x) => Math.expm1(50 * (x - 0.9)), 0.9],
  ];
  for (const [f, root] of functions) {
    const found = bracketedRoot(f, 0, 1 - 1e-12);
    expect(Math.abs(found - root)).toBeLessThan(1e-12);
    expect(f(found)).toBeGreaterThanOrEqual(0);
  }
});

test('the lower end, when it is already a root', () => {
  expect(bracketedRoot((x) => x, 0, 1)).toBe(0);
  expect(bracketedRoot((x) => x + 5, 0, 1)).toBe(0);
});

test('few evaluations', () => {
  let calls = 0;
  bracketedRoot(
    (x) => {
      calls++;
      return x ** 5 - 1e-9;
    },
    0,
    1,
  );
  expect(calls).toBeLessThan(80);
});
