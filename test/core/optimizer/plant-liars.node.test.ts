import { describe, expect, test } from 'vitest';
import {
  absorb,
  begin,
  incumbent,
  propose,
  stopReason,
} from '../../../src/core/optimizer/consensus.ts';
import { type Cut, firstPieces } from '../../../src/core/optimizer/cut.ts';
import { settingsSchema } from '../../../src/core/optimizer/settings.ts';
import type { SiteAnswer, SiteQuery } from '../../../src/core/optimizer/site-subproblem.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import type { RoundReport } from '../../../src/core/optimizer/state.ts';
import { honest } from '../support/plans.ts';
import { plantFleet } from '../support/plants.ts';

/** Sites with a plant that say nothing suits them better than what was proposed. */

type Lie = (answer: SiteAnswer, query: SiteQuery) => SiteAnswer;

/** Cost less revenue at the proposal, all of it in the first slot's bound. */
function highestBound(answer: SiteAnswer, query: SiteQuery): Float64Array {
  const { interceptAud, marginalAud } = firstPieces(answer.coupling!.cuts[0]!, query.totals);
  let aud = interceptAud + answer.costAud.reduce((a, b) => a + b, 0);
  query.totals.forEach((n, i) => {
    aud += n * (marginalAud[i]! - query.prices[i]!);
  });
  return answer.boundAud.map((_, t) => (t === 0 ? aud : 0));
}

/** In the bound alone. */
const inBound: Lie = (answer, query) => ({ ...answer, boundAud: highestBound(answer, query) });

/** With a plane that touches the cost at the proposal and rises as the prices do, to bear it out. */
const withPlane: Lie = (answer, query) => {
  const [touching] = answer.coupling!.cuts;
  const K = query.totals.length / answer.costAud.length;
  const S = touching!.interceptAud.length / answer.costAud.length;
  const plane = firstPieces(touching!, query.totals);
  const marginalAud = query.prices.map((price, i) => price - answer.marginalAud[i]!);
  const interceptAud = plane.marginalAud.reduce(
    (sum, m, i) => sum + (m - marginalAud[i]!) * query.totals[i]!,
    plane.interceptAud,
  );
  const cut: Cut = {
    interceptAud: touching!.interceptAud.map(() => interceptAud / answer.costAud.length),
    marginalAud: touching!.marginalAud.map((_, at) => {
      const t = Math.floor(at / (S * K));
      return marginalAud[t * K + (at % K)]!;
    }),
    peakShare: touching!.peakShare.map(() => 0),
  };
  return {
    ...inBound(answer, query),
    coupling: { ...answer.coupling!, cuts: [touching!, cut] },
  };
};

const fleet = (seed: number) =>
  plantFleet(seed, { utilisation: 0.5, slots: 3, waitingAud: seed % 2, plants: 2 });

/** A run to 0.1 % in which the first site lies in every round. */
function planned(seed: number, lie: Lie) {
  const instance = fleet(seed);
  const { problem } = instance;
  const settings = settingsSchema.parse({});
  const state = begin(problem, settings);
  const reports: RoundReport[] = [];
  do {
    const queries = propose(problem, state);
    const answers = honest(instance, queries);
    if (answers[0]) answers[0] = lie(answers[0], queries[0]!);
    reports.push(absorb(problem, settings, state, queries, answers));
  } while (stopReason(settings, state) === undefined);
  const { certificate } = incumbent(state)!;
  const reasons = reports.flatMap((r) => r.missing.map((m) => m.reason));
  return { certificate, reasons, excluded: state.sites[0]!.excluded };
}

describe('a plant’s bound above what its costs let expect', () => {
  test('proves nothing by itself', () => {
    let heard = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const { problem, sites } = fleet(seed);
      const least = solve(problem, sites, { gapTarget: 1e-5 }).certificate;
      const { certificate, excluded } = planned(seed, inBound);
      if (excluded) continue;
      heard++;
      const excess = certificate.objectiveAud - least.lowerBoundAud;
      expect(excess, `seed ${seed}`).toBeLessThanOrEqual(1.1e-3 * Math.abs(least.objectiveAud));
    }
    expect(heard).toBeGreaterThan(20);
  });

  test('borne out by a false plane, is refused as soon as costs fall below that', () => {
    let excluded = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const run = planned(seed, withPlane);
      if (run.excluded) excluded++;
    }
    expect(excluded).toBeGreaterThan(30);
  });
});
