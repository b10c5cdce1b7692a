import { describe, expect, test } from 'vitest';
import { answerFault, fallingMarginal } from '../../../src/core/optimizer/answer-check.ts';
import { begin, propose } from '../../../src/core/optimizer/consensus.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import {
  answerQuery,
  type SiteAnswer,
  type SiteQuery,
} from '../../../src/core/optimizer/site-subproblem.ts';
import { randomInstance } from '../support/instances.ts';

const instance = randomInstance(1);
const state = begin(instance.problem, settingsSchema.parse({}));
const query = propose(instance.problem, state)[0] as SiteQuery;

function faultOf(change: (answer: SiteAnswer) => void, asked = query): string | undefined {
  const answer = answerQuery(instance.sites[0]!, asked);
  change(answer);
  return answerFault(instance.problem, asked, answer);
}

test('an honest answer passes', () => {
  expect(faultOf(() => {})).toBeUndefined();
});

test('honest answers pass on random instances, full and overfull sites included', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { problem, sites } = randomInstance(seed, {
      utilisation: 0.3 + (seed % 10) / 10,
      waitingAud: seed % 3 === 0 ? 0 : 1,
      edgeShare: 0.4,
    });
    const started = begin(problem, settingsSchema.parse({}));
    propose(problem, started).forEach((q, j) => {
      expect(answerFault(problem, q!, answerQuery(sites[j]!, q!))).toBeUndefined();
    });
  }
});

describe('a reason for every fault', () => {
  test.each<[string, (a: SiteAnswer) => void, string]>([
    ['another round', (a) => (a.round = 7), 'answers round 7, expected 1'],
    ['NaN', (a) => (a.costAud[1] = Number.NaN), 'costAud[1] is NaN, expected a finite number'],
    [
      'infinity',
      (a) => (a.marginalAud[0] = Number.POSITIVE_INFINITY),
      'marginalAud[0] is Infinity, expected a finite number',
    ],
    ['too short', (a) => (a.boundAud = a.boundAud.slice(1)), 'boundAud has 2 values, expected 3'],
    ['too long', (a) => (a.slopeAud = new Float64Array(4)), 'slopeAud has 4 values, expected 3'],
    [
      'missing',
      (a) => ((a as Partial<SiteAnswer>).marginalAud = undefined),
      'marginalAud is missing',
    ],
    [
      'falling marginal cost',
      (a) => (a.slopeAud[2] = -0.1),
      'slopeAud[2] is negative: a falling marginal cost is not convex',
    ],
    [
      'a bound above its cost',
      (a) => (a.boundAud[0] = 1e6),
      'boundAud[0] exceeds the cost at the proposal: not a minimum',
    ],
  ])('%s', (_, change, reason) => {
    expect(faultOf(change)).toBe(reason);
  });

  test('a proximal point missing, outside its box, negative', () => {
    const TK = query.totals.length;
    const asked: SiteQuery = {
      ...query,
      proximal: { penalty: new Float64Array(TK).fill(1), center: query.totals },
    };
    expect(faultOf(() => {}, asked)).toBeUndefined();
    expect(faultOf((a) => delete a.proximal, asked)).toBe('proximal is missing');
    expect(faultOf((a) => (a.proximal![1] = -1), asked)).toMatch(/^proximal\[1\] is -1, outside/);
    expect(faultOf((a) => (a.proximal![0] = 1e9), asked)).toMatch(/^proximal\[0\] is 1000000000/);
    expect(faultOf((a) => (a.proximal![0] = Number.NaN), asked)).toMatch(/^proximal\[0\] is NaN/);
  });
});

describe('answers that contradict convexity', () => {
  const point = (totals: number[], marginal: number[]) => ({
    totals: Float64Array.from(totals),
    marginalAud: Float64Array.from(marginal),
  });

  test('a marginal cost that falls along the way', () => {
    expect(fallingMarginal(point([1, 1], [1, 1]), point([2, 1], [0.5, 1]))).toBe(true);
    expect(fallingMarginal(point([1, 1], [1, 1]), point([2, 1], [1.5, 1]))).toBe(false);
    expect(fallingMarginal(point([1, 1], [1, 1]), point([1, 1], [1, 1]))).toBe(false);
  });

  test('one class may get cheaper while the load rises, if the product does not fall', () => {
    expect(fallingMarginal(point([1, 1], [1, 1]), point([3, 0.9], [2, 1.1]))).toBe(false);
  });

  test('rounding is no contradiction', () => {
    expect(fallingMarginal(point([1], [1]), point([1 + 1e-9], [1 - 1e-16]))).toBe(false);
  });
});
