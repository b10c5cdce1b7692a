import { seasonOf, seasons } from '../../core/evidence/calendar.ts';
import { coolest } from '../../core/planning/policies/ablations.ts';
import { fixedPpue } from '../../core/planning/policies/fixed-ppue.ts';
import { isotherm } from '../../core/planning/policies/isotherm.ts';
import { nearest } from '../../core/planning/policies/nearest.ts';
import { tariffOptions, withCooling, withTariff } from '../overrides.ts';
import { against, type Change, runWorld, type StudySettings, type World } from './study.ts';
import { withCapacity } from './variations.ts';

export const mapCooling = [
  'mixed-mode',
  'economizer-quadratic',
  'air-cooled-chiller',
  'adiabatic',
] as const;
export const mapTariffs = ['spot', 'flat', 'tou'] as const;

/** Room to move work: where capacity is, and how much of it the busiest hour uses. */
export const mapSlack = [
  { id: 'tight', exponent: 1, peakUtilisation: 0.5 },
  { id: 'slack', exponent: 0.5, peakUtilisation: 0.35 },
] as const;

/** One combination of technology, contract and room, over the year and each season. */
export interface MapCell {
  cooling: (typeof mapCooling)[number];
  tariff: (typeof mapTariffs)[number];
  slack: (typeof mapSlack)[number]['id'];
  year: MapChanges;
  bySeason: Partial<Record<(typeof seasons)[number], MapChanges>>;
}

export interface MapChanges {
  days: number;
  /** isotherm less the same optimizer with one constant pPUE. */
  awareness: Change;
  /** isotherm less the nearest site. */
  joint: Change;
  /** Coolest first less the nearest site: the most cooling energy there is to win. */
  coolest: Change;
}

export function evidenceMap(
  world: World,
  days: readonly number[],
  settings: StudySettings,
): MapCell[] {
  const cells: MapCell[] = [];
  for (const slack of mapSlack) {
    const built = withCapacity(world, slack);
    for (const tariff of mapTariffs) {
      for (const cooling of mapCooling) {
        const fleet = withCooling(withTariff(built.fleet, tariffOptions[tariff]), cooling);
        const runs = runWorld(
          { ...built, fleet },
          [isotherm, fixedPpue, nearest, coolest],
          days,
          settings,
          `map, ${cooling}, ${tariff}, ${slack.id}`,
        );
        const over = (only: (day: number) => boolean): MapChanges => ({
          days: days.filter((_, n) => only(n)).length,
          awareness: against(runs, 'isotherm', 'fixed-ppue', settings, only),
          joint: against(runs, 'isotherm', 'nearest', settings, only),
          coolest: against(runs, 'coolest', 'nearest', settings, only),
        });
        const seasonAt = (n: number) => seasonOf(world.inputs.startUtcMs, days[n] as number);
        const present = seasons.filter((s) => days.some((_, n) => seasonAt(n) === s));
        cells.push({
          cooling,
          tariff,
          slack: slack.id,
          year: over(() => true),
          bySeason: Object.fromEntries(present.map((s) => [s, over((n) => seasonAt(n) === s)])),
        });
      }
    }
  }
  return cells;
}
