import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import manifest from '../../../package.json' with { type: 'json' };
import { buildProgram } from '../../../src/cli/program.ts';
import { projectPath } from '../../../src/local/bundle.ts';
import wrangler from '../wrangler-options.json' with { type: 'json' };
import type { ShellCommand } from './shell-blocks.ts';

/** Whether commands of the documentation are there, with the options they are given. Faults in words. */

/** Programs of every system that the documentation uses beside its own. */
const OTHERS = ['$EDITOR', 'cut', 'export', 'git', 'jq', 'openssl', 'printf', 'sha256sum'];

/** What is wrong with a command; undefined for one that is well. */
export async function faultOf(command: ShellCommand): Promise<string | undefined> {
  const { words } = command;
  const [program, ...rest] = words as [string, ...string[]];
  if (/^[A-Z_]+=/.test(program) || OTHERS.includes(program)) return undefined;
  if (program === 'npm') return npmFault(command);
  if (program === 'npx' && rest[0] === 'isotherm') return isothermFault(rest.slice(1));
  if (program === 'npx' && rest[0] === 'wrangler') return wranglerFault(rest.slice(1));
  if (program === 'curl') return curlFault(rest);
  return `"${program}" is no program that documentation may use`;
}

/** Parses as the command line would, and does nothing. */
export async function isothermFault(args: string[]): Promise<string | undefined> {
  const program = buildProgram();
  withoutActions(program);
  try {
    await program.parseAsync(['node', 'isotherm', ...args]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function withoutActions(command: Command): void {
  for (const sub of command.commands) {
    if (sub.commands.length === 0) sub.action(() => {});
    withoutActions(sub);
  }
}

async function npmFault({ words, isRedirected }: ShellCommand): Promise<string | undefined> {
  const dashes = words.indexOf('--');
  const own = dashes < 0 ? words.slice(1) : words.slice(1, dashes);
  const passed = dashes < 0 ? [] : words.slice(dashes + 1);
  const isQuiet = own.includes('-s');
  const [verb, name] = own.filter((w) => w !== '-s');
  if (verb === 'ci' || verb === 'install') return undefined;
  const script = verb === 'run' ? name : verb;
  if (script === undefined || !(script in manifest.scripts)) return `npm has no script "${script}"`;
  if (isRedirected && !isQuiet) return 'npm’s heading would be in the file: npm run -s';
  if (script === 'start') return isothermFault(['start', ...passed]);
  return script === 'bench' ? benchFault(passed) : undefined;
}

function benchFault([name, ...options]: string[]): string | undefined {
  if (name === undefined || name === '--help') return undefined;
  const file = projectPath(`bench/${name}/index.ts`);
  if (!existsSync(file)) return `there is no bench "${name}"`;
  const source = readFileSync(file, 'utf8');
  const unknown = options.find((o) => o.startsWith('--') && o !== '--help' && !source.includes(o));
  return unknown && `bench ${name} has no option ${unknown}`;
}

function wranglerFault(args: string[]): string | undefined {
  const known = wrangler.commands as Record<string, string[]>;
  const name = [3, 2, 1].map((n) => args.slice(0, n).join(' ')).find((n) => n in known);
  if (name === undefined) return `wrangler ${args.join(' ')} is not in wrangler-options.json`;
  const unknown = args.find(
    (a) => /^--?[a-z]/.test(a) && !known[name]?.includes(a.split('=')[0] as string),
  );
  return unknown && `wrangler ${name} has no option ${unknown}`;
}

/** Addresses of a router must be of calls that it has. */
function curlFault(args: string[]): string | undefined {
  const url = args.find((a) => /^(https?:\/\/|\$ISOTHERM_URL)/.test(a));
  const path = /^(?:http:\/\/127\.0\.0\.1:8787|\$ISOTHERM_URL)(\/[^?]*)/.exec(url ?? '')?.[1];
  if (path === undefined) return undefined;
  const source = readFileSync(projectPath('src/workers/api-operations.ts'), 'utf8');
  const isThere = source.includes(`'${path.replace(/^\/admin\/v1/, '')}'`);
  return isThere ? undefined : `the router has no ${path}`;
}

/** What wrangler-options.json was made of. */
export const wranglerVersion = wrangler.version;
