import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { readDataset } from '../sim/dataset.ts';
import { readMarginalCarbon } from '../sim/evidence/carbon.ts';
import { gatherEvidence, type Section, sections } from '../sim/evidence/evidence.ts';
import { coveredSpan, folderSources } from '../sim/evidence/sources.ts';
import type { Span } from '../sim/weather.ts';
import { DEMAND_NOTE, groupedBySite, placeholderNotes } from './notes.ts';
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
import { documentText, reportDocument } from './report-document.ts';
import { reportPage } from './report-page/page.ts';
import { headlines, shortNotes } from './report-summary.ts';

export interface ReportOptions extends FleetOptions, SolverOptions {
  data: string;
  year?: number;
  from?: string;
  to?: string;
  out?: string;
  json?: true;
  sections: Section[];
  every: number;
  seed: number;
  resamples: number;
  blockDays: number;
  progress?: true;
}

/** Longest span, days: a guard against typing errors in the year. */
const MAX_DAYS = 3 * 366;

export function registerReport(program: Command): void {
  const command = program
    .command('report')
    .summary('evidence on real series: what each policy is worth, and where')
    .description(
      'Run every policy over real weather, prices and carbon, and say with intervals what temperature ' +
        'awareness and joint optimization are worth, where, and how far that rests on assumptions.',
    )
    .requiredOption('--data <dir>', 'folder of hourly series: weather_<site>_*.csv, …')
    .addOption(
      new Option('--year <year>', 'whole days of this year that the weather covers (UTC)')
        .argParser(wholeNumber(1940, 2200))
        .conflicts(['from', 'to']),
    )
    .addOption(new Option('--from <date>', 'first hour, UTC; with --to, in place of --year'))
    .addOption(new Option('--to <date>', 'end, UTC, exclusive; whole days are used'))
    .addOption(new Option('--out <file>', 'page to write: HTML in one file'))
    .addOption(new Option('--json', 'JSON on standard output'))
    .addOption(
      new Option('--sections <list>', `comma-separated, of ${sections.join(', ')}; or none`)
        .argParser(sectionList)
        .default(sections as readonly Section[], 'all'),
    )
    .addOption(
      new Option('--every <weeks>', 'variations, map and levers take every nth week')
        .argParser(wholeNumber(1, 52))
        .default(4),
    )
    .addOption(
      new Option('--seed <number>', 'of the resampling and of invented forecast errors')
        .argParser(wholeNumber(0, 2 ** 31))
        .default(1),
    )
    .addOption(
      new Option('--resamples <number>', 'of the bootstrap')
        .argParser(wholeNumber(20, 100_000))
        .default(2000),
    )
    .addOption(
      new Option('--block-days <days>', 'consecutive days that the bootstrap keeps together')
        .argParser(wholeNumber(1, 90))
        .default(7),
    );
  for (const option of [...fleetOptions(), ...solverOptions(1e-5)]) command.addOption(option);
  command
    .addOption(new Option('--progress', 'lines of progress where there is no terminal'))
    .addHelpText(
      'after',
      `
The same data, seed and options give the same JSON, byte for byte.

Examples:
  isotherm report --data ../shared/data --year 2022 --out report.html --json > report.json
  isotherm report --data ../shared/data --from 2022-09-05 --to 2022-10-03 --sections map --json`,
    )
    .action(async (options: ReportOptions) => {
      if (options.out === undefined && !options.json) {
        throw new InvalidInputError('--out', ['expected a file to write, or --json']);
      }
      if (options.out !== undefined) assertWritable(options.out, '--out');
      const document = await gathered(options);
      if (options.out !== undefined) {
        writeFileSync(options.out, reportPage(document));
        const stream = options.json ? process.stderr : process.stdout;
        stream.write(`${headlines(document.evidence)}\nPage written to ${options.out}\n`);
      }
      if (options.json) process.stdout.write(documentText(document));
    });
}

async function gathered(options: ReportOptions) {
  const whole = await fleetOf(options);
  const sources = folderSources(options.data, whole);
  const span = spanOf(options, () => coveredSpan(sources.files, whole, options.year as number));
  const { fleet, inputs, notes } = readDataset(options.data, whole, span);
  assertFolderInputs(fleet, inputs, options.data);
  const progress = startProgress(options.progress === true);
  const marginal = readMarginalCarbon(options.data, { fleet, inputs });
  const { marginalKgPerKwh } = marginal;
  const evidence = gatherEvidence(
    { fleet, inputs, ...(marginalKgPerKwh && { marginalKgPerKwh }) },
    {
      optimizer: { mode: options.mode, gapTarget: options.gap },
      seed: options.seed,
      resamples: options.resamples,
      blockDays: options.blockDays,
      level: 0.95,
      every: options.every,
      sections: options.sections,
      onProgress: (label, share) => progress.update(label, share),
    },
  );
  progress.done();
  const document = reportDocument({
    options,
    fleet,
    inputs,
    sources,
    evidence,
    notes: [
      ...groupedBySite(notes),
      ...placeholderNotes(fleet, inputs, 'water'),
      ...groupedBySite(spotNotes(fleet, inputs)),
      ...groupedBySite(marginal.notes),
      DEMAND_NOTE,
      ...yearNotes(options, span),
      ...shortNotes(evidence, options.blockDays),
    ],
  });
  return document;
}

/** Variations put every site on the spot price, wherever there is one. */
function spotNotes(fleet: Fleet, inputs: PlanningInputs): string[] {
  return fleet.sites.flatMap(({ id, cost }, j) => {
    const missing = inputs.sites[j]?.spotAudPerMwh.filter(Number.isNaN).length ?? 0;
    return missing > 0 && cost.tariff.kind !== 'spot'
      ? [
          `${id}: where variations are on spot tariffs, ${missing} of ${inputs.slotCount} h without a price are charged the mean of its contract`,
        ]
      : [];
  });
}

function spanOf(options: ReportOptions, ofYear: () => Span): Span {
  if (options.year !== undefined) return ofYear();
  if (options.from === undefined || options.to === undefined) {
    throw new InvalidInputError('--year', ['expected a year, or --from and --to']);
  }
  const startUtcMs = hourMs(options.from, '--from');
  const days = Math.floor((hourMs(options.to, '--to') - startUtcMs) / (24 * MS_PER_HOUR));
  if (days >= 1 && days <= MAX_DAYS) return { startUtcMs, hours: 24 * days };
  throw new InvalidInputError('--to', [
    `the span is ${days} whole days, expected 1 to ${MAX_DAYS} (--to is exclusive)`,
  ]);
}

/** A year of which days are missing says so. */
function yearNotes({ year }: ReportOptions, { startUtcMs, hours }: Span): string[] {
  if (year === undefined) return [];
  const all = (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / (24 * MS_PER_HOUR);
  const left = all - hours / 24;
  if (left === 0) return [];
  const from = new Date(startUtcMs).toISOString().slice(0, 10);
  const to = new Date(startUtcMs + (hours - 24) * MS_PER_HOUR).toISOString().slice(0, 10);
  return [
    `the year is ${hours / 24} of ${all} days, ${from} to ${to}: the weather does not cover the others whole`,
  ];
}

function sectionList(text: string): Section[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const found = sections.find((s) => s === name.trim());
    if (found) return found;
    throw new InvalidInputError('--sections', [
      `"${name.trim()}" is no section, expected some of ${sections.join(', ')}, or none`,
    ]);
  });
}
