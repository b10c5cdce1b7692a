import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';
import { deploySteps } from '../../src/local/deploy-steps.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';

const fleet = await readFleetFile();

test('a deployment has every solver once, then the tables, then the router', () => {
  const commands = deploySteps(fleet).map(({ command }) => command.join(' '));
  const text = readFileSync(projectPath('wrangler.site.toml'), 'utf8');
  const environments = [...text.matchAll(/^\[env\.([a-z0-9-]+)\]$/gm)].map((m) => m[1]);
  expect(commands).toEqual([
    'node scripts/generate-config.ts --check',
    ...environments.map((env) => `wrangler deploy -c wrangler.site.toml -e ${env}`),
    'wrangler d1 migrations apply DB --remote',
    'wrangler deploy -c wrangler.toml',
  ]);
  expect(environments).toHaveLength(fleet.sites.length);
});

test('--print runs nothing, and anything else is refused', () => {
  const script = projectPath('scripts/deploy.ts');
  const printed = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
  const lines = printed.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines).toEqual(
    deploySteps(fleet).map(({ command: [program, ...rest] }) =>
      [...(program === 'wrangler' ? ['npx'] : []), program, ...rest].join(' '),
    ),
  );
  expect(() =>
    execFileSync(process.execPath, [script, '--dry'], { encoding: 'utf8', stdio: 'pipe' }),
  ).toThrow(/unknown argument --dry/);
});
