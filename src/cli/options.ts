import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { coolingKinds } from '../core/model/cooling/index.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { assertInputs, type PlanningInputs } from '../core/planning/inputs.ts';
import { readFleetFile } from '../local/fleet-file.ts';
import { tariffOptions, withCooling, withTariff } from '../sim/overrides.ts';
import { utc } from './format.ts';

/** What `plan` and `simulate` share. */
export interface FleetOptions {
  fleet?: string;
  tariff?: keyof typeof tariffOptions;
  cooling?: string;
}

export interface SolverOptions {
  mode: 'learned' | 'supply' | 'classic';
  gap: number;
}

export const fleetOptions = (): Option[] => [
  new Option('--fleet <file>', 'site registry (default: the 14 Australian sites of the package)'),
  new Option(
    '--tariff <kind>',
    'every site on one kind of contract, at the mean rate of its own',
  ).choices(Object.keys(tariffOptions)),
  new Option(
    '--cooling <model>',
    `every site on one cooling model: ${coolingKinds.filter((k) => k !== 'fixed' && k !== 'table').join(', ')}, ` +
      `or JSON such as '{"kind":"fixed","ppue":1.3}'`,
  ),
];

/** @param gap default of the certified gap: a comparison of policies needs a finer one than a plan. */
export const solverOptions = (gap: number): Option[] => [
  new Option(
    '--mode <mode>',
    'learned: site curves through all answers; supply: sites bid whole curves, one round; ' +
      'classic: two-block ADMM, the reference',
  )
    .choices(['learned', 'supply', 'classic'])
    .default('learned'),
  new Option('--gap <share>', 'stop once the plan is proven this close to the optimum')
    .argParser(gapValue)
    .default(gap),
];

/** Reads the registry and puts the overrides over it. */
export async function fleetOf(options: FleetOptions): Promise<Fleet> {
  let fleet = await readFleetFile(options.fleet);
  if (options.tariff) fleet = withTariff(fleet, tariffOptions[options.tariff]);
  if (options.cooling !== undefined) fleet = withCooling(fleet, options.cooling);
  return fleet;
}

function gapValue(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a share above 0, at most 1, such as 0.001.');
}

/** Parser of an amount above nothing. */
export function amountValue(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** Parser of a whole number from `low` to `high`. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`);
  };
}

/** Parser of a number from `low` to `high`. */
export function numberFrom(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Expected a number from ${low} to ${high}.`);
  };
}

/** A day, or an instant with Z or its offset from UTC. Throws {@link InvalidInputError}. */
export function instantMs(text: string, option: string): number {
  const ms = parseUtcMs(text);
  if (ms !== undefined) return ms;
  throw new InvalidInputError(option, [
    `"${text}" is not a date; expected 2022-01-24, 2022-01-24T15:00Z (UTC) or 2022-01-25T01:00+10:00`,
  ]);
}

/** The same, at the beginning of an hour. */
export function hourMs(text: string, option: string): number {
  const ms = instantMs(text, option);
  if (ms % MS_PER_HOUR === 0) return ms;
  throw new InvalidInputError(option, [
    `"${text}" is not a full hour, such as ${utc(ms).slice(0, 13)}:00Z`,
  ]);
}

/** Series read from a user's folder must make sense before anything is computed from them. */
export function assertFolderInputs(fleet: Fleet, inputs: PlanningInputs, dir: string): void {
  try {
    assertInputs(fleet, inputs);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const hour = /\[(\d+)\]/.exec(error.message)?.[1];
    const when =
      hour === undefined ? '' : ` at ${utc(inputs.startUtcMs + Number(hour) * MS_PER_HOUR)}`;
    throw new InvalidInputError('--data', [
      `"${dir}" holds nonsense: ${error.message.replace(/^inputs\./, '').replace(/\[\d+\]/, when)}`,
    ]);
  }
}

/** Long work should not end at a file that cannot be written. */
export function assertWritable(file: string, option: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Error();
  } catch {
    throw new InvalidInputError(option, [`"${file}" cannot be written`]);
  }
}
