import { InvalidInputError } from '../core/model/errors.ts';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { type PlanningInputs, slotUtcMs } from '../core/planning/inputs.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { readDataset } from '../sim/dataset.ts';
import { DEMAND_NOTE, embeddedNotes, groupedBySite, placeholderNotes } from './notes.ts';
import { assertFolderInputs } from './options.ts';

const HORIZON_HOURS = 24;

export interface StartInputs {
  /** Of every site, as the plan will see them. */
  all: PlanningInputs;
  /** What the folder has, to be fed to D1. */
  fed?: { fleet: Fleet; inputs: PlanningInputs };
}

/** What the first plan is made from, and what is to be said of it. */
export function startInputs(
  fleet: Fleet,
  options: { data?: string; at?: string },
  nowMs: number,
): { inputs: StartInputs; notes: string[] } {
  const startUtcMs = floorToHour(nowMs);
  const all = embeddedInputs(publicFleet(fleet), startUtcMs, HORIZON_HOURS);
  if (options.data === undefined) return { inputs: { all }, notes: embeddedNotes(fleet, all) };
  if (options.at === undefined) {
    throw new InvalidInputError('--data', [
      'needs --at, the hour to start from, such as 2022-01-24',
    ]);
  }
  const fed = readDataset(options.data, fleet, { startUtcMs, hours: HORIZON_HOURS });
  assertFolderInputs(fed.fleet, fed.inputs, options.data);
  fed.fleet.sites.forEach((site, n) => {
    const j = fleet.sites.findIndex((s) => s.id === site.id);
    all.sites[j] = fed.inputs.sites[n] as PlanningInputs['sites'][number];
  });
  const others = fleet.sites.filter((s) => !fed.fleet.sites.some((f) => f.id === s.id));
  const notes = groupedBySite(fed.notes.filter((n) => !n.startsWith('left out')));
  if (others.length > 0) {
    notes.push(`no weather series: mean climate is used for ${others.map((s) => s.id).join(', ')}`);
  }
  notes.push(
    ...placeholderNotes(fleet, all, 'carbon', fed.fleet.sites),
    ...placeholderNotes(fleet, all, 'water'),
    DEMAND_NOTE,
  );
  return { inputs: { all, fed }, notes };
}

/** A folder's hours, the way an operator's own feed would send them. */
export function hoursToFeed({ fleet, inputs }: NonNullable<StartInputs['fed']>): object[] {
  return fleet.sites.flatMap((site, j) => {
    const s = inputs.sites[j] as PlanningInputs['sites'][number];
    return Array.from({ length: inputs.slotCount }, (_, t) => ({
      site: site.id,
      utc: new Date(slotUtcMs(inputs, t)).toISOString(),
      tempC: s.tempC[t],
      rhPct: Math.min(100, s.rhPct[t] as number),
      spotAudPerMwh: Number.isFinite(s.spotAudPerMwh[t]) ? s.spotAudPerMwh[t] : null,
      carbonKgPerKwh: s.sources.carbon.placeholder ? null : s.carbonKgPerKwh[t],
    }));
  });
}
