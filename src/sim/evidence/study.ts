import type { Interval, Resampling } from '../../core/evidence/bootstrap.ts';
import { resampledDays } from '../../core/evidence/bootstrap.ts';
import { type Change, change, type PolicyDays } from '../../core/evidence/compare.ts';
import { type Fleet, publicFleet } from '../../core/model/fleet.ts';
import type { SettingsInput } from '../../core/optimizer/settings.ts';
import { assertInputs, type PlanningInputs } from '../../core/planning/inputs.ts';
import {
  type Policy,
  policiesFor,
  policiesIn,
  spanMeans,
} from '../../core/planning/policies/index.ts';
import type { SpanSums } from '../../core/planning/span-totals.ts';
import { runPolicy, slice } from '../backtest.ts';
import { randomOf } from '../events/random.ts';

const SLOTS_A_DAY = 24;
const DAYS_A_WEEK = 7;

/** A fleet in its surroundings: what a policy is run in. */
export interface World {
  fleet: Fleet;
  inputs: PlanningInputs;
  /** What policies decide on, where that is not the truth. */
  believed?: PlanningInputs;
  /** By site, kg CO2e/kWh: what one kWh more emits, where the data have it. Nothing is charged by it as such. */
  marginalKgPerKwh?: readonly (Float64Array | undefined)[];
}

/** A policy's days in a world, and how far its plans were proven. */
export interface PolicyRun extends PolicyDays {
  maxGap?: number;
  maxRounds?: number;
}

/** How all of a report is computed. */
export interface StudySettings {
  optimizer: SettingsInput;
  seed: number;
  resamples: number;
  blockDays: number;
  level: number;
  /** Called with what is being run and how many days it has done. */
  onDays?: (label: string, days: number) => void;
}

/** Whole days only: what is left of a span beyond them is not run. */
export function dayCount(inputs: PlanningInputs): number {
  return Math.floor(inputs.slotCount / SLOTS_A_DAY);
}

/** Days of every nth week, beginning with the first. */
export function everyNthWeek(days: number, n: number): number[] {
  const all = Array.from({ length: days }, (_, d) => d);
  return all.filter((d) => Math.floor(d / DAYS_A_WEEK) % n === 0);
}

/**
 * Runs policies over the picked days. What a policy knows of the whole span (its means) is of the whole
 * span all the same.
 */
export function runWorld(
  world: World,
  policies: readonly Policy[],
  picked: readonly number[],
  settings: StudySettings,
  label: string,
): PolicyRun[] {
  const { fleet, inputs, believed } = world;
  assertInputs(publicFleet(fleet), inputs);
  const means = spanMeans(fleet, inputs);
  const stretches = stretchesOf(picked);
  return policies.map((policy) => {
    const days: SpanSums[] = [];
    const run: PolicyRun = { policy: policy.id, days };
    for (const [first, end] of stretches) {
      const cut = (of: PlanningInputs) => slice(of, first * SLOTS_A_DAY, end * SLOTS_A_DAY);
      const { maxGap, maxRounds } = runPolicy(
        fleet,
        cut(inputs),
        policy,
        settings.optimizer,
        means,
        {
          ...(believed && { believed: cut(believed) }),
          onDay(sums) {
            days.push(sums);
            settings.onDays?.(`${label}: ${policy.id}`, 1);
          },
        },
      );
      if (maxGap !== undefined) run.maxGap = Math.max(run.maxGap ?? 0, maxGap);
      if (maxRounds !== undefined) run.maxRounds = Math.max(run.maxRounds ?? 0, maxRounds);
    }
    return run;
  });
}

/** Every policy of a fleet; one that decides as another does there stands on the other's run. */
export function runAll(
  world: World,
  picked: readonly number[],
  settings: StudySettings,
  label: string,
): PolicyRun[] {
  const { fleet } = world;
  const runs = runWorld(world, policiesFor(fleet), picked, settings, label);
  return policiesIn(fleet).map((policy) => {
    const own = policy.sameAs?.(fleet) ?? policy.id;
    return { ...(runs.find((r) => r.policy === own) as PolicyRun), policy: policy.id };
  });
}

/** Runs of consecutive days, [first, end). */
function stretchesOf(picked: readonly number[]): [first: number, end: number][] {
  const stretches: [number, number][] = [];
  for (const day of picked) {
    const last = stretches.at(-1);
    if (last && last[1] === day) last[1] = day + 1;
    else stretches.push([day, day + 1]);
  }
  return stretches;
}

/** The same draws for the same days, wherever in a report. */
export function resamplingOf(settings: StudySettings): Resampling {
  const { seed, blockDays, resamples, level } = settings;
  return { blockDays, resamples, level, random: randomOf(seed, 'bootstrap') };
}

/** One policy's days less another's, in percent, with intervals. */
export function against(
  runs: readonly PolicyRun[],
  ours: string,
  theirs: string,
  settings: StudySettings,
  only: (day: number) => boolean = () => true,
): Change {
  const of = (id: string) => {
    const run = runs.find((r) => r.policy === id);
    if (!run) throw new RangeError(`no run of policy "${id}"`);
    return run.days.filter((_, d) => only(d));
  };
  return changeOf(of(ours), of(theirs), settings);
}

export function changeOf(
  ours: readonly SpanSums[],
  theirs: readonly SpanSums[],
  settings: StudySettings,
): Change {
  const draws = resampledDays(ours.length, resamplingOf(settings));
  return change(ours, theirs, draws, settings.level);
}

export type { Change, Interval };
