import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import { publicFleet } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { checkFolder } from '../sim/check-folder.ts';
import { download } from './data-download.ts';
import { type Kind, kinds } from './data-jobs.ts';
import { checkJson, checkText, downloadText } from './data-report.ts';
import { count } from './format.ts';
import { type FleetOptions, fleetOf, instantMs } from './options.ts';
import { startProgress } from './progress.ts';

interface DownloadOptions extends Pick<FleetOptions, 'fleet'> {
  from: string;
  to: string;
  dir: string;
  only?: Kind[];
}

const TIMEOUT_MS = 120_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;

export function registerData(program: Command): void {
  const data = program
    .command('data')
    .description('series of the past for plan, simulate and start: fetch them, check them')
    .addHelpText(
      'after',
      `
Examples:
  isotherm data download --from 2025-01-01 --to 2025-04-01 --dir series
  isotherm data check series`,
    );
  data
    .command('download')
    .summary('public weather, prices and carbon into a folder; goes on where it was ended')
    .description(
      'Fetch hourly series: weather of every site (Open-Meteo), price and demand of the NEM (AEMO), ' +
        'average direct carbon by region (Open Electricity). A file a kind and month; files that are ' +
        'there and whole are kept, so the same command goes on where the last one ended. Their ' +
        'terms are written to SOURCES.md beside them.',
    )
    .requiredOption('--from <date>', 'first day, UTC: 2025-01-01')
    .requiredOption('--to <date>', 'end, UTC, exclusive: the first day no longer fetched')
    .requiredOption('--dir <dir>', 'folder; made if there is none')
    .addOption(
      new Option('--only <kinds>', `comma-separated: ${kinds.join(', ')} (default: all)`).argParser(
        kindsOf,
      ),
    )
    .option('--fleet <file>', 'site registry (default: the 14 Australian sites of the package)')
    .addHelpText(
      'after',
      `
Keys, from the environment: OPENELECTRICITY_API_KEY for carbon (without it carbon is left out);
OPEN_METEO_API_KEY for the commercial service.

Examples:
  isotherm data download --from 2025-01-01 --to 2026-01-01 --dir series
  isotherm data download --from 2025-01-01 --to 2025-02-01 --dir series --only weather,price`,
    )
    .action(async (options: DownloadOptions) => {
      const span = spanOf(options);
      const fleet = await fleetOf(options);
      const asked = options.only ?? kinds;
      const hasKey = Boolean(process.env.OPENELECTRICITY_API_KEY);
      if (!hasKey && options.only?.includes('carbon')) {
        throw new InvalidInputError('--only', ['carbon needs OPENELECTRICITY_API_KEY']);
      }
      const progress = startProgress(true);
      const result = await download(
        {
          ...span,
          dir: options.dir,
          sites: publicFleet(fleet).sites,
          kinds: asked.filter((kind) => kind !== 'carbon' || hasKey),
        },
        {
          fetch,
          nowMs: Date.now(),
          timeoutMs: TIMEOUT_MS,
          secret: (name) => process.env[name],
          sleep,
          progress: (label, share) => progress.update(label, share),
        },
      ).finally(() => progress.done());
      process.stdout.write(downloadText(result, options.dir, hasKey || !asked.includes('carbon')));
    });
  data
    .command('check')
    .argument('<dir>', 'folder of hourly series')
    .summary('every fault and hole of a folder of series')
    .description(
      'Check a folder of hourly series: what of it is read, from when to when, what is missing, and ' +
        'what cannot be right. Exit code 1 if there are faults; holes are none.',
    )
    .option('--fleet <file>', 'site registry (default: the 14 Australian sites of the package)')
    .option('--json', 'JSON on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  isotherm data check series\n  isotherm data check series --json',
    )
    .action(async (dir: string, options: Pick<FleetOptions, 'fleet'> & { json?: true }) => {
      const files = checkFolder(dir, (await fleetOf(options)).sites);
      const faults = files.reduce((sum, f) => sum + f.faults.length, 0);
      process.stdout.write(
        options.json ? `${JSON.stringify(checkJson(dir, files), null, 2)}\n` : checkText(files),
      );
      if (faults > 0) throw new Error(`${dir}: ${count(faults, 'fault')}`);
      if (!files.some((f) => f.kind)) {
        throw new InvalidInputError(dir, ['has no series; expected weather_sydney_2025-01.csv, …']);
      }
    });
}

function kindsOf(text: string): Kind[] {
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !(kinds as readonly string[]).includes(name));
  if (unknown === undefined) return asked as Kind[];
  throw new InvalidArgumentError(`"${unknown}" is none of ${kinds.join(', ')}.`);
}

/** Whole days, in order, that have begun. */
function spanOf({ from, to }: DownloadOptions): { fromUtcMs: number; toUtcMs: number } {
  const fromUtcMs = instantMs(from, '--from');
  const toUtcMs = instantMs(to, '--to');
  for (const [option, text, ms] of [
    ['--from', from, fromUtcMs],
    ['--to', to, toUtcMs],
  ] as const) {
    if (ms % MS_PER_DAY === 0) continue;
    throw new InvalidInputError(option, [`"${text}" is not the beginning of a day of UTC`]);
  }
  if (toUtcMs <= fromUtcMs) throw new InvalidInputError('--to', [`${to} is not after ${from}`]);
  if (toUtcMs > Date.now() + MS_PER_DAY) {
    throw new InvalidInputError('--to', [`${to} is in the future: these are series of the past`]);
  }
  return { fromUtcMs, toUtcMs };
}
