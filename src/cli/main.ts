import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { reportFailure } from './errors.ts';
import { registerPlan } from './plan.ts';
import { registerSimulate } from './simulate.ts';
import { registerSites } from './sites.ts';
import { registerStart } from './start.ts';

/** Entry of the command line: `bin/isotherm.mjs` loads this module, which runs the command. */

// `isotherm plan | head -1` closes the pipe early; that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

const program = new Command('isotherm')
  .description('Temperature-aware routing of LLM inference across edge data centers.')
  .version(manifest.version, '-V, --version', 'show the version')
  .helpOption('-h, --help', 'show help')
  .exitOverride()
  // Errors are reported once, below.
  .configureOutput({ outputError: () => {} })
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 the work failed, 2 wrong usage or bad input.
ISOTHERM_DEBUG=1 shows stack traces; NO_COLOR is respected.

Examples:
  isotherm start
  isotherm plan
  isotherm simulate --data ../shared/data --from 2022-01-24 --to 2022-01-31
  isotherm sites validate config/fleet.json`,
  );

registerStart(program);
registerPlan(program);
registerSimulate(program);
registerSites(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
