import { describe, expect, test } from 'vitest';
import {
  absorb,
  begin,
  incumbent,
  propose,
  stopReason,
} from '../../../src/core/optimizer/consensus.ts';
import { modelledBoundAud } from '../../../src/core/optimizer/modelled-bound.ts';
import { totalsBoxes } from '../../../src/core/optimizer/problem.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import { emptyCurve, learn } from '../../../src/core/optimizer/site-curve.ts';
import {
  answerQuery,
  loadOf,
  type SiteAnswer,
  type SiteQuery,
} from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { type Instance, randomInstance } from '../support/instances.ts';
import { honest } from '../support/plans.ts';
import { dice } from '../support/random.ts';

test('where the prior is true, one answer lets the coordinator work out the site’s own minimum', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { problem, sites } = randomInstance(seed, { sites: 3, slots: 2 });
    const boxes = totalsBoxes(problem);
    const d = dice(seed);
    sites.forEach((site, j) => {
      const K = problem.classCount;
      const box = boxes[j]!;
      const capability = problem.sites[j]!;
      const totals = box.map((b, at) => {
        const limit = capability.maxLoad[Math.floor(at / K)]! / capability.loadPerReqPerS[at % K]!;
        return d.uniform(0, Math.min(b, limit / K));
      });
      const prices = box.map(() => d.uniform(-1, 6));
      const query: SiteQuery = { round: 1, totals, prices, box };
      const answer = answerQuery(site, query);
      for (let t = 0; t < problem.slotCount; t++) {
        const curve = emptyCurve(K);
        const load = loadOf(capability.loadPerReqPerS, totals, t);
        const marginal = answer.marginalAud.subarray(t * K, (t + 1) * K);
        learn(curve, capability, load, marginal, answer.slopeAud[t]!);
        const modelled = modelledBoundAud(curve, capability, query, answer, t);
        const size =
          Math.abs(answer.costAud[t]!) +
          box.subarray(t * K, (t + 1) * K).reduce((sum, b, k) => {
            return sum + Math.abs(b * prices[t * K + k]!);
          }, 0);
        expect(Math.abs(modelled - answer.boundAud[t]!)).toBeLessThanOrEqual(1e-6 * size);
      }
    });
  }
});

describe('a site that says its proposal is the best it can do', () => {
  const inRange = (answer: SiteAnswer, query: SiteQuery, K: number): SiteAnswer => ({
    ...answer,
    boundAud: answer.costAud.map((cost, t) => {
      let atProposal = cost;
      for (let k = 0; k < K; k++) {
        atProposal -= query.prices[t * K + k]! * query.totals[t * K + k]!;
      }
      return atProposal;
    }),
  });

  /** Learned rounds to 0.1 %, with the first sites lying in each. */
  function planned(instance: Instance, liars: number) {
    const { problem } = instance;
    const settings = settingsSchema.parse({});
    const state = begin(problem, settings);
    do {
      const queries = propose(problem, state);
      const answers = honest(instance, queries).map((answer, j) =>
        answer && j < liars ? inRange(answer, queries[j]!, problem.classCount) : answer,
      );
      absorb(problem, settings, state, queries, answers);
    } while (stopReason(settings, state) === undefined);
    return incumbent(state)!.certificate.objectiveAud;
  }

  // No convex cost contradicts such a bound, so nothing can be refused; but curves tell.
  test.each([
    { sites: 2, priorFactor: 0.1, liars: 1 },
    { sites: 2, priorFactor: 0.5, liars: 1 },
    { sites: 5, priorFactor: 0.5, liars: 2 },
    { sites: 5, priorFactor: 2, liars: 2 },
  ])('makes no plan look better than it is: $sites sites, prior × $priorFactor', (c) => {
    for (let seed = 1; seed <= 60; seed++) {
      const made = () =>
        randomInstance(seed, {
          sites: c.sites,
          edgeShare: 1,
          utilisation: 0.6,
          priorFactor: c.priorFactor,
        });
      const instance = made();
      const least = solve(instance.problem, instance.sites, { gapTarget: 1e-7 }).certificate;
      const excess = planned(made(), c.liars) - least.lowerBoundAud;
      expect(excess, `seed ${seed}`).toBeLessThanOrEqual(1.1e-3 * Math.abs(least.objectiveAud));
    }
  });
});
