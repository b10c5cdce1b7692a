import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectPath } from '../../src/local/bundle.ts';
import { freePort } from '../../src/local/port.ts';

/** MIT; some 80 packages, which only this bench needs, so they are kept out of the project. */
const PACKAGE = '@portkey-ai/gateway@1.15.2';
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'isotherm-bench');
const SERVER = join(CACHE, 'node_modules/@portkey-ai/gateway/build/start-server.js');

/** Portkey's gateway on Node, installed into the user's cache by the first who asks. */
export async function startPortkey(): Promise<{ url: string; process: ChildProcess }> {
  if (!existsSync(SERVER)) {
    process.stderr.write(`Installing ${PACKAGE} into ${CACHE} …\n`);
    mkdirSync(CACHE, { recursive: true });
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', CACHE];
    execFileSync('npm', ['install', ...options, PACKAGE], { stdio: 'pipe' });
  }
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      '--import',
      projectPath('bench/router/mutable-headers.mjs'),
      SERVER,
      '--headless',
      `--port=${port}`,
    ],
    { stdio: 'ignore', env: { ...process.env, NODE_ENV: 'production' } },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let n = 0; n < 150; n++) {
    const isUp = await fetch(url).then(
      (r) => r.ok,
      () => false,
    );
    if (isUp) return { url, process: child };
    await sleep(100);
  }
  child.kill();
  throw new Error('it did not answer within 15 s');
}
