import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { absorb, begin, incumbent, propose } from '../../../src/core/optimizer/consensus.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { answerQuery, type SiteQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import {
  leastBoundAud,
  mostCostAud,
  supplyBid,
  supplyFault,
  supplyLoads,
} from '../../../src/core/optimizer/supply-curve.ts';
import { decodeAnswer, encodeAnswer } from '../../../src/core/planning/round-wire.ts';
import { type InstanceShape, randomInstance } from '../support/instances.ts';
import { planFaults, trueCostAud } from '../support/plans.ts';
import { dice } from '../support/random.ts';

const seeds = fc.integer({ min: 1, max: 1_000_000 });

function shapeOf(seed: number): Partial<InstanceShape> {
  const d = dice(seed);
  return {
    zones: d.integer(1, 6),
    sites: d.integer(1, 6),
    classes: d.integer(1, 3),
    utilisation: d.uniform(0.1, 1.2),
    waitingAud: d.chance(0.2) ? 0 : d.uniform(0.1, 3),
    priorFactor: d.uniform(0.2, 4),
    closedShare: d.chance(0.2) ? 0.2 : 0,
    idleRowShare: d.chance(0.3) ? 0.3 : 0,
    base: d.chance(0.7),
    lateAud: seed % 4 === 0 ? 10 ** d.uniform(-1, 1) : 0,
  };
}

describe('a bid bounds the site’s cost', () => {
  test('from above at any totals, from below at any prices', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const d = dice(seed);
        const { problem: p, sites } = randomInstance(seed, shapeOf(seed));
        const K = p.classCount;
        const nothing = new Float64Array(p.slotCount * K);
        p.sites.forEach((capability, j) => {
          const load = supplyLoads(p, capability);
          const box = nothing.map(() => d.uniform(0, 20));
          const prices = nothing.map(() => d.uniform(-1, 3));
          const query: SiteQuery = { round: 1, totals: nothing, prices, box, supplyLoad: load };
          const answer = answerQuery(sites[j]!, query);
          expect(supplyFault(load, answer.supply!, p.slotCount)).toBeUndefined();
          const bid = supplyBid(capability, load, answer, answer.supply!);
          // Random totals within the limit.
          const totals = nothing.map((_, i) => {
            const limit = capability.maxLoad[Math.floor(i / K)]!;
            return (d.uniform(0, 1) * limit) / K / capability.loadPerReqPerS[i % K]!;
          });
          const there = answerQuery(sites[j]!, { ...query, totals });
          for (let t = 0; t < p.slotCount; t++) {
            const size = 1e-9 * (1 + Math.abs(there.costAud[t]!));
            const most = mostCostAud(bid, capability, totals, t);
            expect(most).toBeGreaterThanOrEqual(there.costAud[t]! - size);
            const least = leastBoundAud(bid, capability, prices, box, t);
            expect(least).toBeLessThanOrEqual(answer.boundAud[t]! + size);
          }
        });
      }),
      { seed: 70, numRuns: 150 },
    );
  });
});

