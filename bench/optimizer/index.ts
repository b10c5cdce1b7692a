import { type Command, Option } from 'commander';
import { instances } from './instances.ts';
import { type MeasureOptions, measure } from './measure.ts';
import type { Measurement } from './measurement.ts';
import { endProgress } from './progress.ts';
import { text } from './report.ts';

interface Options extends MeasureOptions {
  only?: string;
  json?: true;
}

export function registerOptimizer(program: Command): void {
  program
    .command('optimizer')
    .description('Rounds, CPU and bytes of the optimizer on named instances, beside HiGHS.')
    .addOption(new Option('--only <names>', `of ${instances.map((i) => i.name).join(', ')}`))
    .addOption(new Option('--data <dir>', 'folder of hourly series, for au-2022'))
    .addOption(new Option('--no-highs', 'without the reference solver'))
    .addOption(new Option('--no-classic', 'without classic rounds'))
    .addOption(new Option('--json', 'JSON on standard output'))
    .addHelpText(
      'after',
      `
Examples:
  npm run bench -- optimizer --only edge-40
  npm run bench -- optimizer --only au-2022 --data DIR --no-classic
  npm run -s bench -- optimizer --json > optimizer.json

Each instance is one or more days, optimized one by one:
${instances.map((i) => `  ${i.name.padEnd(15)}${i.summary}`).join('\n')}

JSON: a list of objects, one an instance. null: not run. Rounds, gaps and objectiveDiff are those of the
worst day, all else is the mean over the days. CPU is of the process in user mode, all threads.
  coldRounds, warmRounds     learned, to a certified 0.1 %; warm: demand ±5 %, prices ±3 % since
  coldRoundsTight            learned, cold, to 0.01 %
  classicColdRounds          classic, cold, to 0.1 %
  gap, cpuMs                 of the cold learned runs to 0.1 %: certified gap, CPU of all rounds
  firstRunMs                 cpuMs of one run before those that count, which pays for compiling
  masterMsPerRound           of the same runs: the coordinator's part
  siteCpuMsPerRound          of the same runs: all sites' part
  bytesPerRound              of the same runs: on the wire, both directions, of a site
  highsMs, highsSolveMs      CPU of the npm package's whole call; of presolve, solver and postsolve alone
  ratio, solveRatio          highsMs/cpuMs, highsSolveMs/cpuMs
  objectiveDiff              (true cost of the plan to 0.1 % − that of HiGHS's plan)/the latter
  tight                      gap, cpuMs, ratio, solveRatio, objectiveDiff of the runs to 0.01 %
  supply                     the same of supply rounds to 0.1 %, and bytesFirstRound
  memory                     peak MB of a process that solves the first day; of one with HiGHS
  rounds                     median, p99 and worst over the days, of every kind of run
  days, misses               how many; targets that were missed (then the exit code is 1)
`,
    )
    .action(async (options: Options) => {
      const names = options.only?.split(',');
      const unknown = names?.find((name) => !instances.some((i) => i.name === name));
      if (unknown !== undefined) {
        program.error(`--only: no instance "${unknown}"`, { exitCode: 2 });
      }
      const chosen = instances.filter((i) => names?.includes(i.name) ?? true);
      const lacking = names && !options.data && chosen.find((i) => i.needsData);
      if (lacking) {
        const lack = `--only: ${lacking.name} needs --data DIR, a folder of hourly series`;
        program.error(lack, { exitCode: 2 });
      }
      const measurements: Measurement[] = [];
      for (const instance of chosen) {
        if (instance.needsData && !options.data) {
          process.stderr.write(`${instance.name} is left out: it needs --data DIR\n`);
          continue;
        }
        measurements.push(await measure(instance, options));
      }
      endProgress();
      process.stdout.write(
        options.json ? `${JSON.stringify(measurements, null, 2)}\n` : `${text(measurements)}\n`,
      );
      if (measurements.some((m) => m.misses.length > 0)) process.exitCode = 1;
    });
}
