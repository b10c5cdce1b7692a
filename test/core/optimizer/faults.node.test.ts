import { expect, test } from 'vitest';
import {
  absorb,
  begin,
  incumbent,
  propose,
  stopReason,
} from '../../../src/core/optimizer/consensus.ts';
import { type Settings, settingsSchema } from '../../../src/core/optimizer/settings.ts';
import type { SiteAnswer } from '../../../src/core/optimizer/site-subproblem.ts';
import { type Instance, randomInstance } from '../support/instances.ts';
import { honest } from '../support/plans.ts';
import { type Dice, dice } from '../support/random.ts';
import { references } from '../support/reference.ts';

/**
 * Random instances whose sites are late, stale, broken or malicious at random: whatever is certified in
 * the end holds for the fleet that is left, with HiGHS as the judge.
 */
const INSTANCES = 2_000;
const BLOCKS = 50;
const MODES: Settings['mode'][] = ['learned', 'supply', 'classic'];

/** Makes of a site's answer, with its last one at hand, what arrives at the coordinator. */
type Fault = (answer: SiteAnswer, last: SiteAnswer | undefined, d: Dice) => SiteAnswer | undefined;

const spoilt = (of: Float64Array, d: Dice, value: number): Float64Array => {
  const copy = of.slice();
  copy[d.integer(0, copy.length - 1)] = value;
  return copy;
};

const FAULTS: Fault[] = [
  () => undefined,
  (_, last) => last,
  (a, _, d) => ({ ...a, costAud: spoilt(a.costAud, d, Number.NaN) }),
  (a, _, d) => ({ ...a, marginalAud: spoilt(a.marginalAud, d, Number.POSITIVE_INFINITY) }),
  (a, _, d) => ({ ...a, slopeAud: spoilt(a.slopeAud, d, -1) }),
  (a) => ({ ...a, costAud: a.costAud.slice(1) }),
  (a) => ({ ...a, marginalAud: new Float64Array(0) }),
  (a) => ({ ...a, round: a.round + 1 }),
  // A minimum above the cost itself would make a plan look proven that is not.
  (a) => ({ ...a, boundAud: a.boundAud.map((b, t) => b + 2 * Math.abs(a.costAud[t]!) + 1e3) }),
];

interface Run {
  /** The fleet that is left: excluded sites closed, and free of what standing there costs. */
  left: Instance;
  objectiveAud: number;
  lowerBoundAud: number;
}

function runWithFaults(seed: number): Run | undefined {
  const d = dice(seed);
  const instance = randomInstance(seed, {
    zones: d.integer(1, 4),
    sites: d.integer(2, 5),
    slots: d.integer(1, 2),
    utilisation: d.uniform(0.05, 1.3),
    waitingAud: 0,
  });
  const { problem, sites } = instance;
  const settings = settingsSchema.parse({ mode: MODES[seed % 3], maxRounds: 25 });
  const state = begin(problem, settings);
  // How often each site fails: never, now and then, or from some round on.
  const rates = sites.map(() => (d.chance(0.5) ? 0 : d.uniform(0, 0.7)));
  const dead = sites.map(() => (d.chance(0.15) ? d.integer(1, 5) : Number.POSITIVE_INFINITY));
  let last: (SiteAnswer | undefined)[] = sites.map(() => undefined);
  do {
    const queries = propose(problem, state);
    const answers = honest(instance, queries);
    const arriving = answers.map((answer, j) => {
      const fails = state.round >= dead[j]! || d.chance(rates[j]!);
      if (!answer || !fails) return answer;
      return FAULTS[d.integer(0, FAULTS.length - 1)]!(answer, last[j], d);
    });
    last = answers;
    absorb(problem, settings, state, queries, arriving);
  } while (stopReason(settings, state) === undefined);
  const best = incumbent(state);
  if (!best) return undefined;
  const out = state.sites.map((site) => site.excluded);
  const left: Instance = {
    problem,
    sites: sites.map((site, j) =>
      out[j] ? { ...site, baseAud: site.baseAud.map(() => 0) } : site,
    ),
  };
  return { left, ...best.certificate };
}

test(`${INSTANCES} instances with sites that fail: what is certified holds`, {
  timeout: 120_000,
}, () => {
  let certified = 0;
  let withoutSites = 0;
  for (let from = 1; from <= INSTANCES; from += BLOCKS) {
    const seeds = Array.from({ length: BLOCKS }, (_, n) => from + n);
    const runs = seeds.map((seed) => ({ seed, run: runWithFaults(seed) }));
    const known = runs.filter((r): r is { seed: number; run: Run } => r.run !== undefined);
    const optimum = references(known.map(({ run }) => run.left));
    known.forEach(({ seed, run }, n) => {
      const { problem } = run.left;
      const stake =
        Math.abs(optimum[n]!) + problem.demandReqPerS.reduce((sum, demand) => sum + demand, 0);
      const rounding = 1e-7 * stake;
      const where = `seed ${seed}`;
      expect(run.lowerBoundAud, where).toBeLessThanOrEqual(optimum[n]! + rounding);
      expect(run.objectiveAud, where).toBeGreaterThanOrEqual(optimum[n]! - rounding);
      certified++;
      if (problem.sites.some((site) => site.maxLoad.every((l) => l === 0))) withoutSites++;
    });
  }
  // Worth something only if most end with a certificate, and many of those have lost a site.
  expect(certified).toBeGreaterThan(0.8 * INSTANCES);
  expect(withoutSites).toBeGreaterThan(0.2 * INSTANCES);
});
