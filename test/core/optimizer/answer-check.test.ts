import { describe, expect, test } from 'vitest';
import { answerFault, contradiction } from '../../../src/core/optimizer/answer-check.ts';
import { begin, propose } from '../../../src/core/optimizer/consensus.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import {
  answerQuery,
  type SiteAnswer,
  type SiteQuery,
} from '../../../src/core/optimizer/site-subproblem.ts';
import { randomInstance } from '../support/instances.ts';
import { dice } from '../support/random.ts';

const instance = randomInstance(1);
const state = begin(instance.problem, settingsSchema.parse({}));
const query = propose(instance.problem, state)[0] as SiteQuery;

function faultOf(change: (answer: SiteAnswer) => void, asked = query): string | undefined {
  const answer = answerQuery(instance.sites[0]!, asked);
  change(answer);
  return answerFault(instance.problem, asked, answer);
}

/** g(z) − p·z in the first slot. */
function valueAtProposal(a: SiteAnswer): number {
  const K = instance.problem.classCount;
  let value = a.costAud[0]!;
  for (let k = 0; k < K; k++) value -= query.prices[k]! * query.totals[k]!;
  return value;
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
    [
      'NaN',
      (a) => (a.costAud[1] = Number.NaN),
      'costAud[1] is NaN, expected a finite number of at most 1000000000000000',
    ],
    [
      'infinity',
      (a) => (a.marginalAud[0] = Number.POSITIVE_INFINITY),
      'marginalAud[0] is Infinity, expected a finite number of at most 1000000000000000',
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
      'a cost beyond all measure',
      (a) => (a.marginalAud[0] = -1e300),
      'marginalAud[0] is -1e+300, expected a finite number of at most 1000000000000000',
    ],
    [
      'a bound above its cost, far',
      (a) => (a.boundAud[0] = 1e6),
      'boundAud[0] exceeds the cost at the proposal: not a minimum',
    ],
    [
      'a bound above its cost by a millionth',
      (a) => (a.boundAud[0] = valueAtProposal(a) + 1e-6 * Math.abs(a.costAud[0]!)),
      'boundAud[0] exceeds the cost at the proposal: not a minimum',
    ],
    [
      'a bound below all that is possible',
      (a) => (a.boundAud[0] = -1e6),
      'boundAud is below what a convex cost with these marginal costs can fall to',
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
  const point = (totals: number[], costAud: number, marginal: number[]) => ({
    totals: Float64Array.from(totals),
    costAud: Float64Array.of(costAud),
    marginalAud: Float64Array.from(marginal),
  });
  const first = point([1, 1], 2, [1, 1]);

  test('a marginal cost that falls along the way', () => {
    expect(contradiction(first, point([2, 1], 2.75, [0.5, 1]))).toMatch(/^marginalAud falls/);
    expect(contradiction(first, point([2, 1], 3.2, [1.5, 1]))).toBeUndefined();
    expect(contradiction(first, first)).toBeUndefined();
  });

  test('a cost that moves by more or less than the marginal costs allow', () => {
    expect(contradiction(first, point([2, 1], 2.9, [1.5, 1]))).toMatch(/^costAud contradicts/);
    expect(contradiction(first, point([2, 1], 3.6, [1.5, 1]))).toMatch(/^costAud contradicts/);
    expect(contradiction(first, point([1, 1], 1, [1, 1]))).toMatch(/^costAud contradicts/);
  });

  test('one class may get cheaper while the load rises, if the product does not fall', () => {
    expect(contradiction(first, point([3, 0.9], 4.9, [2, 1.1]))).toBeUndefined();
  });

  test('rounding is no contradiction', () => {
    const near = point([1 + 1e-9, 1], 2 + 1e-9, [1 - 1e-16, 1]);
    expect(contradiction(first, near)).toBeUndefined();
  });

  test('honest sites never contradict themselves', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { problem, sites } = randomInstance(seed, { negativeShare: 0.5, waitingAud: seed % 4 });
      const d = dice(seed);
      const asked = propose(problem, begin(problem, settingsSchema.parse({})))[0] as SiteQuery;
      const samples = [1, 0.9, 0.3, 0].map((share) => {
        const totals = asked.totals.map((n) => n * share * d.uniform(0.5, 1));
        const { costAud, marginalAud } = answerQuery(sites[0]!, { ...asked, totals });
        return { totals, costAud, marginalAud };
      });
      for (const a of samples) {
        for (const b of samples) expect(contradiction(a, b)).toBeUndefined();
      }
    }
  });
});
