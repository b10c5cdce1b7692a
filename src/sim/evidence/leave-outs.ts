import { monthOf } from '../../core/evidence/calendar.ts';
import { type Table, table } from '../../core/evidence/compare.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { withTariff } from '../overrides.ts';
import {
  against,
  type Change,
  type PolicyRun,
  resamplingOf,
  runAll,
  runWorld,
  type StudySettings,
  type World,
} from './study.ts';
import { withoutRegion } from './variations.ts';

/** Months in which a market did not do what markets do. */
export const DISTURBED = [
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

/** With and without disturbed months and the cleanest region, on the registry's tariffs and on spot. */
export function leaveOuts(
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
    const runs = runAll(dropped, all, settings, label);
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
