import type { Fleet } from '../core/model/fleet.ts';
import { capacityBySlot } from '../core/model/maintenance.ts';
import type { PlanningInputs, SiteSeries } from '../core/planning/inputs.ts';
import {
  type Attribution,
  attributionsOfFolder,
  attributionsOfSites,
} from '../feeds/attribution.ts';
import { folderNotes } from '../sim/folder-notes.ts';
import { count, decimal } from './format.ts';

type Kind = keyof SiteSeries['sources'];

/** Where each site's series come from, for JSON. */
export function sourcesOf(fleet: Fleet, inputs: PlanningInputs) {
  return fleet.sites.map((site, j) => ({
    site: site.id,
    ...(inputs.sites[j] as SiteSeries).sources,
  }));
}

/**
 * One note for each placeholder source of a kind, with the sites it stands in at.
 * @param besides sites of which something was said already
 */
export function placeholderNotes(
  fleet: Fleet,
  inputs: PlanningInputs,
  kind: Kind,
  besides: readonly { id: string }[] = [],
): string[] {
  const sitesBySource = new Map<string, string[]>();
  fleet.sites.forEach((site, j) => {
    const { source, placeholder } = (inputs.sites[j] as SiteSeries).sources[kind];
    if (!placeholder || besides.some((b) => b.id === site.id)) return;
    sitesBySource.set(source, [...(sitesBySource.get(source) ?? []), site.id]);
  });
  return [...sitesBySource].map(([source, sites]) => {
    const where = sites.length === fleet.sites.length ? 'all sites' : sites.join(', ');
    return `${kind} is a placeholder, ${source}, at ${where}`;
  });
}

/** What a plan from embedded data rests on. */
export function embeddedNotes(fleet: Fleet, inputs: PlanningInputs): string[] {
  const onSpot = fleet.sites.filter((s) => s.cost.tariff.kind === 'spot').map((s) => s.id);
  const where = onSpot.length === fleet.sites.length ? 'all sites' : onSpot.join(', ');
  return [
    ...(onSpot.length > 0
      ? [
          `no wholesale prices are embedded: spot contracts are charged their fallback rate at ${where}`,
        ]
      : []),
    ...climateNotes(fleet, inputs),
    ...placeholderNotes(fleet, inputs, 'carbon'),
    ...placeholderNotes(fleet, inputs, 'water'),
    DEMAND_NOTE,
  ];
}

/** One note for each climate that stands in for a forecast, with its sites where there are several. */
function climateNotes(fleet: Fleet, inputs: PlanningInputs): string[] {
  const sitesBySource = Map.groupBy(
    fleet.sites.map(({ id }, j) => ({ id, ...(inputs.sites[j] as SiteSeries).sources.weather })),
    ({ source }) => source,
  );
  return [...sitesBySource].map(([source, sites]) => {
    const where = sitesBySource.size === 1 ? '' : ` at ${sites.map((s) => s.id).join(', ')}`;
    return `weather is ${source}, by month and hour, not a forecast${where}`;
  });
}

export const DEMAND_NOTE =
  'demand is a model: population times a daily shape in local time, not a measured trace';

/** Notes that say the same of several sites (`sydney: …`) become one, with all their names. */
export function groupedBySite(notes: readonly string[]): string[] {
  const sitesByText = new Map<string, string[]>();
  for (const note of notes) {
    const [, site, text] = /^([a-z][a-z0-9-]*): (.*)$/s.exec(note) ?? [];
    const key = text ?? note;
    sitesByText.set(key, [...(sitesByText.get(key) ?? []), ...(site ? [site] : [])]);
  }
  return [...sitesByText].map(([text, sites]) =>
    sites.length > 0 ? `${sites.join(', ')}: ${text}` : text,
  );
}

/** Sites that have less capacity in some of the hours planned. */
export function maintenanceNotes(fleet: Fleet, inputs: PlanningInputs): string[] {
  return fleet.sites.flatMap((site) => {
    const left = capacityBySlot(site.maintenance ?? [], inputs);
    const least = left.reduce((a, b) => Math.min(a, b), 1);
    if (least === 1) return [];
    const hours = left.filter((share) => share < 1).length * inputs.slotHours;
    return [
      `maintenance leaves ${site.id} ${decimal(100 * least, 0)} % of its capacity at least, in ${count(hours, 'hour')} of the plan`,
    ];
  });
}

/** What live feeds brought: whose, how old, what stands in and why; sites that share it in one note. */
export function liveNotes(fleet: Fleet, inputs: PlanningInputs): string[] {
  const sitesByText = new Map<string, string[]>();
  fleet.sites.forEach((site, j) => {
    const { sources } = inputs.sites[j] as SiteSeries;
    for (const kind of ['weather', 'price', 'carbon'] as const) {
      const { source, ageH, fallbackSlots, fault } = sources[kind];
      if (fallbackSlots === undefined) continue;
      const age = ageH === undefined ? '' : `, issued ${decimal(ageH, 1)} h ago at most`;
      const why = fault === undefined ? '' : `; the feed FAILED: ${fault}`;
      const text = `${kind} is ${source}${age}${why}`;
      sitesByText.set(text, [...(sitesByText.get(text) ?? []), site.id]);
    }
  });
  return [...sitesByText].map(([text, sites]) => {
    const where = sites.length === fleet.sites.length ? 'all sites' : sites.join(', ');
    return `${where}: ${text}`;
  });
}

/** Of what a live feed was asked for and brought nothing: kind, sites, why, and what stands in. */
export function failedFeeds(fleet: Fleet, inputs: PlanningInputs): string[] {
  const sitesByText = new Map<string, string[]>();
  fleet.sites.forEach((site, j) => {
    const { sources } = inputs.sites[j] as SiteSeries;
    for (const kind of ['weather', 'price', 'carbon'] as const) {
      const { source, fallbackSlots, fault } = sources[kind];
      if (fault === undefined && fallbackSlots !== inputs.slotCount) continue;
      const text = `${kind} is ${source} (${fault ?? 'no hour of the plan came'})`;
      sitesByText.set(text, [...(sitesByText.get(text) ?? []), site.id]);
    }
  });
  return [...sitesByText].map(([text, sites]) => {
    const where = sites.length === fleet.sites.length ? 'all sites' : sites.join(', ');
    return `at ${where} ${text}`;
  });
}

/** Whose data it is, and under what terms. */
export function attributionNotes({ sites }: PlanningInputs): string[] {
  return attributionsOfSites(sites).map(credit);
}

/**
 * The same of what was read from a folder.
 * @param files of it that are read beside the sites' series
 */
export function folderCredits(
  dir: string,
  { sites }: Pick<PlanningInputs, 'sites'>,
  files: readonly string[] = [],
): string[] {
  const named = sites.flatMap(({ sources }) => Object.values(sources).map((s) => s.source));
  const notes = sites.length > 0 ? (folderNotes(dir)?.text ?? '') : '';
  return attributionsOfFolder([...named, ...files], notes).map((a) => `data: ${credit(a)}`);
}

const credit = ({ text, licence }: Attribution) => `${text.replace(/\.$/, '')} (${licence})`;
