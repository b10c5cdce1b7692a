import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sha256 } from '../e2e/support/gateway.ts';
import { type Account, startAccount } from './support/account.ts';
import { freshClone, runNode } from './support/clone.ts';

/** docs/deploy.md from a fresh clone and sites of one's own, as far as it goes without an account. */

const clone = freshClone();
let account: Account | undefined;
afterAll(async () => {
  await account?.close();
  rmSync(clone, { recursive: true, force: true });
});

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

test('the same sites to an account made up here: once, after a failure, and again', async () => {
  account = await startAccount();
  const { env, uploads, databases, secrets } = account;
  const deploy = () => runNode(['scripts/deploy.ts'], clone, env);
  const inAccount = (args: string[], input = '') =>
    runNode(['node_modules/wrangler/bin/wrangler.js', ...args], clone, env, input);

  const create = await inAccount(['d1', 'create', 'isotherm', '--location', 'weur']);
  expect(create.code, create.stdout + create.stderr).toBe(0);
  expect(databases).toEqual({ isotherm: 'weur' });

  account.refuse('isotherm-site-frankfurt');
  const stopped = await deploy();
  expect(stopped.code).toBe(1);
  expect(stopped.stderr).toContain('failed (exit code 1); what came before is deployed');
  expect(uploads.map((u) => u.name)).toEqual(['isotherm-site-berlin']);
  expect(account.tables()).toEqual([]);

  uploads.length = 0;
  const done = await deploy();
  expect(done.code, done.stdout + done.stderr).toBe(0);
  const solvers = ['berlin', 'frankfurt', 'munich'];
  expect(uploads.map((u) => u.name)).toEqual([
    ...solvers.map((id) => `isotherm-site-${id}`),
    'isotherm',
  ]);
  solvers.forEach((id, n) => {
    const { metadata, code } = uploads[n] as Account['uploads'][number];
    expect(metadata.placement?.region).toBe(
      id === 'munich' ? 'aws:eu-central-2' : 'aws:eu-central-1',
    );
    expect(metadata.bindings.map((b) => b.name).sort()).toEqual([
      'CLASSES',
      `SITE_${id.toUpperCase()}`,
    ]);
    expect(account?.subdomains[`isotherm-site-${id}`]).toBe(false);
    expect(code).not.toContain('llm.example');
  });

  const router = uploads[3] as Account['uploads'][number];
  const bound = (type: string) => router.metadata.bindings.filter((b) => b.type === type);
  expect(bound('service').map((b) => [b.name, b.service])).toEqual(
    solvers.map((id) => [`SOLVER_${id.toUpperCase()}`, `isotherm-site-${id}`]),
  );
  expect(bound('d1')).toMatchObject([{ name: 'DB' }]);
  expect(bound('durable_object_namespace').map((b) => b.class_name)).toEqual(
    router.metadata.migrations?.steps.flatMap((s) => s.new_sqlite_classes ?? []),
  );
  expect(bound('plain_text')).toContainEqual(
    expect.objectContaining({ name: 'COORDINATOR_LOCATION', text: 'weur' }),
  );
  // A site's costs are its solver's.
  const textOf = ({ metadata, code }: Account['uploads'][number]) =>
    [code, ...metadata.bindings.map((b) => b.text)].join('\n');
  const munichsRate = /fallbackAudPerKwh"?: ?0\.22\b/;
  const holders = uploads.filter((u) => munichsRate.test(textOf(u))).map((u) => u.name);
  expect(holders).toEqual(['isotherm-site-munich']);
  expect(textOf(router)).toContain('https://munich.llm.example');
  expect(account.crons).toEqual({ isotherm: ['*/15 * * * *'] });
  expect(account.tables()).toEqual(
    expect.arrayContaining(['api_keys', 'd1_migrations', 'plans', 'plan_slots', 'usage_hours']),
  );

  const hash = sha256('a token');
  const secret = await inAccount(['secret', 'put', 'ADMIN_TOKEN_SHA256'], `${hash}\n`);
  expect(secret.code, secret.stdout + secret.stderr).toBe(0);
  expect(secrets).toEqual({ isotherm: { ADMIN_TOKEN_SHA256: hash } });

  // An upgrade: nothing to migrate, everything else anew, and no class created twice.
  const again = await deploy();
  expect(again.code, again.stdout + again.stderr).toBe(0);
  expect(again.stdout).toContain('No migrations to apply');
  expect(uploads).toHaveLength(8);
  expect(uploads[7]?.metadata.migrations).toBeUndefined();
});
