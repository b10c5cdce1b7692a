import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { policies } from '../core/planning/policies/index.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { type ArrivalKind, arrivalKinds } from '../sim/events/arrivals.ts';
import { type RequestTrace, readTrace } from '../sim/events/trace.ts';
import { type Trial, trial, withTraceTokens } from '../sim/events/trial.ts';
import { utc } from './format.ts';
import {
  amountValue,
  type FleetOptions,
  fleetOf,
  fleetOptions,
  instantMs,
  wholeNumber,
} from './options.ts';
import { startProgress } from './progress.ts';
import { replayJson, replayText } from './replay-report.ts';
import { feedIssues } from './sites.ts';

export interface ReplayOptions extends FleetOptions {
  data: string;
  trace: Record<string, string>;
  slo: Record<string, string>;
  at?: string;
  hours: number;
  policy: string;
  arrivals: ArrivalKind;
  demand: number;
  seed: number;
  warmUp: number;
  tolerance: number;
  json?: true;
  progress?: true;
}

/** A trial and all that is reported of it. */
export interface ReplayRun extends Trial {
  fleet: Fleet;
  inputs: PlanningInputs;
  traces: RequestTrace[];
  options: ReplayOptions;
}

/** Traces of the classes of the embedded registry, by class id. */
const DEFAULT_TRACES: Record<string, string> = {
  chat: 'llm_azure2023_conv.csv',
  code: 'llm_azure2023_code.csv',
};

export function registerReplay(program: Command): void {
  const command = program
    .command('replay')
    .summary('request by request: does the model forecast what a trace does?')
    .description(
      'Plan some hours, then replay recorded requests against simulated LLM servers under that plan, ' +
        'routed as the router does it, and set waiting, TTFT, utilisation and energy beside what ' +
        'the model expected.',
    )
    .requiredOption('--data <dir>', 'folder of traces: t_s, input_tokens, output_tokens, …')
    .addOption(
      pairs('--trace <class=file>', 'trace of a class, a file of the folder; repeatable').default(
        {},
        `${Object.entries(DEFAULT_TRACES)
          .map((e) => e.join('='))
          .join(', ')}`,
      ),
    )
    .addOption(
      pairs('--slo <class=ms>', "TTFT SLO in place of the registry's; repeatable").default(
        {},
        'own',
      ),
    )
    .addOption(new Option('--at <time>', 'first hour, in UTC or with an offset (default: now)'))
    .addOption(
      new Option('--hours <n>', 'hours to replay').argParser(wholeNumber(1, 24)).default(1),
    )
    .addOption(
      new Option('--policy <id>', 'who plans')
        .choices(policies.map((p) => p.id))
        .default('isotherm'),
    )
    .addOption(
      new Option(
        '--arrivals <kind>',
        "superposed: copies of the trace, thinned to a zone's demand; stretched: one copy, faster " +
          'or slower; poisson: without bursts, the control',
      )
        .choices(arrivalKinds)
        .default('superposed'),
    )
    .addOption(
      new Option('--demand <factor>', "so many times the registry's demand")
        .argParser(amountValue)
        .default(1),
    )
    .addOption(
      new Option('--seed <n>', 'of all random choices')
        .argParser(wholeNumber(0, 2 ** 31 - 1))
        .default(1),
    )
    .addOption(
      new Option('--warm-up <minutes>', 'simulated before anything is measured')
        .argParser(wholeNumber(0, 120))
        .default(10),
    )
    .addOption(
      new Option('--tolerance <percent>', 'error from which a forecast is called off')
        .argParser(amountValue)
        .default(10),
    );
  for (const option of fleetOptions()) command.addOption(option);
  command
    .addOption(new Option('--json', 'JSON on standard output'))
    .addOption(new Option('--progress', 'lines of progress where there is no terminal'))
    .addHelpText(
      'after',
      `
Weather, prices and carbon are those embedded; demand is the registry's, its requests the trace's.

Examples:
  isotherm replay --data ../shared/data --at 2026-01-15T00:00Z
  isotherm replay --data ../shared/data --arrivals poisson --policy nearest --hours 3
  isotherm replay --data ../shared/data --trace chat=llm_mooncake_conversation.csv \\
    --slo chat=5000 --demand 0.3`,
    )
    .action(async (options: ReplayOptions) => {
      const run = await replayed(options);
      process.stdout.write(
        options.json ? `${JSON.stringify(replayJson(run), null, 2)}\n` : replayText(run),
      );
    });
}

async function replayed(options: ReplayOptions): Promise<ReplayRun> {
  const registry = await fleetOf(options);
  const [unknown] = feedIssues(registry);
  if (unknown) throw new InvalidInputError('--fleet', [`${unknown.path}: ${unknown.message}`]);
  assertClasses(registry, options.trace, '--trace');
  const traces = tracesOf(registry, options);
  const fleet = withTraceTokens(withSlos(registry, options.slo), traces);
  const startUtcMs = floorToHour(
    options.at === undefined ? Date.now() : instantMs(options.at, '--at'),
  );
  const expected = embeddedInputs(publicFleet(fleet), startUtcMs, options.hours);
  const inputs = {
    ...expected,
    demandReqPerS: expected.demandReqPerS.map((v) => v * options.demand),
  };
  const progress = startProgress(options.progress === true);
  const done = trial(fleet, inputs, {
    policy: policies.find((p) => p.id === options.policy) as (typeof policies)[number],
    traces,
    kind: options.arrivals,
    seed: options.seed,
    warmUpS: options.warmUp * 60,
    gapTarget: 1e-3,
    tolerance: options.tolerance / 100,
    onProgress: (share) => progress.update(`requests from ${utc(startUtcMs)}`, share),
  });
  progress.done();
  return { ...done, fleet, inputs, traces, options };
}

function tracesOf(fleet: Fleet, { data, trace }: ReplayOptions): RequestTrace[] {
  return fleet.classes.map((cls) => {
    const file = trace[cls.id] ?? DEFAULT_TRACES[cls.id];
    if (file === undefined) {
      throw new InvalidInputError('--trace', [
        `no trace for class "${cls.id}", expected --trace ${cls.id}=FILE`,
      ]);
    }
    const path = join(data, file);
    if (!existsSync(path)) {
      throw new InvalidInputError('--data', [
        `"${data}" has no file "${file}" (class "${cls.id}")`,
      ]);
    }
    return readTrace(path);
  });
}

function withSlos(fleet: Fleet, slos: Record<string, string>): Fleet {
  assertClasses(fleet, slos, '--slo');
  const classes = fleet.classes.map((cls) => {
    const text = slos[cls.id];
    if (text === undefined) return cls;
    const ttftSloMs = Number(text);
    if (ttftSloMs > 0 && Number.isFinite(ttftSloMs)) return { ...cls, ttftSloMs };
    throw new InvalidInputError('--slo', [`"${cls.id}=${text}", expected ms above 0`]);
  });
  return { ...fleet, classes };
}

function assertClasses(fleet: Fleet, given: Record<string, string>, option: string): void {
  const ids = fleet.classes.map((c) => c.id);
  const unknown = Object.keys(given).find((id) => !ids.includes(id));
  if (unknown === undefined) return;
  throw new InvalidInputError(option, [
    `"${unknown}" is no class of ${fleet.name}, expected one of ${ids.join(', ')}`,
  ]);
}

/** An option of the form name=value, given once for each name. */
function pairs(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (text: string, before: Record<string, string> | undefined) => {
      const at = text.indexOf('=');
      if (at > 0 && at < text.length - 1) {
        return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
      }
      throw new InvalidArgumentError('Expected class=value.');
    },
  );
}
