/**
 * Builds every Worker as `wrangler deploy` would, without deploying: the router and every
 * solver. Also checks that no bundle holds what must never be deployed with it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readFleetFile } from '../src/local/fleet-file.ts';
import { solverWorkers } from '../src/local/site-vars.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');

type Target = { label: string; args: string[]; forbiddenInputs: RegExp };

/** Simulation and tools belong to no Worker; the registry with all sites' costs to none either. */
const notForWorkers = /^(src\/(sim|cli|local)|test|bench|scripts)\/|^config\/fleet\.json$/;

async function targets(): Promise<Target[]> {
  const fleet = await readFleetFile(join(root, 'config/fleet.json'));
  const solvers = solverWorkers(fleet).map(({ solver }) => ({
    label: `solver ${solver}`,
    args: ['--config', 'wrangler.site.toml', '--env', solver],
    forbiddenInputs: notForWorkers,
  }));
  const router = { label: 'router', args: ['--config', 'wrangler.toml'] };
  return [{ ...router, forbiddenInputs: notForWorkers }, ...solvers];
}

/** Returns a one-line summary, or throws with wrangler's output. */
async function dryRun(target: Target, outDir: string): Promise<string> {
  const args = ['deploy', '--dry-run', '--outdir', outDir, '--metafile', ...target.args];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1' };
  const { stdout, stderr } = await run(process.execPath, [wrangler, ...args], { cwd: root, env });
  // Unknown or misplaced keys are only warnings to wrangler.
  if (/WARNING/.test(stdout + stderr)) throw new Error(`${stdout}${stderr}`);
  const meta = JSON.parse(await readFile(join(outDir, 'bundle-meta.json'), 'utf8')) as {
    inputs: Record<string, unknown>;
  };
  const forbidden = Object.keys(meta.inputs).filter((path) => target.forbiddenInputs.test(path));
  if (forbidden.length > 0) throw new Error(`must not be bundled: ${forbidden.join(', ')}`);
  return stdout.match(/Total Upload: .*/)?.[0] ?? 'built';
}

async function main(): Promise<number> {
  const startMs = performance.now();
  const all = await targets();
  const queue = [...all];
  const outRoot = await mkdtemp(join(tmpdir(), 'isotherm-dry-run-'));
  let failed = 0;
  const worker = async () => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      try {
        const summary = await dryRun(target, join(outRoot, target.label.replaceAll(' ', '-')));
        console.log(`ok    ${target.label}: ${summary}`);
      } catch (error) {
        failed += 1;
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        console.error(`FAIL  ${target.label}: ${(error as Error).message}\n${stdout}${stderr}`);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  await rm(outRoot, { recursive: true, force: true });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${all.length - failed} of ${all.length} Workers build (${seconds} s)`);
  if (failed > 0) return 1;
  console.log('No bundle has simulation code in it, or the costs of other sites.');
  return 0;
}

process.exitCode = await main();
