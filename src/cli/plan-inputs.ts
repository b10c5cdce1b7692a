import { Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { readDataset } from '../sim/dataset.ts';
import { utc } from './format.ts';
import { liveInputs } from './live-inputs.ts';
import {
  DEMAND_NOTE,
  embeddedNotes,
  folderCredits,
  groupedBySite,
  liveNotes,
  maintenanceNotes,
  placeholderNotes,
} from './notes.ts';
import { assertFolderInputs, instantMs, wholeNumber } from './options.ts';
import { feedIssues } from './sites.ts';

/** What a plan is made from, as `plan` and `pareto` ask for it. */
export interface InputsOptions {
  data?: string;
  at?: string;
  slots: number;
  live?: true;
}

const LIVE_TIMEOUT_MS = 30_000;

/** For commands that can ask live feeds. */
export const liveOption = (): Option =>
  new Option(
    '--live',
    "from now on as the registry's live feeds have it, or Open-Meteo and AEMO where it names none",
  ).conflicts(['data', 'at']);

/** The same, asking live feeds where that is wanted. */
export async function inputsOrLive(fleet: Fleet, options: InputsOptions) {
  if (!options.live) return inputsOf(fleet, options);
  assertEmbedded(fleet);
  const inputs = await liveInputs(fleet, options.slots, {
    fetch,
    nowMs: Date.now(),
    timeoutMs: LIVE_TIMEOUT_MS,
    secret: (name) => process.env[name],
  });
  return {
    fleet,
    inputs,
    notes: [
      ...maintenanceNotes(fleet, inputs),
      ...liveNotes(fleet, inputs),
      ...placeholderNotes(fleet, inputs, 'carbon'),
      ...placeholderNotes(fleet, inputs, 'water'),
      DEMAND_NOTE,
    ],
  };
}

export const inputsOptions = (): Option[] => [
  new Option(
    '--data <dir>',
    'folder of real hourly series; needs --at; sites and zones without weather there are left out',
  ),
  new Option('--at <time>', 'first hour of the plan, in UTC or with an offset (default: now)'),
  new Option('--slots <hours>', 'hours to plan').argParser(wholeNumber(1, 168)).default(24),
];

/** Embedded inputs or those of a folder, with the fleet they are for. */
export function inputsOf(
  fleet: Fleet,
  options: InputsOptions,
): { fleet: Fleet; inputs: PlanningInputs; notes: string[] } {
  if (options.data !== undefined && options.at === undefined) {
    throw new InvalidInputError('--data', [
      'needs --at, the first hour of the plan, such as 2022-01-24',
    ]);
  }
  const atMs = options.at === undefined ? Date.now() : instantMs(options.at, '--at');
  const startUtcMs = floorToHour(atMs);
  const floored =
    options.at !== undefined && atMs !== startUtcMs
      ? [`plans begin with an hour: --at ${options.at} is in that of ${utc(startUtcMs)}`]
      : [];
  if (options.data !== undefined) {
    const data = readDataset(options.data, fleet, { startUtcMs, hours: options.slots });
    assertFolderInputs(data.fleet, data.inputs, options.data);
    const notes = [
      ...floored,
      ...maintenanceNotes(data.fleet, data.inputs),
      ...groupedBySite(data.notes),
      ...folderCredits(options.data, data.inputs),
      ...placeholderNotes(data.fleet, data.inputs, 'water'),
      DEMAND_NOTE,
    ];
    return { ...data, notes };
  }
  assertEmbedded(fleet);
  const inputs = embeddedInputs(publicFleet(fleet), startUtcMs, options.slots);
  return {
    fleet,
    inputs,
    notes: [...floored, ...maintenanceNotes(fleet, inputs), ...embeddedNotes(fleet, inputs)],
  };
}

/** Where no series are, embedded ones must stand in. */
export function assertEmbedded(fleet: Fleet): void {
  const [unknown] = feedIssues(fleet);
  if (unknown === undefined) return;
  throw new InvalidInputError('--fleet', [
    `${unknown.path}: ${unknown.message}; with --data its series would do`,
  ]);
}
