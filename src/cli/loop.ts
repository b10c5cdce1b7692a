import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { DEMAND_MARGIN } from '../core/forecast/demand.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { mayWait } from '../core/model/request-class.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { readDataset } from '../sim/dataset.ts';
import { Asked, type RateTrace, readRateTrace } from '../sim/loop/asked.ts';
import { closedLoop, type LoopResult, type LoopSpec } from '../sim/loop/closed-loop.ts';
import { readWeatherErrors } from '../sim/loop/weather-errors.ts';
import { loopJson, loopText } from './loop-report.ts';
import { folderCredits, groupedBySite, placeholderNotes } from './notes.ts';
import {
  amountValue,
  assertFolderInputs,
  type FleetOptions,
  fleetOf,
  fleetOptions,
  hourMs,
  wholeNumber,
} from './options.ts';
import { startProgress } from './progress.ts';

export interface LoopOptions extends FleetOptions {
  data: string;
  history: number;
  replan: number;
  traceDay: number;
  margin: number;
  late: number;
  gap: number;
  json?: true;
  progress?: true;
}

/** What loops are run on. */
export interface LoopSetting {
  fleet: Fleet;
  startUtcMs: number;
  hours: number;
  traces: RateTrace[];
  spec: LoopSpec;
  notes: string[];
}

export interface LoopReport extends LoopSetting {
  result: LoopResult;
}

/** Rates by class of the embedded registry, by class id. */
const TRACES: Record<string, string> = {
  chat: 'llm_servegen_language_m_small_10min.csv',
  code: 'llm_servegen_language_m_mid_10min.csv',
};
/** Of any class whose work may wait: no recorded rates of such work are at hand. */
const WAITING_TRACE = 'llm_servegen_language_m_mid_10min.csv';
const WEATHER_ERRORS = 'weather_forecast_vs_actual_2026.csv';
const STEP_MINUTES = 5;
/**
 * At this price no week or day that was tried had more requests late than the nearest sites: it keeps
 * sites from being filled to the brim. What it costs: docs/decisions/0035-loop-defaults.md.
 */
const LATE_AUD_PER_REQUEST = 0.006;

export const loopOptions = (): Option[] => [
  new Option('--history <hours>', 'counted before the first hour')
    .argParser(wholeNumber(0, 335))
    .default(168),
  new Option('--replan <minutes>', 'between plans, a multiple of 5')
    .argParser(wholeNumber(5, 1440))
    .default(15),
  new Option('--trace-day <n>', 'day of the rates with which the first zone begins')
    .argParser(wholeNumber(0, 13))
    .default(0),
  new Option('--margin <factor>', 'of demand: plans are made for so many times the forecast')
    .argParser(amountValue)
    .default(DEMAND_MARGIN),
  new Option('--late <aud>', "price of a request over its SLO, in place of the registry's")
    .argParser(amountValue)
    .default(LATE_AUD_PER_REQUEST),
  ...fleetOptions(),
  new Option('--gap <share>', 'of every plan').argParser(amountValue).default(1e-4),
  new Option('--json', 'JSON on standard output'),
  new Option('--progress', 'lines of progress where there is no terminal'),
];

export function registerLoop(program: Command): void {
  const command = program
    .command('loop')
    .summary('plans from forecasts in a closed loop, beside perfect foresight')
    .description(
      'Run a deployment over real hours: it plans from forecasts of weather and of the demand it has ' +
        'counted, serves what comes, and plans again. Beside it the same with every hour known ' +
        'beforehand, and the nearest sites. Real weather, prices and carbon, the errors of issued ' +
        'weather forecasts, and the rates of a real service at ten minutes.',
    )
    .requiredOption('--data <dir>', 'folder of hourly series, rates and weather forecasts')
    .requiredOption('--from <date>', 'first hour, UTC')
    .requiredOption('--to <date>', 'end, UTC, exclusive');
  for (const option of loopOptions()) command.addOption(option);
  command.action(async (options: LoopOptions & { from: string; to: string }) => {
    const startUtcMs = hourMs(options.from, '--from');
    const hours = (hourMs(options.to, '--to') - startUtcMs) / MS_PER_HOUR;
    if (hours <= 0) throw new InvalidInputError('--to', ['is not after --from']);
    const setting = await loopSetting(options, startUtcMs, hours);
    const report = { ...setting, result: runLoop(setting.spec, options) };
    process.stdout.write(
      options.json ? `${JSON.stringify(loopJson(report), null, 2)}\n` : loopText(report),
    );
  });
}

export function runLoop(spec: LoopSpec, options: Pick<LoopOptions, 'progress'>): LoopResult {
  const progress = startProgress(options.progress === true);
  const result = closedLoop({ ...spec, onProgress: (share) => progress.update('hours', share) });
  progress.done();
  return result;
}

/** Reads all that a loop over these hours needs. Throws {@link InvalidInputError}. */
export async function loopSetting(
  options: LoopOptions,
  startUtcMs: number,
  hours: number,
): Promise<LoopSetting> {
  const whole = await fleetOf(options);
  if (options.replan % STEP_MINUTES !== 0) {
    throw new InvalidInputError('--replan', [`is ${options.replan}, expected a multiple of 5`]);
  }
  const traces = whole.classes.map((cls) => {
    const file = TRACES[cls.id] ?? (mayWait(cls) ? WAITING_TRACE : undefined);
    if (file !== undefined) return readRateTrace(fileOf(options.data, file), file);
    throw new InvalidInputError('--fleet', [
      `no rates for class "${cls.id}", expected classes ${Object.keys(TRACES).join(', ')}, or such whose work may wait`,
    ]);
  });
  for (const { source, relative, stepS } of traces) {
    const traceH = (relative.length * stepS) / 3600;
    if (options.history + hours <= traceH) continue;
    throw new InvalidInputError('--to', [
      `${options.history} h of history and ${hours} h are more than the ${traceH} h of ${source}`,
    ]);
  }
  // A day more, for prices and carbon of the day before.
  const { fleet, inputs, notes } = readDataset(options.data, withLate(whole, options.late), {
    startUtcMs: startUtcMs - 24 * MS_PER_HOUR,
    hours: hours + 24,
  });
  assertFolderInputs(fleet, inputs, options.data);
  const historyMs = options.history * MS_PER_HOUR;
  return {
    fleet,
    startUtcMs,
    hours,
    traces,
    spec: {
      fleet,
      truth: inputs,
      startUtcMs,
      hours,
      asked: new Asked(fleet, traces, startUtcMs - historyMs, options.traceDay),
      weatherErrors: readWeatherErrors(fileOf(options.data, WEATHER_ERRORS), WEATHER_ERRORS),
      historyHours: options.history,
      demandMargin: options.margin,
      replanMinutes: options.replan,
      stepMinutes: STEP_MINUTES,
      gapTarget: options.gap,
    },
    notes: [
      ...groupedBySite(notes),
      ...placeholderNotes(fleet, inputs, 'water'),
      ...folderCredits(
        options.data,
        inputs,
        traces.map((t) => t.source),
      ),
    ],
  };
}

function fileOf(dir: string, file: string): string {
  const path = join(dir, file);
  if (existsSync(path)) return path;
  throw new InvalidInputError('--data', [`"${dir}" has no file "${file}"`]);
}

function withLate(fleet: Fleet, late: number): Fleet {
  return { ...fleet, prices: { ...fleet.prices, lateAudPerRequest: late } };
}
