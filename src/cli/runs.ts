import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import type { AdminClient, RunView } from '../local/admin-client.ts';
import { adminOf, type DeploymentOptions, withDeployment } from './deployment.ts';
import { decimal, gapPercent, utc } from './format.ts';
import { assertWritable, wholeNumber } from './options.ts';
import { bold, type Column, table } from './table.ts';
import { type TraceRow, traceCsv, traceMeaning, traceRow, traceText } from './trace.ts';

interface RunsOptions extends DeploymentOptions {
  plan?: number;
  csv?: string;
  json?: true;
}

export function registerRuns(program: Command): void {
  withDeployment(program.command('runs'))
    .summary('a deployment’s optimizations, round by round')
    .description(
      'The last optimizations of a deployment, and every round of the latest, or of the one that made ' +
        'a stored plan.',
    )
    .addOption(
      new Option(
        '--plan <version>',
        'rounds of this plan, of the last 50 (without the sites’ single times)',
      ).argParser(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    )
    .addOption(new Option('--csv <file>', 'write the rounds as CSV; - for standard output only'))
    .addOption(new Option('--json', 'JSON on standard output'))
    .addHelpText(
      'after',
      `
${traceMeaning}

Examples:
  isotherm runs --url https://llm.example
  isotherm runs --url https://llm.example --plan 12
  isotherm runs --url https://llm.example --plan 12 --csv rounds.csv`,
    )
    .action(async (options: RunsOptions) => {
      const { csv: file, json } = options;
      if (file === '-' && json) {
        throw new InvalidInputError('--csv', ['"-" and --json both ask for standard output']);
      }
      if (file !== undefined && file !== '-') assertWritable(file, '--csv');
      const shown = await (options.plan === undefined
        ? latest(adminOf(options))
        : ofPlan(adminOf(options), options.plan));
      if (file === '-') {
        process.stdout.write(traceCsv(shown.rounds));
        return;
      }
      if (file !== undefined) writeFileSync(file, traceCsv(shown.rounds));
      process.stdout.write(json ? `${JSON.stringify(shown.json, null, 2)}\n` : `${shown.text}\n`);
    });
}

interface Shown {
  rounds: TraceRow[];
  text: string;
  json: unknown;
}

async function latest(admin: AdminClient): Promise<Shown> {
  const json = await admin.runs();
  const run = json.latest;
  if (!run) return { rounds: [], text: 'No optimization yet.', json };
  const rounds = run.rounds.map(traceRow);
  const running = run.status === 'running' ? [run] : [];
  const heading = bold(`Rounds of the latest, asked for ${utc(run.requestedUtcMs)}`);
  const text = `${runTable([...running, ...json.ended])}\n\n${heading}\n${traceText(rounds)}`;
  return { rounds, text, json };
}

async function ofPlan(admin: AdminClient, version: number): Promise<Shown> {
  const headers = await admin.plans();
  const header = headers.find((h) => h.version === version);
  if (!header) {
    const versions = headers.map((h) => h.version);
    const kept = `${Math.min(...versions)} to ${Math.max(...versions)}`;
    throw new InvalidInputError('--plan', [
      `plan ${version} is not among those kept; expected ${versions.length > 0 ? kept : 'one to be made first'}`,
    ]);
  }
  const { trace: rounds, ...rest } = header;
  if (!rounds) {
    throw new InvalidInputError('--plan', [`plan ${version} is of a version that kept no rounds`]);
  }
  const hours = `Rounds of plan ${version}, hours from ${utc(rest.startUtcMs)}`;
  return { rounds, text: `${bold(hours)}\n${traceText(rounds)}`, json: { version, rounds } };
}

const columns: Column[] = [
  { header: ['asked for', ''], align: 'left' },
  { header: ['by', ''], align: 'left' },
  { header: ['outcome', ''], align: 'left' },
  { header: ['rounds', ''] },
  { header: ['gap', ''] },
  { header: ['took', 'ms'] },
];

function runTable(runs: readonly RunView[]): string {
  const rows = runs.map((run) => {
    // Of runs that ended before the latest, only the last rounds are kept.
    const last = run.rounds.at(-1);
    const tookMs = run.endedUtcMs === undefined ? undefined : run.endedUtcMs - run.requestedUtcMs;
    return [
      utc(run.requestedUtcMs),
      run.trigger,
      run.planVersion === undefined ? (run.error ?? run.status) : `plan ${run.planVersion}`,
      `${last?.round ?? 0}`,
      last?.certificate ? gapPercent(last.certificate.gap) : '–',
      tookMs === undefined ? '–' : decimal(tookMs, 0),
    ];
  });
  return table(columns, rows);
}
