import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectPath } from '../../../src/local/bundle.ts';

/** The project as a fresh clone has it, in a new folder, with the packages that are installed here. */
export function freshClone(): string {
  const root = projectPath('.');
  const folder = mkdtempSync(join(tmpdir(), 'isotherm-clone-'));
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '');
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(projectPath('node_modules'), join(folder, 'node_modules'));
  return folder;
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program of the clone under Node, without a terminal.
 * @param given more of its environment
 * @param input what it reads
 */
export function runNode(
  args: readonly string[],
  cwd: string,
  given: Record<string, string> = {},
  input = '',
): Promise<Ended> {
  const quiet = { WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1' };
  const env = { ...process.env, ...quiet, ...given };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
