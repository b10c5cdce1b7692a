/**
 * Deploys everything, in the order that works: solvers, migrations of D1, router. Stops at the first
 * failure; run again, it does no harm. `--print` only says what it would run.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectPath } from '../src/local/bundle.ts';
import { deploySteps } from '../src/local/deploy-steps.ts';
import { readFleetFile } from '../src/local/fleet-file.ts';

const wrangler = join(projectPath('node_modules'), 'wrangler/bin/wrangler.js');

async function main(args: string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--print');
  if (unknown !== undefined) {
    console.error(`unknown argument ${unknown}; usage: deploy.ts [--print]`);
    return 2;
  }
  for (const { why, command } of deploySteps(await readFleetFile())) {
    const [program, ...rest] = command;
    console.log(`# ${why}\n${program === 'wrangler' ? 'npx ' : ''}${command.join(' ')}`);
    if (args.includes('--print')) continue;
    const argv = program === 'wrangler' ? [wrangler, ...rest] : rest;
    const { status, signal } = spawnSync(process.execPath, argv, {
      cwd: projectPath('.'),
      stdio: 'inherit',
    });
    if (status !== 0) {
      console.error(`failed (${signal ?? `exit code ${status}`}); what came before is deployed`);
      return 1;
    }
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
