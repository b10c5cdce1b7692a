import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freshClone, runNode } from './support/clone.ts';

/** docs/deploy.md from a fresh clone and sites of one's own, as far as it goes without an account. */

const clone = freshClone();
afterAll(() => rmSync(clone, { recursive: true, force: true }));

const SITES = `name,latDeg,lonDeg,timeZone,baseUrl,model,servers,tariff,carbonKgPerKwh,januaryC,julyC
Berlin,52.52,13.40,Europe/Berlin,https://berlin.llm.example,llama-70b,2,0.24,0.35,1,20
Frankfurt,50.11,8.68,Europe/Berlin,https://frankfurt.llm.example,llama-70b,4,0.21@22-6 0.29@6-22,0.35,2,20
Munich,48.14,11.58,Europe/Berlin,https://munich.llm.example,llama-70b,2,spot:0.22,0.35,0,19
`;

const isotherm = (...args: string[]) => runNode(['bin/isotherm.mjs', ...args], clone);
const wrangler = (...args: string[]) =>
  runNode(['node_modules/wrangler/bin/wrangler.js', ...args], clone);

test('three sites in Germany, from a table to Workers that build', async () => {
  writeFileSync(join(clone, 'sites.csv'), SITES);
  const made = await isotherm('init', '--csv', 'sites.csv', '--force', '--model', 'llama');
  expect(made).toMatchObject({ code: 0, stderr: '' });

  // All that doctor finds is that the addresses are nobody's.
  const { code, stdout } = await isotherm('doctor', '--offline', '--json');
  expect(code).toBe(1);
  const faults = (JSON.parse(stdout).checks as { status: string; found: string }[]).filter(
    ({ status }) => status === 'fault',
  );
  expect(faults.map((f) => f.found)).toEqual(
    ['berlin', 'frankfurt', 'munich'].map((id) => `https://${id}.llm.example is a placeholder`),
  );

  const check = await runNode(['scripts/check-tests.ts'], clone);
  expect(check).toMatchObject({ code: 0, stderr: '' });
  expect(check.stdout).toContain('a registry of your own ("my-sites", sites: 3)');

  // What a deployment would run, each step as far as wrangler goes without an account.
  const printed = await runNode(['scripts/deploy.ts', '--print'], clone);
  const commands = printed.stdout.split('\n').filter((line) => /^(npx|node) /.test(line));
  expect(commands).toEqual([
    'node scripts/generate-config.ts --check',
    'npx wrangler deploy -c wrangler.site.toml -e berlin',
    'npx wrangler deploy -c wrangler.site.toml -e frankfurt',
    'npx wrangler deploy -c wrangler.site.toml -e munich',
    'npx wrangler d1 migrations apply DB --remote',
    'npx wrangler deploy -c wrangler.toml',
  ]);
  for (const command of commands) {
    const [program, ...args] = command.replace(/^npx /, '').split(' ');
    const ended = await (program === 'node'
      ? runNode(args, clone)
      : args[0] === 'd1'
        ? wrangler(...args.map((a) => (a === '--remote' ? '--local' : a)))
        : wrangler(...args, '--dry-run', '--outdir', join(clone, 'out')));
    expect(ended.code, `${command}\n${ended.stdout}${ended.stderr}`).toBe(0);
    // Unknown or misplaced keys are only warnings to wrangler.
    expect(ended.stdout + ended.stderr).not.toMatch(/WARNING/);
    if (command.endsWith('wrangler.toml')) {
      for (const id of ['BERLIN', 'FRANKFURT', 'MUNICH']) {
        expect(ended.stdout).toContain(`env.SOLVER_${id}`);
      }
    }
  }
  const secrets = readFileSync(join(clone, '.dev.vars.example'), 'utf8');
  expect(secrets).toContain('UPSTREAM_KEY_FRANKFURT');
  expect(secrets).not.toContain('SYDNEY');
});
