import { cappedAt } from '../../core/planning/policies/capped.ts';
import type { Policy } from '../../core/planning/policies/index.ts';
import { added } from '../../core/planning/span-sums.ts';
import {
  type Change,
  changeOf,
  type PolicyRun,
  runWorld,
  type StudySettings,
  type World,
} from './study.ts';

/** Shares of a site's limit that policies without a queue are tried at, beside the whole. */
const SHARES = [0.9, 0.8, 0.7, 0.6];

/** A policy at the limit that suited it best over the very days it is judged by. */
export interface CapRow {
  policy: string;
  /** Share of a site's limit that it fills at most; 1: as it is. */
  share: number;
  ttftMeanMs: number;
  lateShare: number;
  /** isotherm, uncapped, less the policy so capped. */
  against: Change;
}

/**
 * Policies that do not know queues fill their favourite sites to the limit, and their users wait there.
 * An operator would soon lower that limit: so each is given the one with the least objective, in hindsight.
 * @param runs of the same days, uncapped, isotherm among them
 */
export function bestCaps(
  world: World,
  policies: readonly Policy[],
  days: readonly number[],
  runs: readonly PolicyRun[],
  settings: StudySettings,
): CapRow[] {
  const of = (id: string) => runs.find((r) => r.policy === id) as PolicyRun;
  const ours = of('isotherm').days;
  const cost = (run: PolicyRun) => added(run.days).objectiveAud;
  return policies.map((policy) => {
    let best = { share: 1, run: of(policy.id) };
    for (const share of SHARES) {
      const label = `at most ${share} of the limit`;
      const [run] = runWorld(world, [cappedAt(policy, share)], days, settings, label);
      if (run && cost(run) < cost(best.run)) best = { share, run };
    }
    const sums = added(best.run.days);
    return {
      policy: policy.id,
      share: best.share,
      ttftMeanMs: sums.userTtftMs / sums.servedUserRequests,
      lateShare: sums.lateUserRequests / sums.userRequests,
      against: changeOf(ours, best.run.days, settings),
    };
  });
}
