import { Argument, type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet, Site } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { readDataset } from '../sim/dataset.ts';
import type { LoopSpec } from '../sim/loop/closed-loop.ts';
import { hottestDays, hottestHour, PRICE_STEP_MS, readStepPrices } from '../sim/loop/spans.ts';
import { csvRegion } from '../sim/region-series.ts';
import { utc } from './format.ts';
import { type LoopOptions, type LoopReport, loopOptions, loopSetting, runLoop } from './loop.ts';
import { loopJson, loopTable, loopText, loopVerdicts } from './loop-report.ts';
import { fleetOf, wholeNumber } from './options.ts';
import { bold, wrap } from './table.ts';

export interface ScenarioOptions extends LoopOptions {
  year: number;
  outage: number;
}

/** A scenario's loop, what it is about, and the same hours without the fault where there is one. */
interface ScenarioRun {
  about: string;
  report: LoopReport;
  undisturbed?: LoopReport;
}

const scenarios: Record<string, (options: ScenarioOptions) => Promise<ScenarioRun>> = {
  heatwave,
  pricecap,
  siteloss,
};

export function registerScenario(program: Command): void {
  const command = program
    .command('scenario')
    .summary('a closed loop through a heat wave, a price cap or the loss of a site')
    .description(
      'The closed loop of isotherm loop through bad hours: heatwave, the hottest week of a year; ' +
        'pricecap, every site on the wholesale price in a week of prices at five minutes; ' +
        'siteloss, the busiest site lost at its hottest hour of the hottest day.',
    )
    .addArgument(new Argument('<name>', 'which').choices(Object.keys(scenarios)))
    .requiredOption('--data <dir>', 'folder of hourly series, rates and weather forecasts')
    .addOption(
      new Option('--year <year>', 'of heat wave and loss')
        .argParser(wholeNumber(1900, 2200))
        .default(2022),
    )
    .addOption(
      new Option('--outage <hours>', 'of the site lost').argParser(wholeNumber(1, 24)).default(6),
    );
  for (const option of loopOptions()) command.addOption(option);
  command.action(async (name: string, options: ScenarioOptions) => {
    const run = await scenarios[name]?.(options);
    if (run === undefined) throw new InvalidInputError('name', [`"${name}" is no scenario`]);
    process.stdout.write(options.json ? json(name, run) : text(run));
  });
}

async function heatwave(options: ScenarioOptions): Promise<ScenarioRun> {
  const startUtcMs = hottestDays(await yearOf(options), 7);
  const setting = await loopSetting(options, startUtcMs, 7 * 24);
  const report = { ...setting, result: runLoop(setting.spec, options) };
  return { about: `Hottest week of ${options.year}: from ${utc(startUtcMs)}.`, report };
}

async function pricecap(options: ScenarioOptions): Promise<ScenarioRun> {
  const prices = readStepPrices(options.data);
  const startUtcMs = Math.ceil(prices.fromUtcMs / MS_PER_HOUR) * MS_PER_HOUR;
  const hours = Math.min(7 * 24, Math.floor((prices.toUtcMs - startUtcMs) / MS_PER_HOUR));
  const setting = await loopSetting({ ...options, tariff: 'spot' }, startUtcMs, hours);
  const regions = new Map(setting.fleet.sites.map((s: Site) => [s.id, csvRegion(s)]));
  const spec: LoopSpec = {
    ...setting.spec,
    stepMinutes: PRICE_STEP_MS / 60_000,
    spotAudPerMwh: (site, utcMs) => prices.audPerMwh(regions.get(site) ?? '', utcMs),
  };
  const report = { ...setting, spec, result: runLoop(spec, options) };
  return { about: `All sites on the wholesale price, charged by ${prices.source}.`, report };
}

async function siteloss(options: ScenarioOptions): Promise<ScenarioRun> {
  const startUtcMs = hottestDays(await yearOf(options), 1);
  const setting = await loopSetting(options, startUtcMs, 24);
  const undisturbed = { ...setting, result: runLoop(setting.spec, options) };
  const { sites } = undisturbed.result.totals.forecast;
  const busiest = sites.reduce((a, s, j) => (s.share > (sites[a]?.share ?? 0) ? j : a), 0);
  const { id } = setting.fleet.sites[busiest] as Fleet['sites'][number];
  // Ten minutes into the hour: between two plans.
  const fromUtcMs = hottestHour(setting.spec.truth, busiest, startUtcMs, 24) + MS_PER_HOUR / 6;
  const lost = { site: id, fromUtcMs, toUtcMs: fromUtcMs + options.outage * MS_PER_HOUR };
  const spec = { ...setting.spec, lost };
  const report = { ...setting, spec, result: runLoop(spec, options) };
  const about = `Hottest day of ${options.year}: ${id}, the busiest site, is lost at ${utc(fromUtcMs)} for ${options.outage} h.`;
  return { about, report, undisturbed };
}

/** A year's weather, without its first and last days, which prices of the day before need. */
async function yearOf(options: ScenarioOptions) {
  const startUtcMs = Date.UTC(options.year, 0, 2);
  return readDataset(options.data, await fleetOf(options), { startUtcMs, hours: 362 * 24 }).inputs;
}

function text({ about, report, undisturbed }: ScenarioRun): string {
  const before = undisturbed
    ? [bold('Without the loss'), '', loopTable(undisturbed.result), '', bold('With it'), '']
    : [];
  return [wrap(about), '', ...before, loopText(report)].join('\n');
}

function json(name: string, { report, undisturbed }: ScenarioRun): string {
  const body = {
    scenario: name,
    ...loopJson(report),
    verdicts: loopVerdicts(report.result),
    ...(report.spec.lost && { lost: report.spec.lost }),
    ...(undisturbed && { undisturbed: loopJson(undisturbed).totals }),
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
