import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EnvelopeMatrix } from '../../../../src/core/optimizer/master/envelope-cholesky.ts';
import { masterLayout } from '../../../../src/core/optimizer/master/index.ts';
import { randomInstance } from '../../support/instances.ts';
import { dice } from '../../support/random.ts';

const seeds = fc.integer({ min: 1, max: 100_000 });

test('random positive definite systems within a random envelope are solved', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 14 }), (seed, n) => {
      const d = dice(seed);
      const first = Int32Array.from({ length: n }, (_, i) => d.integer(0, i));
      const a = new EnvelopeMatrix(first);
      const full = new Float64Array(n * n);
      for (let i = 0; i < n; i++) {
        for (let j = first[i]!; j < i; j++) {
          const value = d.uniform(-1, 1);
          a.values[a.base[i]! + j] = value;
          full[i * n + j] = value;
          full[j * n + i] = value;
        }
      }
      // Diagonal dominance makes it positive definite.
      for (let i = 0; i < n; i++) {
        let sum = 0.1;
        for (let j = 0; j < n; j++) sum += Math.abs(full[i * n + j]!);
        a.values[a.base[i]! + i] = sum;
        full[i * n + i] = sum;
      }
      const x = Float64Array.from({ length: n }, () => d.uniform(-5, 5));
      const rhs = x.map((_, i) => x.reduce((s, xj, j) => s + full[i * n + j]! * xj, 0));
      a.factorize();
      a.solve(rhs);
      for (let i = 0; i < n; i++) expect(Math.abs(rhs[i]! - x[i]!)).toBeLessThan(1e-9);
    }),
    { seed: 30, numRuns: 150 },
  );
});

test('the layout keeps every site and every edge of a row once, in the order of the sites', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { problem: p } = randomInstance(seed, { sites: 9, zones: 6, edgeShare: 0.3 });
      const { place, learned } = masterLayout(p);
      expect([...place].sort((a, b) => a - b)).toEqual(p.sites.map((_, j) => j));
      for (let r = 0; r + 1 < p.rowStart.length; r++) {
        const row = [...learned.sourceEdge.slice(p.rowStart[r], p.rowStart[r + 1])];
        const places = row.map((e) => place[p.edgeSite[e]!]!);
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect(row.sort((a, b) => a - b)).toEqual(Array.from(row, (_, n) => p.rowStart[r]! + n));
      }
    }),
    { seed: 31, numRuns: 50 },
  );
});
