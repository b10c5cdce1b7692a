import { resampledDays } from '../../core/evidence/bootstrap.ts';
import { groupedDays, monthOf } from '../../core/evidence/calendar.ts';
import { pointsBetween, type Table, table } from '../../core/evidence/compare.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import type { Policy } from '../../core/planning/policies/index.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { noWaiting } from '../../core/planning/policies/no-waiting.ts';
import { xuCapacity, xuCooling, xuJoint, xuUnaware } from '../../core/planning/policies/xu.ts';
import { withCooling } from '../overrides.ts';
import {
  against,
  type Change,
  changeOf,
  dayCount,
  type PolicyRun,
  resamplingOf,
  runWorld,
  type StudySettings,
  type World,
} from './study.ts';
import { withDerating, withPrices, withSites, withWaitingWork } from './variations.ts';

/** One comparison that isolates a lever. */
export interface LeverRow {
  lever: string;
  /** What is compared with what. */
  title: string;
  change: Change;
}

/** What a lever adds to temperature awareness and to joint optimization, in points of each. */
export interface LeverShare {
  lever: string;
  /** The same world without it. */
  without: string;
  days: number;
  awareness: Change;
  joint: Change;
}

export interface Levers {
  rows: LeverRow[];
  shares: LeverShare[];
  /** All policies of {@link WAITING}, where a fifth of the requests may wait. */
  waiting: Table;
}

const THREE: readonly Policy[] = [isotherm, fixedPpue, nearest];

/** Those that treat work that may wait apart, or not, on purpose. */
const WAITING: readonly Policy[] = [...THREE, noWaiting, xuUnaware, xuCooling, xuCapacity, xuJoint];

const AUD_PER_KW_MONTH = 12;
const DERATING = { aboveC: 30, perC: 0.02 };
const MAX_DELAY_HOURS = 8;

/** A month's peak is charged once, so months must be run whole: every third, since they are slow. */
const EVERY_NTH_MONTH = 3;

function wholeMonths({ inputs }: World, every: number): number[] {
  const { startUtcMs } = inputs;
  const months = groupedDays(dayCount(inputs), (d) => monthOf(startUtcMs, d));
  return [...months]
    .filter(([month, days]) => days.length >= daysIn(month) - 1)
    .filter((_, n) => n % every === 0)
    .flatMap(([, days]) => days);
}

const daysIn = (month: string) => {
  const [year, m] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, m, 0)).getUTCDate();
};

/** What each lever beside the choice of site is worth, and what it does to temperature awareness. */
export function levers(world: World, days: readonly number[], settings: StudySettings): Levers {
  const run = (label: string, of: World, policies = THREE, picked = days): PolicyRun[] =>
    runWorld(of, policies, picked, settings, `levers, ${label}`);
  const rows: LeverRow[] = [];
  const shares: LeverShare[] = [];
  const add = (lever: string, title: string, change: Change) => rows.push({ lever, title, change });
  const pair = (lever: string, runs: PolicyRun[]) => {
    add(lever, 'isotherm against fixed-ppue', against(runs, 'isotherm', 'fixed-ppue', settings));
    add(lever, 'isotherm against nearest', against(runs, 'isotherm', 'nearest', settings));
  };
  const share = (lever: string, runs: PolicyRun[], without: string, before: PolicyRun[]) => {
    pair(lever, runs);
    shares.push({ lever, without, ...pointsOf(runs, before, settings) });
  };
  const alone = 'the choice of site alone';
  const own = run('none', world);
  pair(`none: ${alone}`, own);

  const waits = run('work that may wait', withWaitingWork(world, MAX_DELAY_HOURS), WAITING);
  const waiting = `a fifth of the requests may wait ${MAX_DELAY_HOURS} h`;
  share(waiting, waits, alone, own);
  for (const [title, ours, theirs] of [
    ['isotherm against itself with nothing put off', 'isotherm', 'no-waiting'],
    ['Xu 2013: cooling optimized against baseline', 'xu-cooling', 'xu-unaware'],
    ['Xu 2013: capacity optimized against baseline', 'xu-capacity', 'xu-unaware'],
    ['Xu 2013: joint against baseline', 'xu-joint', 'xu-unaware'],
  ] as const) {
    add(waiting, title, against(waits, ours, theirs, settings));
  }

  const derated = run('derating', withDerating(world, DERATING));
  const hot = `capacity falls by ${100 * DERATING.perC} % a degree above ${DERATING.aboveC} °C`;
  share(hot, derated, alone, own);
  add(
    hot,
    'isotherm derated against isotherm with full capacity',
    changeOf(daysOf(derated, 'isotherm'), daysOf(own, 'isotherm'), settings),
  );

  const months = wholeMonths(world, EVERY_NTH_MONTH);
  if (months.length > 0) {
    const lever = `demand charge of ${AUD_PER_KW_MONTH} AUD/kW and month (${months.length} days of whole months)`;
    const charged = withSites(world, (s) => ({
      ...s,
      cost: { ...s.cost, demandCharge: { audPerKwMonth: AUD_PER_KW_MONTH, paidKw: 0 } },
    }));
    const uncharged = 'the same days without it';
    const before = run('no demand charge', world, THREE, months);
    share(lever, run('demand charge', charged, THREE, months), uncharged, before);
    pair(uncharged, before);
  }

  const cooledBy = (kind: string) => ({ ...world, fleet: withCooling(world.fleet, kind) });
  for (const waterAudPerKl of [3, 30]) {
    const at = `water at ${waterAudPerKl} AUD/kL`;
    const priced = (w: World) => withPrices(w, { waterAudPerKl });
    const chiller = `the same chiller without pads, ${at}`;
    const before = run(`chiller, ${at}`, priced(cooledBy('air-cooled-chiller')));
    const pads = run(`pads, ${at}`, priced(cooledBy('adiabatic')));
    share(`wetted pads, ${at}`, pads, chiller, before);
    pair(chiller, before);
  }
  const each = days.map((_, n) => n);
  return { rows, shares, waiting: table(waits, 'isotherm', each, resamplingOf(settings)) };
}

const daysOf = (runs: readonly PolicyRun[], id: string) =>
  (runs.find((r) => r.policy === id) as PolicyRun).days;

/** Both comparisons with a lever less both without it. */
function pointsOf(runs: PolicyRun[], before: PolicyRun[], settings: StudySettings) {
  const days = daysOf(runs, 'isotherm').length;
  const draws = resampledDays(days, resamplingOf(settings));
  const pairOf = (of: PolicyRun[], other: string) =>
    [daysOf(of, 'isotherm'), daysOf(of, other)] as const;
  const points = (other: string) =>
    pointsBetween(pairOf(runs, other), pairOf(before, other), draws, settings.level);
  return { days, awareness: points('fixed-ppue'), joint: points('nearest') };
}
