#!/usr/bin/env node
// Starts the CLI. Its sources are TypeScript, which Node runs directly from 22.18 on; an older
// Node hands over to the one installed as a development dependency. Plain JavaScript, Node >= 18.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const main = new URL('../src/cli/main.ts', import.meta.url);

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
  const child = spawn(binary, args, { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself when both sit at a terminal; twice would look impatient.
  const forwarded = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGTERM', 'SIGHUP', 'SIGINT'];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  if (process.stdin.isTTY) process.on('SIGINT', () => {});
  child.on('error', (error) => fail(`cannot start ${binary}: ${error.message}`));
  // By the shell's convention a child that died of a signal has exit code 128 + its number.
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function fail(message) {
  console.error(`isotherm: ${message}`);
  process.exit(1);
}

if (process.features.typescript) {
  await import(main.href);
} else {
  const binary = bundledNode();
  if (binary !== undefined) handOver(binary);
  else
    fail(`Node ${process.versions.node} cannot run TypeScript; run "npm ci" or use Node >= 22.18`);
}
