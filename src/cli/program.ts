import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { registerData } from './data.ts';
import { registerDoctor } from './doctor.ts';
import { exitCode, reportFailure } from './errors.ts';
import { registerInit } from './init.ts';
import { registerKeys } from './keys.ts';
import { registerLoop } from './loop.ts';
import { ownCommand } from './own-command.ts';
import { registerPareto } from './pareto.ts';
import { registerPlan } from './plan.ts';
import { registerReceipts } from './receipts.ts';
import { registerReplay } from './replay.ts';
import { registerReport } from './report.ts';
import { registerRuns } from './runs.ts';
import { registerScenario } from './scenario.ts';
import { registerSimulate } from './simulate.ts';
import { registerSites } from './sites.ts';
import { registerStart } from './start.ts';

/** Runs one command line; returns its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv);
    return exitCode.ok;
  } catch (error) {
    return reportFailure(error);
  }
}

/** The command line with all its commands. */
export function buildProgram(): Command {
  const program = new Command('isotherm')
    .description('Temperature-aware routing of LLM inference across edge data centers.')
    .version(manifest.version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    // Errors are reported once, by run.
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 the work failed, 2 wrong usage or bad input, 130 ended by Ctrl-C.
ISOTHERM_DEBUG=1 shows stack traces; NO_COLOR is respected.

Examples:
  isotherm start
  isotherm init --force
  isotherm doctor --offline
  isotherm plan
  isotherm simulate --data ../shared/data --from 2022-01-24 --to 2022-01-31
  isotherm replay --data ../shared/data --at 2026-01-15T00:00Z
  isotherm pareto --x carbon --svg front.svg
  isotherm data download --from 2025-01-01 --to 2025-04-01 --dir series
  isotherm sites validate config/fleet.json`,
    );
  // Help names commands by their own name alone, which works nowhere but where it is linked.
  program.addHelpText('afterAll', `\nisotherm is run from here as: ${ownCommand()}`);
  registerInit(program);
  registerDoctor(program);
  registerStart(program);
  registerPlan(program);
  registerSimulate(program);
  registerReport(program);
  registerReplay(program);
  registerLoop(program);
  registerScenario(program);
  registerPareto(program);
  registerSites(program);
  registerData(program);
  registerKeys(program);
  registerReceipts(program);
  registerRuns(program);
  return program;
}
