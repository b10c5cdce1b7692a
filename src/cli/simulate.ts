import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { type Policy, policiesFor, policies as registry } from '../core/planning/policies/index.ts';
import { backtest, type PolicyResult } from '../sim/backtest.ts';
import { readDataset } from '../sim/dataset.ts';
import { HORIZON_SLOTS, rollingIssue } from '../sim/rolling.ts';
import { backtestHourly } from '../sim/rolling-pool.ts';
import { DEMAND_NOTE, folderCredits, groupedBySite, placeholderNotes } from './notes.ts';
import {
  assertFolderInputs,
  assertWritable,
  type FleetOptions,
  fleetOf,
  fleetOptions,
  hourMs,
  type SolverOptions,
  solverOptions,
  wholeNumber,
} from './options.ts';
import { startProgress } from './progress.ts';
import { simulationCsv, simulationJson, simulationText } from './simulate-report.ts';

export interface SimulateOptions extends FleetOptions, SolverOptions {
  data: string;
  from: string;
  to: string;
  policies?: string;
  hourly?: true;
  threads: number;
  json?: true;
  csv?: string;
  progress?: true;
}

/** A backtest and all that is reported of it. */
export interface SimulationRun {
  /** Without the sites and zones that have no weather. */
  fleet: Fleet;
  inputs: PlanningInputs;
  results: PolicyResult[];
  options: SimulateOptions;
  notes: string[];
}

/** Longest span; a guard against typing errors in the year. */
const MAX_HOURS = 10 * 8784;

export function registerSimulate(program: Command): void {
  const command = program
    .command('simulate')
    .summary('backtest of routing policies over real series')
    .description(
      'Run every policy hour by hour over real weather, prices and carbon, and charge all of them ' +
        'by the same true model, whatever they believed when they decided.',
    )
    .requiredOption('--data <dir>', 'folder of hourly series: weather_<site>_*.csv, …')
    .requiredOption('--from <date>', 'first hour, UTC: 2022-01-24 or 2022-01-24T15:00Z')
    .requiredOption('--to <date>', 'end, UTC, exclusive: the first hour no longer simulated')
    .addOption(new Option('--policies <list>', 'comma-separated (default: all, see below)'))
    .addOption(
      new Option(
        '--hourly',
        `plan anew every hour over the ${HORIZON_SLOTS} that follow (default: a day at a time)`,
      ),
    )
    .addOption(
      new Option('--threads <n>', 'that plan, with --hourly')
        .argParser(wholeNumber(1, 256))
        .default(availableParallelism(), 'processors there are'),
    );
  for (const option of [...fleetOptions(), ...solverOptions(1e-5)]) command.addOption(option);
  command
    .addOption(new Option('--json', 'JSON on standard output').conflicts('csv'))
    .addOption(
      new Option('--csv <file>', 'also write the table as CSV; - for standard output only'),
    )
    .addOption(new Option('--progress', 'lines of progress where there is no terminal'))
    .addHelpText(
      'after',
      `
Policies:
${registry.map((p) => `  ${p.id.padEnd(16)} ${p.summary}`).join('\n')}

Examples:
  isotherm simulate --data ../shared/data --from 2022-01-24 --to 2022-01-31
  isotherm simulate --data ../shared/data --from 2022-01-01 --to 2023-01-01 --tariff spot
  isotherm simulate --data ../shared/data --from 2022-01-01 --to 2023-01-01 --hourly --progress
  isotherm simulate --data ../shared/data --from 2022-09-05 --to 2022-09-12 \\
    --policies isotherm,fixed-ppue,nearest --cooling economizer-quadratic --json`,
    )
    .action(async (options: SimulateOptions) => {
      const run = await simulated(options);
      if (options.csv !== undefined && options.csv !== '-') {
        writeFileSync(options.csv, simulationCsv(run));
      }
      process.stdout.write(
        options.json
          ? `${JSON.stringify(simulationJson(run), null, 2)}\n`
          : options.csv === '-'
            ? simulationCsv(run)
            : simulationText(run),
      );
    });
}

async function simulated(options: SimulateOptions): Promise<SimulationRun> {
  const startUtcMs = hourMs(options.from, '--from');
  const endUtcMs = hourMs(options.to, '--to');
  const hours = (endUtcMs - startUtcMs) / MS_PER_HOUR;
  if (hours <= 0) {
    throw new InvalidInputError('--to', [
      `"${options.to}" is not after --from "${options.from}" (--to is exclusive)`,
    ]);
  }
  if (hours > MAX_HOURS) {
    throw new InvalidInputError('--to', [
      `the span is ${hours} hours, at most ${MAX_HOURS} are simulated`,
    ]);
  }
  if (options.csv !== undefined && options.csv !== '-') assertWritable(options.csv, '--csv');
  const whole = await fleetOf(options);
  const policies = policiesOf(options.policies, whole);
  const { fleet, inputs, notes } = readDataset(options.data, whole, { startUtcMs, hours });
  assertFolderInputs(fleet, inputs, options.data);
  const issue = options.hourly && rollingIssue(fleet);
  if (issue) {
    throw new InvalidInputError('--hourly', [
      `${issue}, and a backtest does not carry from plan to plan what that leaves; expected a fleet without work that may wait or plants; without --hourly days are planned one by one, with both`,
    ]);
  }
  const progress = startProgress(options.progress === true);
  const settings = { mode: options.mode, gapTarget: options.gap };
  const onPlan = (policy: string, share: number) => progress.update(policy, share);
  const { threads } = options;
  const results = options.hourly
    ? await backtestHourly({ fleet, inputs, settings }, policies, { threads, onPlan })
    : backtest(fleet, inputs, policies, settings, onPlan);
  progress.done();
  return {
    fleet,
    inputs,
    results,
    options,
    notes: [
      ...groupedBySite(notes),
      ...placeholderNotes(fleet, inputs, 'water'),
      DEMAND_NOTE,
      options.hourly
        ? `every policy plans anew every hour, knowing weather, prices and demand of the ${HORIZON_SLOTS} that follow exactly; the first of them is what is done`
        : "every policy decides a day at a time, knowing the day's weather, prices and demand exactly",
      ...folderCredits(options.data, inputs),
    ],
  };
}

function policiesOf(list: string | undefined, fleet: Fleet): readonly Policy[] {
  if (list === undefined) return policiesFor(fleet);
  const ids = [...new Set(list.split(',').map((id) => id.trim()))];
  return ids.map((id) => {
    const policy = registry.find((p) => p.id === id);
    if (policy) return policy;
    throw new InvalidInputError('--policies', [
      `"${id}" is no policy, expected some of ${registry.map((p) => p.id).join(', ')}`,
    ]);
  });
}
