import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { projectPath } from '../local/bundle.ts';
import { readText } from '../local/fleet-file.ts';
import { fleetFile, generatedFiles } from '../local/generated.ts';
import { count } from './format.ts';
import type { Answers } from './init/answers.ts';
import { askSites, terminal } from './init/ask.ts';
import { csvRows } from './init/csv-rows.ts';
import { always } from './init/field.ts';
import { columns, fields, neededColumns } from './init/fields.ts';
import { locationHints } from './init/places.ts';
import { readCells } from './init/read-answers.ts';
import { registryOf } from './init/registry.ts';
import { registryText } from './init/registry-text.ts';
import { amountValue } from './options.ts';
import { fileOfClone, ownCommand, shellWord } from './own-command.ts';
import { registryWarnings } from './registry-warnings.ts';
import { validateRegistry } from './sites.ts';

interface InitOptions {
  csv?: string;
  out?: string;
  name: string;
  model: string;
  reqPerS?: number;
  sloMs: number;
  liveWeather?: true;
  force?: true;
}

export function registerInit(program: Command): void {
  program
    .command('init')
    .summary('a registry of your own sites, and the configuration that follows from it')
    .description(
      'Ask for your sites, or read them from a CSV file, anywhere on Earth. Writes config/fleet.json and ' +
        'what `npm run generate` makes of it: the public registry, the configuration of the Workers and ' +
        'the template of secrets. With --out only a registry, to be tried with --fleet.',
    )
    .addOption(new Option('--csv <file>', 'read sites from here, one a line, and ask nothing'))
    .addOption(new Option('--out <file>', 'write a registry there, and nothing else'))
    .addOption(
      new Option('--name <text>', 'name of the fleet').argParser(nameValue).default('my-sites'),
    )
    .addOption(
      new Option('--model <name>', 'model name that clients ask for')
        .argParser(nameValue)
        .default('isotherm-chat'),
    )
    .addOption(
      new Option(
        '--req-per-s <n>',
        'requests per second of all sites together, mean over a day (default: 30 % of their capacity)',
      ).argParser(amountValue),
    )
    .addOption(
      new Option('--slo-ms <ms>', 'time to first token that is still good, ms')
        .argParser(amountValue)
        .default(1000),
    )
    .addOption(
      new Option(
        '--live-weather',
        'forecasts of Open-Meteo, whose free service is for non-commercial use',
      ),
    )
    .addOption(new Option('--force', 'replace a registry that is there'))
    .addHelpText(
      'after',
      `
Columns of the CSV, in any order; those with * are always needed:
${fields.map((f) => `  ${(f.isNeeded === always ? `${f.column}*` : f.column).padEnd(16)} ${f.about}`).join('\n')}

Where a site is not within 50 km of one of the 14 embedded Australian cities, januaryC and julyC are
needed; where its grid is none of theirs, carbonKgPerKwh.

Examples:
  isotherm init --force
  isotherm init --csv examples/europe/sites.csv --out my-sites.json
  isotherm plan --fleet my-sites.json`,
    )
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  const target = options.out ?? projectPath(fleetFile);
  const shown = options.out ?? fileOfClone(fleetFile);
  if (existsSync(target) && !options.force) {
    throw new InvalidInputError(shown, ['is there already; --force replaces it']);
  }
  const sites =
    options.csv === undefined
      ? await asked(options.model)
      : await fromCsv(options.csv, options.model);
  const registry = registryOf(
    {
      name: options.name,
      model: options.model,
      reqPerS: options.reqPerS,
      ttftSloMs: options.sloMs,
      liveWeather: options.liveWeather === true,
    },
    sites,
  );
  const text = registryText(registry);
  const { fleet, issues } = validateRegistry(text);
  if (fleet === undefined || issues.length > 0) {
    throw new InvalidInputError(
      options.csv ?? 'init',
      issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)),
    );
  }
  const written = [shown];
  if (options.out === undefined) {
    const made = await writeProject(fleet, text, projectPath('.'));
    written.push(...made.filter((path) => path !== fleetFile).map((path) => fileOfClone(path)));
  } else {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  process.stdout.write(
    `${count(sites.length, 'site')}: wrote ${written.join(', ')}.\n${nextSteps(fleet, options.out)}\n`,
  );
  for (const { path, message } of registryWarnings(fleet)) {
    process.stdout.write(`warning: ${path}: ${message}\n`);
  }
}

async function asked(model: string): Promise<Answers[]> {
  const { ask, say, close } = terminal(process.stdin, process.stderr as NodeJS.WriteStream);
  try {
    say('Your sites. Enter takes what is in [brackets]; Ctrl-C leaves everything as it is.');
    return await askSites(ask, say, model);
  } finally {
    close();
  }
}

/**
 * Sites of a CSV file. Throws {@link InvalidInputError} with every fault, by line and column.
 * @param model what a server calls the model where its line does not say
 */
export async function fromCsv(file: string, model: string): Promise<Answers[]> {
  const rows = csvRows(await readText(file), file, columns, neededColumns);
  if (rows.length === 0) throw new InvalidInputError(file, ['has no site, expected one a line']);
  const read = rows.map(({ line, cells }) => ({ line, ...readCells({ model, ...cells }) }));
  const faults = read.flatMap(({ line, faults }) => faults.map((f) => `line ${line}: ${f}`));
  read.forEach(({ line, answers }, n) => {
    const first = read.slice(0, n).find((r) => answers && r.answers?.id === answers.id);
    if (first === undefined) return;
    const found = `"${answers?.id}" is that of line ${first.line}, too`;
    faults.push(`line ${line}: id: ${found}; a column "id" tells sites of one name apart`);
  });
  if (faults.length > 0) throw new InvalidInputError(file, faults);
  return read.map(({ answers }) => answers as Answers);
}

/**
 * Writes a project's registry and all that is generated from it. Nothing is written where any of it
 * cannot be made.
 * @param root of the project, which has a wrangler.toml
 * @returns paths written, within the project
 */
export async function writeProject(fleet: Fleet, text: string, root: string): Promise<string[]> {
  const files = await generatedFiles(fleet, root);
  const { coordinator } = locationHints(fleet.sites);
  const wanted = files.map(({ path, wanted }) => ({
    path,
    text: path === 'wrangler.toml' ? withLocation(wanted, coordinator) : wanted,
  }));
  const all = [{ path: fleetFile, text }, ...wanted];
  for (const { path, text } of all) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  return all.map(({ path }) => path);
}

/** The coordinator is first created near its sites. */
function withLocation(routerToml: string, hint: string): string {
  return routerToml.replace(/^COORDINATOR_LOCATION = ".*"$/m, `COORDINATOR_LOCATION = "${hint}"`);
}

function nextSteps(fleet: Fleet, out: string | undefined): string {
  const own = ownCommand();
  const lines =
    out === undefined
      ? [
          `${own} plan`,
          `${own} doctor`,
          `${own} start`,
          `${fileOfClone('docs/deploy.md')}, with --location ${locationHints(fleet.sites).d1} for the database`,
        ]
      : ['plan', 'start', 'doctor'].map((name) => `${own} ${name} --fleet ${shellWord(out)}`);
  return ['Next:', ...lines.map((line) => `  ${line}`)].join('\n');
}

function nameValue(text: string): string {
  if (text.trim() !== '' && text.length <= 64) return text;
  throw new InvalidArgumentError('Expected 1 to 64 characters.');
}
