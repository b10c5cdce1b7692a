import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative, sep } from 'node:path';
import { projectPath } from '../local/bundle.ts';

/** Commands to be run next, as they work from where the user stands. */

/** What runs this command line: `npx` knows it in its clone only, elsewhere it would ask npm for another package. */
export function ownCommand(cwd = process.cwd(), searchPath = process.env.PATH ?? ''): string {
  const bin = realPath(projectPath('bin/isotherm.mjs')) as string;
  if (isInside(cwd)) return 'npx isotherm';
  const isLinked = searchPath
    .split(delimiter)
    .some((dir) => dir !== '' && realPath(join(dir, 'isotherm')) === bin);
  if (isLinked) return 'isotherm';
  return `node ${shellWord(shorter(bin, cwd))}`;
}

/** A command that works in the clone only, such as npm's and wrangler's. */
export function inClone(command: string, cwd = process.cwd()): string {
  const root = realPath(projectPath('.')) as string;
  if (cwd === root) return command;
  return `(cd ${shellWord(shorter(root, cwd))} && ${command})`;
}

/** A file of the clone as it is found from here. */
export function fileOfClone(path: string, cwd = process.cwd()): string {
  return shorter(join(realPath(projectPath('.')) as string, path), cwd);
}

function isInside(cwd: string): boolean {
  const way = relative(realPath(projectPath('.')) as string, realPath(cwd) ?? cwd);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function shorter(path: string, cwd: string): string {
  const way = relative(cwd, path);
  return way.length < path.length ? way : path;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** A word as a shell reads it. */
export function shellWord(text: string): string {
  return /^[\w./:@,+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
