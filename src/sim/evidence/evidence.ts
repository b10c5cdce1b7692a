import { groupedDays, monthOf } from '../../core/evidence/calendar.ts';
import { type Table, table } from '../../core/evidence/compare.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import { type Policy, policiesFor } from '../../core/planning/policies/index.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { withTariff } from '../overrides.ts';
import { type AblationRow, ablation } from './ablation.ts';
import { bestCaps, type CapRow } from './caps.ts';
import { type FrontPoint, front } from './front.ts';
import { type LeverRow, levers } from './levers.ts';
import { evidenceMap, type MapCell, mapCooling, mapSlack, mapTariffs } from './map.ts';
import { type SensitivityRow, sensitivity, variations } from './sensitivity.ts';
import {
  against,
  type Change,
  dayCount,
  everyNthWeek,
  type PolicyRun,
  resamplingOf,
  runWorld,
  type StudySettings,
  type World,
} from './study.ts';
import { withoutRegion } from './variations.ts';

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

/** Months in which a market did not do what markets do. */
const DISTURBED = [
  { month: '2022-06', why: 'AEMO suspended the NEM’s spot market from 15 to 24 June 2022' },
];

/** The region that is cleanest nearly always. */
const CLEANEST_REGION = 'TAS1';

export interface LeaveOutRow {
  tariff: 'own' | 'spot';
  /** What is left out; empty: nothing. */
  without: string[];
  days: number;
  awareness: Change;
  joint: Change;
}

/** All figures of a report. */
export interface Evidence {
  days: number;
  /** Days that variations, the map and levers are run over. */
  sampledDays: number;
  policies: { id: string; summary: string; maxGap?: number; maxRounds?: number }[];
  year: Table;
  months: { month: string; disturbed?: string; table: Table }[];
  /** Policies that know no queues, at the limit that suits each best. */
  caps: CapRow[];
  leaveOuts: LeaveOutRow[];
  /** The table of all policies without the cleanest region. */
  withoutCleanest?: Table;
  ablations: AblationRow[];
  sensitivity: SensitivityRow[];
  front: FrontPoint[];
  map: MapCell[];
  levers: LeverRow[];
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
  const policies = policiesFor(world.fleet);
  const runs = runWorld(world, policies, all, options, 'all policies');
  const isSampled = new Set(sampled);
  const sampledRuns = runs.map((r) => ({ ...r, days: r.days.filter((_, d) => isSampled.has(d)) }));
  const out = has('leave-outs') ? leaveOuts(world, runs, all, options) : { rows: [] };
  return {
    days: count,
    sampledDays: sampled.length,
    policies: policies.map(({ id, summary }, n) => {
      const { maxGap, maxRounds } = runs[n] as PolicyRun;
      return {
        id,
        summary,
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
    sensitivity: has('sensitivity') ? sensitivity(world, sampled, options) : [],
    front: has('front') ? front(world, sampled, sampledRuns, options) : [],
    map: has('map') ? evidenceMap(world, sampled, options) : [],
    levers: has('levers') ? levers(world, sampled, options) : [],
  };
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
    levers: 23 * sampled,
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

/** With and without disturbed months and the cleanest region, on the registry's tariffs and on spot. */
function leaveOuts(
  world: World,
  ownRuns: readonly PolicyRun[],
  all: readonly number[],
  settings: StudySettings,
): { rows: LeaveOutRow[]; withoutCleanest?: Table } {
  const { startUtcMs } = world.inputs;
  const months = DISTURBED.map((m) => m.month);
  const isCalm = (d: number) => !months.includes(monthOf(startUtcMs, d));
  const hasDisturbed = !all.every(isCalm);
  const { sites } = world.fleet;
  const isCleanest = (s: (typeof sites)[number]) => s.gridRegion === CLEANEST_REGION;
  const canDropRegion = sites.some(isCleanest) && !sites.every(isCleanest);
  const rows: LeaveOutRow[] = [];
  const add = (tariff: LeaveOutRow['tariff'], without: string[], runs: readonly PolicyRun[]) => {
    const pick = (only: (d: number) => boolean, left: string[]) =>
      rows.push({
        tariff,
        without: left,
        days: all.filter(only).length,
        awareness: against(runs, 'isotherm', 'fixed-ppue', settings, only),
        joint: against(runs, 'isotherm', 'nearest', settings, only),
      });
    pick(() => true, without);
    if (hasDisturbed) pick(isCalm, [...without, ...months]);
  };
  const dropped = withoutRegion(world, CLEANEST_REGION);
  const onSpot = (w: World) => ({ ...w, fleet: withTariff(w.fleet, 'spot') });
  const three = [isotherm, fixedPpue, nearest];
  add('own', [], ownRuns);
  let withoutCleanest: Table | undefined;
  if (canDropRegion) {
    const label = `without ${CLEANEST_REGION}`;
    const runs = runWorld(dropped, policiesFor(world.fleet), all, settings, label);
    add('own', [CLEANEST_REGION], runs);
    withoutCleanest = table(runs, 'isotherm', all, resamplingOf(settings));
  }
  add('spot', [], runWorld(onSpot(world), three, all, settings, 'spot'));
  if (canDropRegion) {
    const label = `spot, without ${CLEANEST_REGION}`;
    add('spot', [CLEANEST_REGION], runWorld(onSpot(dropped), three, all, settings, label));
  }
  return { rows, ...(withoutCleanest && { withoutCleanest }) };
}
