import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { run } from '../../../src/cli/program.ts';

export const bin = join(import.meta.dirname, '../../../bin/isotherm.mjs');

/** A new empty folder. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'isotherm-cli-'));
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the real command from an empty folder. */
export function isotherm(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const { FORCE_COLOR: _, NO_COLOR: __, ISOTHERM_DEBUG: ___, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd ?? emptyFolder(),
      env: { ...env, ...options.env },
    });
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      outcome.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      outcome.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}

/** The same without a process of its own: for what does not depend on one, a hundred times as fast. */
export async function inProcess(args: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      outcome[name] += chunk;
      return true;
    }),
  );
  try {
    outcome.code = await run(['node', 'isotherm', ...args]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return outcome;
}
