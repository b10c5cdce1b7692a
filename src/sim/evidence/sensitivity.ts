import { coolingKinds } from '../../core/model/cooling/index.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { tariffOptions, withCooling, withTariff } from '../overrides.ts';
import { withTemperatureError, withYesterdays } from './beliefs.ts';
import { against, type Change, runWorld, type StudySettings, type World } from './study.ts';
import { withCapacity, withEmbeddedCarbon, withPrices, withSites } from './variations.ts';

/** One assumption changed, all else as it is. */
export interface Variation {
  group: string;
  title: string;
  world: (world: World, seed: number) => World;
}

const priced = (
  group: string,
  prices: Parameters<typeof withPrices>[1],
  title: string,
): Variation => ({ group, title, world: (w) => withPrices(w, prices) });

const cooled = (title: string, option: string, group = 'cooling model'): Variation => ({
  group,
  title,
  world: (w) => ({ ...w, fleet: withCooling(w.fleet, option) }),
});

export const variations: readonly Variation[] = [
  { group: 'as it is', title: 'the registry', world: (w) => w },
  ...coolingKinds
    .filter((kind) => kind !== 'fixed' && kind !== 'table')
    .map((kind) => cooled(kind, kind)),
  cooled('fixed-approach curve, pads', 'adiabatic', 'WUE curve'),
  cooled('cooling tower curve, pads', '{"kind":"adiabatic","wue":"tower"}', 'WUE curve'),
  {
    group: 'carbon scope',
    title: 'direct and scope 2, embedded',
    world: withEmbeddedCarbon,
  },
  ...[0, 25, 150, 300].map((p) =>
    priced('price of carbon', { carbonAudPerT: p }, `${p} AUD/t instead of 75`),
  ),
  ...[0, 30].map((p) => priced('price of water', { waterAudPerKl: p }, `${p} AUD/kL instead of 3`)),
  ...[0.25, 4, 16].map((p) =>
    priced('price of time', { timeAudPerUserHour: p }, `${p} AUD per user-hour instead of 1`),
  ),
  priced('price of time', { lateAudPerRequest: 0.001 }, '0.001 AUD per late request'),
  ...Object.entries(tariffOptions).map(
    ([title, kind]): Variation => ({
      group: 'tariff',
      title,
      world: (w) => ({ ...w, fleet: withTariff(w.fleet, kind) }),
    }),
  ),
  ...([1, 2, 4] as const).map(
    (maeC): Variation => ({
      group: 'forecast error',
      title: `temperature wrong by ${maeC} °C in the mean`,
      world: (w, seed) => withTemperatureError(w, maeC, seed),
    }),
  ),
  {
    group: 'forecast error',
    title: "yesterday's weather",
    world: (w) => withYesterdays(w, ['tempC', 'rhPct']),
  },
  {
    group: 'forecast error',
    title: "yesterday's weather, prices and carbon",
    world: (w) => withYesterdays(w, ['tempC', 'rhPct', 'spotAudPerMwh', 'carbonKgPerKwh']),
  },
  {
    group: 'forecast error',
    title: 'the same, on spot tariffs',
    world: (w) =>
      withYesterdays({ ...w, fleet: withTariff(w.fleet, 'spot') }, [
        'tempC',
        'rhPct',
        'spotAudPerMwh',
        'carbonKgPerKwh',
      ]),
  },
  ...[0.05, 0.1, 0.2].map(
    (share): Variation => ({
      group: 'headroom',
      title: `${100 * share} % of servers kept free`,
      world: (w) => withSites(w, (s) => ({ ...s, headroomServers: share * s.hardware.servers })),
    }),
  ),
  ...[0.6, 0.45, 0.3].map(
    (peak): Variation => ({
      group: 'capacity',
      title: `servers for a peak of ${100 * peak} %, by the root of population`,
      world: (w) => withCapacity(w, { exponent: 0.5, peakUtilisation: peak }),
    }),
  ),
  {
    group: 'idle servers',
    title: 'always on, none sleeps',
    world: (w) => withSites(w, (s) => ({ ...s, cost: { ...s.cost, idle: 'always-on' as const } })),
  },
];

/** What both comparisons come to under one assumption changed. */
export interface SensitivityRow {
  group: string;
  title: string;
  /** isotherm, over the days run. */
  objectiveAud: number;
  coolingKwh: number;
  facilityKwh: number;
  /** isotherm less the same optimizer with one constant pPUE, and less the nearest site. */
  awareness: Change;
  joint: Change;
}

export function sensitivity(
  world: World,
  days: readonly number[],
  settings: StudySettings,
): SensitivityRow[] {
  return variations.map(({ group, title, world: vary }) => {
    const runs = runWorld(
      vary(world, settings.seed),
      [isotherm, fixedPpue, nearest],
      days,
      settings,
      `sensitivity, ${title}`,
    );
    const sum = (of: 'objectiveAud' | 'coolingKwh' | 'facilityKwh') =>
      (runs[0]?.days ?? []).reduce((a, d) => a + d[of], 0);
    return {
      group,
      title,
      objectiveAud: sum('objectiveAud'),
      coolingKwh: sum('coolingKwh'),
      facilityKwh: sum('facilityKwh'),
      awareness: against(runs, 'isotherm', 'fixed-ppue', settings),
      joint: against(runs, 'isotherm', 'nearest', settings),
    };
  });
}
