/**
 * Writes test/docs/wrangler-options.json: what options the installed wrangler has, by command. A test
 * holds the commands of the documentation against it, since asking wrangler each time takes a minute.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { projectPath } from '../src/local/bundle.ts';

const COMMANDS = [
  'login',
  'whoami',
  'deploy',
  'rollback',
  'delete',
  'tail',
  'secret put',
  'deployments list',
  'd1 create',
  'd1 delete',
  'd1 execute',
  'd1 export',
  'd1 migrations apply',
  'd1 time-travel info',
  'd1 time-travel restore',
];

const wrangler = join(projectPath('node_modules'), 'wrangler/bin/wrangler.js');
const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1' };

const commands = Object.fromEntries(
  COMMANDS.map((command) => {
    const args = [wrangler, ...command.split(' '), '--help'];
    const help = execFileSync(process.execPath, args, { encoding: 'utf8', env });
    // `wrangler tail [worker]`: a command that is not there gets the help of another.
    if (!help.includes(`wrangler ${command}`)) throw new Error(`wrangler has no ${command}`);
    const names = [...help.matchAll(/^ +(-[\w-]+(?:, -[\w-]+)*) /gm)].flatMap((m) =>
      (m[1] as string).split(', '),
    );
    return [command, [...new Set(names)].sort()];
  }),
);
const file = projectPath('test/docs/wrangler-options.json');
const { wrangler: version } = manifest.devDependencies;
writeFileSync(file, `${JSON.stringify({ version, commands }, null, 2)}\n`);
console.log(`wrote ${file}`);
