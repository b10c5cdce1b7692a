import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { projectPath } from '../../src/local/bundle.ts';
import { inProcess } from '../cli/support/run.ts';
import { faultOf, isothermFault, wranglerVersion } from './support/command-check.ts';
import { type ShellBlock, shellBlocks, shellCommands } from './support/shell-blocks.ts';

vi.setConfig({ testTimeout: 60_000 });

const read = (file: string) => readFileSync(projectPath(file), 'utf8');
const under = (folder: string) =>
  readdirSync(projectPath(folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const files = ['README.md', 'CONTRIBUTING.md', ...under('docs'), ...under('examples')];
const blocks = files.flatMap((file) => shellBlocks(file, read(file)));
const named = (block: ShellBlock): [string, ShellBlock] => [`${block.file}:${block.line}`, block];

test('every block says whether it is run here, only checked, or why neither', () => {
  expect(blocks.length).toBeGreaterThan(20);
  for (const { file, line, info } of blocks) {
    expect(info, `${file}:${line}`).toMatch(/^$|^long$|^skip: \S/);
  }
});

describe('commands are there, with their options', () => {
  const checked = blocks.filter(({ info }) => !info.startsWith('skip'));
  test.each(checked.map(named))('%s', async (_, { commands }) => {
    expect(commands).not.toEqual([]);
    for (const command of commands) {
      expect(await faultOf(command), command.words.join(' ')).toBeUndefined();
    }
  });

  test('in workflows, too', async () => {
    for (const name of readdirSync(projectPath('.github/workflows'))) {
      const text = read(`.github/workflows/${name}`);
      const runs = [...text.matchAll(/^ +- run: (.*)$/gm)].map((m) => m[1] as string);
      expect(runs.length).toBeGreaterThan(2);
      for (const command of runs.flatMap(shellCommands)) {
        expect(await faultOf(command), `${name}: ${command.words.join(' ')}`).toBeUndefined();
      }
    }
  });

  test('in help of benchmarks and of the command line', async () => {
    const help = [
      ...['optimizer', 'router', 'workerd'].map((name) => read(`bench/${name}/index.ts`)),
      ...readdirSync(projectPath('src/cli'))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => read(`src/cli/${name}`)),
    ].join('\n');
    const benches = [...help.matchAll(/^ {2}(npm run .*)$/gm)].map((m) => m[1] as string);
    const examples = [...help.matchAll(/^ {2}(isotherm [a-z].*?(?: \\\\\n.*)?)$/gm)].map((m) =>
      // The last one is followed by the end of its string.
      `npx ${m[1]}`.replace('\\\\\n', '').replace(/`[,)]*$/, ''),
    );
    expect(benches.length).toBeGreaterThan(2);
    expect(examples.length).toBeGreaterThan(30);
    for (const command of [...benches, ...examples].flatMap(shellCommands)) {
      expect(await faultOf(command), command.words.join(' ')).toBeUndefined();
    }
  });
});

describe('commands do what they are shown for', () => {
  const run = blocks.filter(
    ({ info, commands }) => info === '' && commands.some(({ words }) => words[1] === 'isotherm'),
  );
  test.each(run.map(named))('%s', async (_, { commands }) => {
    const home = process.cwd();
    const dir = mkdtempSync(join(tmpdir(), 'isotherm-docs-'));
    for (const name of ['config', 'examples']) symlinkSync(projectPath(name), join(dir, name));
    process.chdir(dir);
    try {
      for (const { words } of commands) {
        expect(words.slice(0, 2)).toEqual(['npx', 'isotherm']);
        const outcome = await inProcess(words.slice(2));
        expect(outcome, words.join(' ')).toMatchObject({ code: 0, stderr: '' });
        expect(outcome.stdout).not.toBe('');
      }
    } finally {
      process.chdir(home);
    }
  });
});

describe('the checks themselves', () => {
  test('find what is wrong', async () => {
    const faults = [
      'npx isotherm plan --att 2026-01-15',
      'npx isotherm simulate --data DIR',
      'npx isotherm fly',
      'npx wrangler deploy --fly',
      'npx wrangler fly',
      'npm run fly',
      'npm run bench -- optimizer --json > file.json',
      'npm run bench -- optimizer --fly',
      'npm start -- --speed 61',
      'curl http://127.0.0.1:8787/admin/v1/fly',
      'fly',
    ];
    for (const text of faults) {
      const [command] = shellCommands(text);
      expect(await faultOf(command!), text).toEqual(expect.any(String));
    }
    expect(await isothermFault(['plan', '--at', '2026-01-15'])).toBeUndefined();
  });

  test('read commands as a shell does', () => {
    const script = `a --b 'c d' "e \\"f" # g\nh | i && \\\n  j > k.txt\nL=$(m n) o\n`;
    expect(shellCommands(script)).toEqual([
      { words: ['a', '--b', 'c d', 'e "f'], isRedirected: false },
      { words: ['h'], isRedirected: false },
      { words: ['i'], isRedirected: false },
      { words: ['j'], isRedirected: true },
      { words: ['L=$(m n)', 'o'], isRedirected: false },
    ]);
  });

  test('know the wrangler that is installed, else: npm run wrangler-options', () => {
    expect(wranglerVersion).toBe(manifest.devDependencies.wrangler);
  });
});
