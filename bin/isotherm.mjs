#!/usr/bin/env node
// Starts the CLI. Its sources are TypeScript, which Node runs directly from 22.18 on; an older
// Node hands over to the one installed as a development dependency. `start` always gets a process
// of its own, so that whichever of the two is killed, nothing stays behind. Plain JavaScript, Node
// >= 18.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const main = new URL('../src/cli/main.ts', import.meta.url);
const isStart = process.argv[2] === 'start';

/** Path of the `node` dependency's binary, or undefined when it is not installed. */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const name = process.platform === 'win32' ? 'node.exe' : 'node';
    const binary = path.join(path.dirname(manifest), 'bin', name);
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function handOver(binary) {
  const args = [...process.execArgv, fileURLToPath(main), ...process.argv.slice(2)];
  // A group of its own can be ended as a whole, and hears Ctrl-C from here only; the channel tells
  // it when this process is gone.
  const apart = isStart && process.platform !== 'win32';
  const stdio = isStart ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
  const child = spawn(binary, args, { stdio, detached: apart });
  // Ctrl-C reaches a child of the same group by itself at a terminal; twice would look impatient.
  const hearsCtrlC = !apart && process.stdin.isTTY;
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => (signal === 'SIGINT' && hearsCtrlC) || child.kill(signal));
  }
  if (process.env.npm_lifecycle_event !== undefined) endWithNpm(child);
  child.on('error', (error) => fail(`cannot start ${binary}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (apart) endGroup(child.pid);
    // By the shell's convention a child that died of a signal has exit code 128 + its number.
    process.exit(code ?? 128 + constants.signals[signal]);
  });
}

/** npm that is killed leaves behind what it runs, so look whether it and its shell are still there. */
function endWithNpm(child) {
  const parent = process.ppid;
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,args=', '-p', `${parent}`], {
    encoding: 'utf8',
  });
  const npm = Number(/^\s*(\d+)\s+\S*sh -c /.exec(stdout ?? '')?.[1] ?? parent);
  setInterval(() => {
    if (process.ppid !== parent || !isAlive(npm)) child.kill('SIGTERM');
  }, 500).unref();
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Ends what a child left running, such as workerd after the child was killed. */
function endGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

function fail(message) {
  console.error(`isotherm: ${message}`);
  process.exit(1);
}

const binary = process.features.typescript ? process.execPath : bundledNode();
if (/[\\/]node_modules[\\/]/.test(fileURLToPath(main)))
  fail(
    'Node runs no TypeScript inside node_modules; run it from a clone, or link to one (npm link)',
  );
else if (binary === undefined)
  fail(`Node ${process.versions.node} cannot run TypeScript; run "npm ci" or use Node >= 22.18`);
else if (binary === process.execPath && !isStart) await import(main.href);
else handOver(binary);
