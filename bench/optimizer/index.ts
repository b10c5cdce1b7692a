import { type Command, Option } from 'commander';
import { instances } from './instances.ts';
import { type Measurement, type MeasureOptions, measure } from './measure.ts';
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
`,
    )
    .action(async (options: Options) => {
      const names = options.only?.split(',');
      const unknown = names?.find((name) => !instances.some((i) => i.name === name));
      if (unknown !== undefined) {
        program.error(`--only: no instance "${unknown}"`, { exitCode: 2 });
      }
      const chosen = instances.filter((i) => names?.includes(i.name) ?? true);
      const measurements: Measurement[] = [];
      for (const instance of chosen) {
        if (instance.needsData && !options.data) continue;
        measurements.push(await measure(instance, options));
      }
      endProgress();
      process.stdout.write(
        options.json ? `${JSON.stringify(measurements, null, 2)}\n` : `${text(measurements)}\n`,
      );
      if (measurements.some((m) => m.misses.length > 0)) process.exitCode = 1;
    });
}
