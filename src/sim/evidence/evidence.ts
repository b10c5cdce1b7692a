import { groupedDays, monthOf } from '../../core/evidence/calendar.ts';
import { type Table, table } from '../../core/evidence/compare.ts';
import { type Policy, policiesFor, policiesIn } from '../../core/planning/policies/index.ts';
import { type AblationRow, ablation } from './ablation.ts';
import { bestCaps, type CapRow } from './caps.ts';
import { type FrontPoint, front } from './front.ts';
import { DISTURBED, type LeaveOutRow, leaveOuts } from './leave-outs.ts';
import { type LeverRow, type LeverShare, levers } from './levers.ts';
import { evidenceMap, type MapCell, mapCooling, mapSlack, mapTariffs } from './map.ts';
import { type NotShown, type SensitivityRow, sensitivity, variations } from './sensitivity.ts';
import {
  dayCount,
  everyNthWeek,
  type PolicyRun,
  resamplingOf,
  runAll,
  type StudySettings,
  type World,
} from './study.ts';

/** Parts of the evidence beside the table of all policies, each at a cost of its own. */
export const sections = [
  'caps',
  'leave-outs',
  'ablations',
  'sensitivity',
  'front',
  'map',
  'levers',
] as const;
export type Section = (typeof sections)[number];

export interface PolicyTold {
  id: string;
  summary: string;
  /** The policy that decides the very same in this fleet. */
  sameAs?: string;
  maxGap?: number;
  maxRounds?: number;
}

/** All figures of a report. */
export interface Evidence {
  days: number;
  /** Days that variations, the map and levers are run over. */
  sampledDays: number;
  policies: PolicyTold[];
  year: Table;
  months: { month: string; disturbed?: string; table: Table }[];
  /** Policies that know no queues, at the limit that suits each best. */
  caps: CapRow[];
  leaveOuts: LeaveOutRow[];
  /** The table of all policies without the cleanest region. */
  withoutCleanest?: Table;
  ablations: AblationRow[];
  sensitivity: SensitivityRow[];
  /** Variations for which the data have no series. */
  notShown: NotShown[];
  front: FrontPoint[];
  map: MapCell[];
  levers: LeverRow[];
  /** Policies that know what may wait, where some of the requests may; over the sampled days. */
  waiting?: Table;
  /** What each of them adds, in points. */
  leverShares: LeverShare[];
}

export interface EvidenceOptions extends StudySettings {
  /** Variations, map and levers take every nth week. */
  every: number;
  sections: readonly Section[];
  onProgress?: (label: string, doneShare: number) => void;
}

export function gatherEvidence(world: World, asked: EvidenceOptions): Evidence {
  const count = dayCount(world.inputs);
  const all = Array.from({ length: count }, (_, d) => d);
  const sampled = everyNthWeek(count, asked.every);
  const options = counted(asked, world, count, sampled.length);
  const { startUtcMs } = world.inputs;
  const has = (section: Section) => options.sections.includes(section);
  const { fleet } = world;
  const policies = policiesFor(fleet);
  const runs = runAll(world, all, options, 'all policies');
  const isSampled = new Set(sampled);
  const sampledRuns = runs
    .filter((r) => policies.some((p) => p.id === r.policy))
    .map((r) => ({ ...r, days: r.days.filter((_, d) => isSampled.has(d)) }));
  const out = has('leave-outs') ? leaveOuts(world, runs, all, options) : { rows: [] };
  return {
    days: count,
    sampledDays: sampled.length,
    policies: policiesIn(fleet).map((policy, n) => {
      const { id, summary } = policy;
      const { maxGap, maxRounds } = runs[n] as PolicyRun;
      const sameAs = policy.sameAs?.(fleet);
      return {
        id,
        summary,
        ...(sameAs && { sameAs }),
        ...(maxGap !== undefined && { maxGap }),
        ...(maxRounds !== undefined && { maxRounds }),
      };
    }),
    year: table(runs, 'isotherm', all, resamplingOf(options)),
    months: Array.from(
      groupedDays(count, (d) => monthOf(startUtcMs, d)),
      ([month, days]) => {
        const disturbed = DISTURBED.find((m) => m.month === month)?.why;
        return {
          month,
          ...(disturbed && { disturbed }),
          table: table(runs, 'isotherm', days, resamplingOf(options)),
        };
      },
    ),
    caps: has('caps') ? bestCaps(world, unqueued(policies), sampled, sampledRuns, options) : [],
    leaveOuts: out.rows,
    ...(out.withoutCleanest && { withoutCleanest: out.withoutCleanest }),
    ablations: has('ablations') ? ablation(world, all, options) : [],
    ...sensitivityOf(),
    front: has('front') ? front(world, sampled, sampledRuns, options) : [],
    map: has('map') ? evidenceMap(world, sampled, options) : [],
    ...leversOf(),
  };

  function sensitivityOf() {
    if (!has('sensitivity')) return { sensitivity: [], notShown: [] };
    const { rows, notShown } = sensitivity(world, sampled, options);
    return { sensitivity: rows, notShown };
  }

  function leversOf() {
    if (!has('levers')) return { levers: [], leverShares: [] };
    const { rows, shares, waiting } = levers(world, sampled, options);
    return { levers: rows, leverShares: shares, waiting };
  }
}

/** Those that take no account of queues. */
const unqueued = (policies: readonly Policy[]) =>
  policies.filter((p) => p.id !== 'isotherm' && p.id !== 'fixed-ppue' && p.id !== 'no-waiting');

/** The same options, which tell how much of all is done. */
function counted(
  asked: EvidenceOptions,
  world: World,
  count: number,
  sampled: number,
): EvidenceOptions {
  const policies = policiesFor(world.fleet).length;
  const runs: Record<Section, number> = {
    caps: 4 * unqueued(policiesFor(world.fleet)).length * sampled,
    'leave-outs': (policies + 6) * count,
    ablations: 7 * count,
    sensitivity: 3 * variations.length * sampled,
    front: 8 * sampled,
    map: 4 * mapCooling.length * mapTariffs.length * mapSlack.length * sampled,
    levers: 29 * sampled,
  };
  const all = asked.sections.reduce((sum, s) => sum + runs[s], policies * count);
  let done = 0;
  return {
    ...asked,
    onDays(label, days) {
      done += days;
      asked.onProgress?.(label, Math.min(1, done / all));
    },
  };
}