describe('supply rounds', () => {
  test('one round proves a plan, and its certificate holds against the exact optimum', () => {
    let oneRound = 0;
    const RUNS = 60;
    fc.assert(
      fc.property(seeds, (seed) => {
        const instance = randomInstance(seed, shapeOf(seed));
        const { problem, sites } = instance;
        const bid = solve(problem, sites, { mode: 'supply', gapTarget: 1e-3, maxRounds: 20 });
        const exact = solve(problem, sites, { gapTarget: 1e-7, maxRounds: 60 });
        const size = 1e-7 * Math.abs(exact.certificate.objectiveAud) + 1e-9;
        const { lowerBoundAud, objectiveAud } = bid.certificate;
        expect(lowerBoundAud).toBeLessThanOrEqual(exact.certificate.objectiveAud + size);
        expect(objectiveAud).toBeGreaterThanOrEqual(exact.certificate.lowerBoundAud - size);
        expect(trueCostAud(instance, bid.flow, bid.unserved)).toBeLessThanOrEqual(
          objectiveAud + size,
        );
        const faults = planFaults(problem, bid.flow, bid.unserved);
        expect(faults.demand).toBeLessThan(1e-12);
        expect(faults.overLimit).toBeLessThan(1e-12);
        expect(bid.stopReason).toBe('gap');
        expect(bid.rounds).toBeLessThanOrEqual(3);
        if (bid.rounds === 1) oneRound++;
      }),
      { seed: 71, numRuns: RUNS },
    );
    expect(oneRound).toBeGreaterThan(0.7 * RUNS);
  });

  test('the priors do not matter: bids replace them', () => {
    const right = randomInstance(5, { utilisation: 0.7, waitingAud: 2 });
    const wrong = randomInstance(5, { utilisation: 0.7, waitingAud: 2, priorFactor: 10 });
    const [a, b] = [right, wrong].map(({ problem, sites }) =>
      solve(problem, sites, { mode: 'supply' }),
    );
    expect(b!.rounds).toBe(a!.rounds);
    expect(b!.certificate.objectiveAud).toBeCloseTo(a!.certificate.objectiveAud, 6);
  });

  test('a site that misses the bidding is asked on, and the plan is proven with it', () => {
    const { problem, sites } = randomInstance(6, { sites: 4, utilisation: 0.5 });
    const settings = settingsSchema.parse({ mode: 'supply' });
    const state = begin(problem, settings);
    for (let round = 1; round <= 8; round++) {
      const queries = propose(problem, state);
      const answers = queries.map((q, j) =>
        q && !(round === 1 && j === 2) ? answerQuery(sites[j]!, q) : undefined,
      );
      const report = absorb(problem, settings, state, queries, answers);
      if (round === 1) {
        expect(report.missing.map((m) => m.site)).toEqual(['site-2']);
        expect(report.certificate).toBeUndefined();
        expect(state.mode).toBe('learned');
      }
      if (report.certificate && report.certificate.gap <= 1e-3) break;
    }
    expect(incumbent(state)!.certificate.gap).toBeLessThanOrEqual(1e-3);
  });
});

describe('bids that are none', () => {
  const { problem, sites } = randomInstance(8, { sites: 1, waitingAud: 2 });
  const capability = problem.sites[0]!;
  const load = supplyLoads(problem, capability);
  const nothing = new Float64Array(problem.slotCount * problem.classCount);
  const query: SiteQuery = {
    round: 1,
    totals: nothing,
    prices: nothing,
    box: nothing,
    supplyLoad: load,
  };
  const honest = () => structuredClone(answerQuery(sites[0]!, query).supply!);

  test.each([
    [
      'too few values',
      (s: ReturnType<typeof honest>) => (s.costAud = s.costAud.slice(1)),
      /values/,
    ],
    ['no number', (s: ReturnType<typeof honest>) => (s.marginalAud[3] = Number.NaN), /finite/],
    ['a falling slope', (s: ReturnType<typeof honest>) => (s.slopeAud[2] = -1), /negative/],
    [
      'a falling marginal cost',
      (s: ReturnType<typeof honest>) => (s.marginalAud[5] = -9),
      /convex/,
    ],
    ['a cost off its own curve', (s: ReturnType<typeof honest>) => (s.costAud[9] = 99), /convex/],
  ])('%s is refused', (_, spoil, fault) => {
    const supply = honest();
    spoil(supply);
    expect(supplyFault(load, supply, problem.slotCount)).toMatch(fault);
  });

  test('a bid crosses the wire unchanged', () => {
    const answer = answerQuery(sites[0]!, query);
    const back = decodeAnswer(encodeAnswer('run', 'site-0', answer), 'run', 'site-0');
    expect(back.supply).toEqual(answer.supply);
  });
});
