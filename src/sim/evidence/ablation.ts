import { ablations } from '../../core/planning/policies/ablations.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { added } from '../../core/planning/span-sums.ts';
import {
  type Change,
  changeOf,
  type PolicyRun,
  runWorld,
  type StudySettings,
  type World,
} from './study.ts';
import { withSites } from './variations.ts';

/** The optimizer with something taken away, less the whole one, in percent. */
export interface AblationRow {
  id: string;
  title: string;
  change: Change;
  ttftMeanMs: number;
  lateShare: number;
}

export function ablation(
  world: World,
  days: readonly number[],
  settings: StudySettings,
): AblationRow[] {
  const blind = [fixedPpue, ...ablations];
  const runs = runWorld(world, [isotherm, ...blind], days, settings, 'ablations');
  const whole = (runs[0] as PolicyRun).days;
  const row = (id: string, title: string, of: PolicyRun, theirs = whole): AblationRow => {
    const sums = added(of.days);
    return {
      id,
      title,
      change: changeOf(of.days, theirs, settings),
      ttftMeanMs: sums.userTtftMs / sums.servedUserRequests,
      lateShare: sums.lateUserRequests / sums.userRequests,
    };
  };
  const awake = withSites(world, (s) => ({
    ...s,
    cost: { ...s.cost, idle: 'always-on' as const },
  }));
  const [on, home] = runWorld(awake, [isotherm, nearest], days, settings, 'always on') as [
    PolicyRun,
    PolicyRun,
  ];
  return [
    row('whole', 'isotherm as it is', runs[0] as PolicyRun),
    ...blind.map((p, n) => row(p.id, p.summary, runs[n + 1] as PolicyRun)),
    row('always-on', 'isotherm with servers that never sleep', on),
    row('always-on-nearest', 'there, isotherm less the nearest site', on, home.days),
  ];
}
