import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inClone, ownCommand, shellWord } from '../../src/cli/own-command.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { bin, emptyFolder, isotherm } from './support/run.ts';

/** Runs a line as a user's shell does, with the Node of the tests. */
function shell(line: string, cwd: string, extraPath: string[] = []): string {
  const PATH = [...extraPath, dirname(process.execPath), process.env.PATH].join(delimiter);
  return execFileSync('sh', ['-c', line], { cwd, env: { ...process.env, PATH }, encoding: 'utf8' });
}

const version = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')).version;

describe('the command to be run next', () => {
  test.each([
    ['in the clone', projectPath('.'), 'npx isotherm'],
    ['in a folder of the clone', projectPath('docs'), 'npx isotherm'],
  ])('%s is npx, which knows it there', (_, cwd, command) => {
    expect(ownCommand(cwd)).toBe(command);
    expect(shell(`${ownCommand(cwd)} --version`, cwd).trim()).toBe(version);
  });

  test('elsewhere names the clone, however the folder is called', () => {
    const folder = join(emptyFolder(), "it's here");
    mkdirSync(folder);
    const command = ownCommand(folder, '');
    expect(command).toMatch(/^node .*isotherm\.mjs'?$/);
    expect(shell(`${command} --version`, folder).trim()).toBe(version);
  });

  test('is its name where it is linked', () => {
    const [folder, path] = [emptyFolder(), emptyFolder()];
    symlinkSync(bin, join(path, 'isotherm'));
    expect(ownCommand(folder, path)).toBe('isotherm');
    expect(shell('isotherm --version', folder, [path]).trim()).toBe(version);
    // Another program of that name is not it.
    const other = emptyFolder();
    writeFileSync(join(other, 'isotherm'), '');
    expect(ownCommand(folder, other)).toMatch(/^node /);
  });

  test('for npm and wrangler goes to the clone first', () => {
    expect(inClone('npm run generate', process.cwd())).toBe('npm run generate');
    const folder = emptyFolder();
    const [first] = shell(inClone('head -2 package.json', folder), folder).split('\n').slice(1);
    expect(first).toBe('  "name": "isotherm",');
  });

  test('quotes what a shell would read otherwise', () => {
    for (const text of ['a b', "it's", '$HOME', '~x', 'a*b', 'plain/path-1.json']) {
      expect(shell(`printf %s ${shellWord(text)}`, emptyFolder())).toBe(text);
    }
    expect(shellWord('plain/path-1.json')).toBe('plain/path-1.json');
  });
});

test('what init prints as next works from the folder it was run in', async () => {
  const cwd = emptyFolder();
  const csv = projectPath('examples/vllm/sites.csv');
  const made = await isotherm(['init', '--csv', csv, '--out', 'my sites.json'], { cwd });
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const next = made.stdout.split('Next:\n')[1]?.split('\n') as string[];
  const plan = next.find((line) => line.includes(' plan ')) as string;
  expect(plan).toContain("--fleet 'my sites.json'");
  expect(shell(`${plan} --at 2026-01-15`, cwd)).toContain('gap');
  const help = await isotherm(['plan', '--help'], { cwd });
  const own = help.stdout.trim().split('isotherm is run from here as: ')[1] as string;
  expect(shell(`${own} --version`, cwd).trim()).toBe(version);
});
