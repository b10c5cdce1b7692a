import { groupedDays, monthOf } from '../../core/evidence/calendar.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
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
export function levers(world: World, days: readonly number[], settings: StudySettings): LeverRow[] {
  const run = (label: string, of: World, policies = [isotherm, fixedPpue, nearest]): PolicyRun[] =>
    runWorld(of, policies, days, settings, `levers, ${label}`);
  const rows: LeverRow[] = [];
  const add = (lever: string, title: string, change: Change) => rows.push({ lever, title, change });
  const pair = (lever: string, runs: PolicyRun[]) => {
    add(lever, 'isotherm against fixed-ppue', against(runs, 'isotherm', 'fixed-ppue', settings));
    add(lever, 'isotherm against nearest', against(runs, 'isotherm', 'nearest', settings));
  };
  const daysOf = (runs: PolicyRun[], id: string) =>
    (runs.find((r) => r.policy === id) as PolicyRun).days;
  const own = run('none', world);
  pair('none: the choice of site alone', own);

  const waits = run('work that may wait', withWaitingWork(world, MAX_DELAY_HOURS), [
    isotherm,
    fixedPpue,
    nearest,
    noWaiting,
    xuUnaware,
    xuCooling,
    xuCapacity,
    xuJoint,
  ]);
  const waiting = `a fifth of the requests may wait ${MAX_DELAY_HOURS} h`;
  pair(waiting, waits);
  add(
    waiting,
    'isotherm against itself with nothing put off',
    against(waits, 'isotherm', 'no-waiting', settings),
  );
  add(
    waiting,
    'Xu 2013: cooling optimized against baseline',
    against(waits, 'xu-cooling', 'xu-unaware', settings),
  );
  add(
    waiting,
    'Xu 2013: capacity optimized against baseline',
    against(waits, 'xu-capacity', 'xu-unaware', settings),
  );
  add(
    waiting,
    'Xu 2013: joint against baseline',
    against(waits, 'xu-joint', 'xu-unaware', settings),
  );

  const derated = run('derating', withDerating(world, DERATING));
  const hot = `capacity falls by ${100 * DERATING.perC} % a degree above ${DERATING.aboveC} °C`;
  pair(hot, derated);
  add(
    hot,
    'isotherm derated against isotherm with full capacity',
    changeOf(daysOf(derated, 'isotherm'), daysOf(own, 'isotherm'), settings),
  );

  const charged = withSites(world, (s) => ({
    ...s,
    cost: { ...s.cost, demandCharge: { audPerKwMonth: AUD_PER_KW_MONTH, paidKw: 0 } },
  }));
  const months = wholeMonths(world, EVERY_NTH_MONTH);
  if (months.length > 0) {
    const lever = `demand charge of ${AUD_PER_KW_MONTH} AUD/kW and month (${months.length} days of whole months)`;
    const three = [isotherm, fixedPpue, nearest];
    pair(lever, runWorld(charged, three, months, settings, 'levers, demand charge'));
    pair(
      'the same days without it',
      runWorld(world, three, months, settings, 'levers, no demand charge'),
    );
  }

  for (const [what, waterAudPerKl] of [
    ['3 AUD/kL', 3],
    ['30 AUD/kL', 30],
  ] as const) {
    const pads = { ...world, fleet: withCooling(world.fleet, 'adiabatic') };
    pair(
      `wetted pads, water at ${what}`,
      run(`pads, ${what}`, withPrices(pads, { waterAudPerKl })),
    );
  }
  return rows;
}
