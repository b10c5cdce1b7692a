import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { dataFolder } from './support/data.ts';
import { bin, emptyFolder, inProcess, isotherm } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('isotherm', () => {
  it('shows its version', async () => {
    expect(await isotherm(['--version'])).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
  });

  it.each([
    [['--help']],
    [['start', '--help']],
    [['plan', '--help']],
    [['simulate', '--help']],
    [['sites', '--help']],
    [['sites', 'validate', '--help']],
    [['help', 'plan']],
  ])('%j shows help with examples', async (args) => {
    const { code, stdout, stderr } = await inProcess(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: isotherm/);
    expect(stdout).toMatch(/Examples:\n {2}isotherm /);
  });

  it('says in the help of simulate that --to is exclusive, and lists the policies', async () => {
    const { stdout } = await inProcess(['simulate', '--help']);
    expect(stdout).toMatch(/--to <date>\s.*exclusive/);
    for (const policy of ['isotherm', 'fixed-ppue', 'nearest', 'cheapest', 'cleanest', 'spread']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${policy} +\\w`, 'm'));
    }
  });

  it.each([[[]], [['sites']]])('%j, without a command, shows help as an error', async (args) => {
    const { code, stdout, stderr } = await inProcess(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: isotherm/);
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['plan', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
    [['plan', 'extra'], 'too many arguments'],
    [['plan', '--gap', '0'], 'Expected a share above 0, at most 1'],
    [['plan', '--gap', 'x'], 'Expected a share above 0, at most 1'],
    [['plan', '--slots', '169'], 'Expected a whole number from 1 to 168'],
    [['plan', '--max-rounds', '1.5'], 'Expected a whole number from 1 to 1000'],
    [['plan', '--mode', 'fast'], 'Allowed choices are learned, supply, classic'],
    [['plan', '--tariff', 'free'], 'Allowed choices are spot, flat, tou'],
    [['plan', '--cooling', 'ice'], '--cooling: "ice", expected one of mixed-mode'],
    [['plan', '--cooling', '{"kind":"fixed","ppue":9}'], '--cooling: ppue: must be at most '],
    [['plan', '--cooling', '{"kind"'], '--cooling: not JSON'],
    [['plan', '--at', '2022-02-30'], '--at: "2022-02-30" is not a date'],
    [['plan', '--at', '2022-01-24T10:00'], '--at: "2022-01-24T10:00" is not a date'],
    [['plan', '--fleet', 'none.json'], 'none.json: no such file'],
    [
      ['start', '--fleet', 'my.csv'],
      'my.csv: is CSV; `isotherm init --csv` makes a registry of it',
    ],
    [['sites', 'validate'], "missing required argument 'file'"],
    [['sites', 'validate', 'none.json'], 'none.json: no such file'],
    [['simulate'], "required option '--data <dir>' not specified"],
  ])('%j is wrong usage, told in one line', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^isotherm: .*\n$/);
  });

  it.each([
    [['plan', '--help'], 0],
    [['plan', '--at', 'noon'], 2],
    [['sites', 'validate', bin], 1],
  ])('%j exits with %i', async (args, code) => {
    expect((await isotherm(args)).code).toBe(code);
  });

  it('shows a stack only when debugging', async () => {
    const args = ['plan', '--at', 'noon'];
    expect((await isotherm(args)).stderr).not.toMatch(/\n\s+at /);
    expect((await isotherm(args, { env: { ISOTHERM_DEBUG: '1' } })).stderr).toMatch(/\n\s+at /);
  });

  it('colours only what is asked to be coloured', async () => {
    const plan = ['plan', '--slots', '1'];
    const ESC = '\u001b[';
    expect((await isotherm(plan)).stdout).not.toContain(ESC);
    expect((await isotherm(plan, { env: { FORCE_COLOR: '1' } })).stdout).toContain(ESC);
    expect((await isotherm(plan, { env: { NO_COLOR: '1' } })).stdout).not.toContain(ESC);
  });

  it('says that a copy inside node_modules cannot run', async () => {
    const copy = join(emptyFolder(), 'node_modules/isotherm/bin');
    mkdirSync(copy, { recursive: true });
    copyFileSync(bin, join(copy, 'isotherm.mjs'));
    const child = spawn(process.execPath, [join(copy, 'isotherm.mjs'), 'plan']);
    const [text] = await once(child.stderr.setEncoding('utf8'), 'data');
    expect(text).toMatch(/^isotherm: Node runs no TypeScript inside node_modules; .*\n$/);
    expect(await once(child, 'exit')).toEqual([1, null]);
  });

  it('takes a closed pipe for no failure', async () => {
    const script = `"$1" "$2" plan --slots 1 --json | head -c 1; echo " \${PIPESTATUS[0]}"`;
    const output = await new Promise<string>((resolve) => {
      execFile('bash', ['-c', script, 'bash', process.execPath, bin], (_, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    expect(output).toBe('{ 0\n');
  });

  it('ends at Ctrl-C', async () => {
    const dir = dataFolder();
    const args = ['simulate', '--data', dir, '--from', '2022-01-24', '--to', '2022-01-27'];
    const child = spawn(
      process.execPath,
      [bin, ...args, '--mode=classic', '--gap=1e-9', '--progress'],
      {
        cwd: emptyFolder(),
      },
    );
    const exit = once(child, 'exit');
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    const [code, signal] = await exit;
    // A shell reports a process that died of SIGINT as 130.
    expect(code ?? signal).toSatisfy((how) => how === 130 || how === 'SIGINT');
  });
});
