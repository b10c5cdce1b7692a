import { coolingKinds } from '../../core/model/cooling/index.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { tariffOptions, withCooling, withTariff } from '../overrides.ts';
import { withTemperatureError, withYesterdays } from './beliefs.ts';
import {
  unknownTo,
  withCarbonAlike,
  withEmbeddedCarbon,
  withEmbeddedLevel,
  withMarginalCarbon,
} from './carbon.ts';
import { against, type Change, runWorld, type StudySettings, type World } from './study.ts';
import { withCapacity, withPrices, withSites } from './variations.ts';

/** One assumption changed, all else as it is. */
export interface Variation {
  group: string;
  title: string;
  /** Undefined where the data do not have what it takes. */
  world: (world: World, seed: number) => World | undefined;
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

/** Groups that are about which carbon is counted. */
export const CARBON_SCOPE = 'carbon scope';
export const MARGINAL = 'marginal carbon';
/** In the latter: place does not change what a kWh emits. */
export const ALIKE = 'the same everywhere';

export const variations: readonly Variation[] = [
  { group: 'as it is', title: 'the registry', world: (w) => w },
  ...coolingKinds
    .filter((kind) => kind !== 'fixed' && kind !== 'table')
    .map((kind) => cooled(kind, kind)),
  cooled('fixed-approach curve, pads', 'adiabatic', 'WUE curve'),
  cooled('cooling tower curve, pads', '{"kind":"adiabatic","wue":"tower"}', 'WUE curve'),
  {
    group: CARBON_SCOPE,
    title: 'the series at the level of direct and scope 2',
    world: withEmbeddedLevel,
  },
  { group: CARBON_SCOPE, title: 'direct and scope 2 means, embedded', world: withEmbeddedCarbon },
  { group: MARGINAL, title: ALIKE, world: withCarbonAlike },
  {
    group: MARGINAL,
    title: `${ALIKE}, planned by averages`,
    world: (w) => unknownTo(w, withCarbonAlike),
  },
  { group: MARGINAL, title: 'a marginal series', world: withMarginalCarbon },
  {
    group: MARGINAL,
    title: 'a marginal series, planned by averages',
    world: (w) => unknownTo(w, withMarginalCarbon),
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
  carbonKg: number;
  /** isotherm less the same optimizer with one constant pPUE, and less the nearest site. */
  awareness: Change;
  joint: Change;
}

/** A variation that the data did not allow. */
export interface NotShown {
  group: string;
  title: string;
}

export function sensitivity(
  world: World,
  days: readonly number[],
  settings: StudySettings,
): { rows: SensitivityRow[]; notShown: NotShown[] } {
  const notShown: NotShown[] = [];
  const rows = variations.flatMap(({ group, title, world: vary }) => {
    const varied = vary(world, settings.seed);
    if (!varied) {
      notShown.push({ group, title });
      return [];
    }
    const runs = runWorld(
      varied,
      [isotherm, fixedPpue, nearest],
      days,
      settings,
      `sensitivity, ${title}`,
    );
    const sum = (of: 'objectiveAud' | 'coolingKwh' | 'facilityKwh' | 'carbonKg') =>
      (runs[0]?.days ?? []).reduce((a, d) => a + d[of], 0);
    return {
      group,
      title,
      objectiveAud: sum('objectiveAud'),
      coolingKwh: sum('coolingKwh'),
      facilityKwh: sum('facilityKwh'),
      carbonKg: sum('carbonKg'),
      awareness: against(runs, 'isotherm', 'fixed-ppue', settings),
      joint: against(runs, 'isotherm', 'nearest', settings),
    };
  });
  return { rows, notShown };
}
