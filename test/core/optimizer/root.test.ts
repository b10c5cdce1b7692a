import fc from 'fast-check';
import { expect, test } from 'vitest';
import { factorize, solveFactorized } from '../../../src/core/optimizer/cholesky.ts';
import { bracketedRoot } from '../../../src/core/optimizer/root.ts';
import { dice } from '../support/random.ts';

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

test('Cholesky solves random positive definite systems', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 12 }),
      (seed, n) => {
        const d = dice(seed);
        const b = Float64Array.from({ length: n * n }, () => d.uniform(-1, 1));
        const a = new Float64Array(n * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            for (let k = 0; k < n; k++)
              a[i * n + j] = a[i * n + j]! + b[i * n + k]! * b[j * n + k]!;
          }
          a[i * n + i] = a[i * n + i]! + 0.1;
        }
        const x = Float64Array.from({ length: n }, () => d.uniform(-5, 5));
        const rhs = x.map((_, i) => x.reduce((s, xj, j) => s + a[i * n + j]! * xj, 0));
        const l = a.slice();
        factorize(l, n);
        solveFactorized(l, n, rhs);
        for (let i = 0; i < n; i++) expect(Math.abs(rhs[i]! - x[i]!)).toBeLessThan(1e-9);
      },
    ),
    { seed: 30, numRuns: 100 },
  );
});
